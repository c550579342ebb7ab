"""HTTP/1.1 for load generators: connections, pools, sessions, responses."""
