"""TLS contexts as requests and urllib3 make them, one for each `verify`, shared by all sessions.

Reading a bundle of authorities takes 10 ms and a megabyte; a thousand users share one.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context

Verify = bool | str | None


def ssl_context(verify: Verify) -> ssl.SSLContext:
    """Return the context for requests' `verify`: True, False, or the path of a bundle or folder.

    Raises OSError, as requests does, when there is nothing at the path.
    """
    return _context(str(DEFAULT_CA_BUNDLE_PATH if verify is True else verify) if verify else "")


@lru_cache(maxsize=64)
def _context(authorities: str) -> ssl.SSLContext:
    if not authorities:
        context = create_urllib3_context(cert_reqs=ssl.CERT_NONE)
    else:
        if not os.path.exists(authorities):
            raise OSError(f"Could not find a suitable TLS CA certificate bundle, invalid path: {authorities}")
        context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
        if os.path.isdir(authorities):
            context.load_verify_locations(capath=authorities)
        else:
            context.load_verify_locations(cafile=authorities)
    context.set_alpn_protocols(["http/1.1"])
    return context
