"""`HttpSession`: a `requests.Session` whose plain requests go over our own HTTP core."""
