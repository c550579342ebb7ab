"""Measurements of load tests: pure Python that knows nothing of gevent, sockets, HTTP or clocks."""
