"""requests' transport adapter on Swarm's own HTTP core.

The rule: the core takes what is plain (no proxy, no client certificate, no body in pieces), and everything
else goes to requests' own adapter, which `CoreAdapter` still is.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

from requests import adapters
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.exceptions import InsecureRequestWarning
from urllib3.util import Timeout
from urllib3.util.url import _encode_target  # as urllib3's connection pool does with every target

from swarm.http.message import RawResponse
from swarm.http.on_requests.errors import raise_translated
from swarm.http.on_requests.heads import build_head
from swarm.http.on_requests.response import response_of
from swarm.http.on_requests.tls import Verify, ssl_context
from swarm.http.on_requests.urls import Origin, is_plain_target, origin_of
from swarm.http.pool import ConnectionPool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from requests import PreparedRequest, Response

Seconds = tuple[float | None, float | None]

NO_LIMITS: Final[Seconds] = (None, None)
_UNCOUNTED: Final = 1_000_000_000  # requests opens as many connections as there are requests at a time


def as_written(function: Any, module: ModuleType) -> Any:
    """Return `function`, or None when something else was put in its place in `module`: a mock or a tracer."""
    code = getattr(function, "__code__", None)
    return function if code is not None and code.co_filename == module.__file__ else None


# While this is what `HTTPAdapter` has, nobody wants to see the requests on their way.
REQUESTS_SEND: Final = as_written(HTTPAdapter.send, adapters)


class CoreAdapter(HTTPAdapter):
    """Sends plain requests over the core's kept-alive connections, all others as `HTTPAdapter` does.

    requests' own part (urllib3's pool manager) is made when it is first needed.
    """

    _swarm_pool: ConnectionPool | None = None  # http, and https with `verify=True`
    _swarm_reading = 0  # greenlets that wait for more of a streamed body
    _swarm_pools: dict[Verify, ConnectionPool] | None = None  # https with another `verify`

    def __init__(self, **options: Any) -> None:
        """Take requests' options for `HTTPAdapter`."""
        self._swarm_options = options

    def __getattr__(self, name: str) -> Any:
        """Make requests' own part."""
        if name.startswith("_swarm") or "poolmanager" in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        super().__init__(**self._swarm_options)
        return getattr(self, name)

    @property
    def in_flight(self) -> int:
        """The number of requests on the core whose greenlet waits for the server now."""
        return self._swarm_reading + sum(pool.in_flight for pool in self._swarm_all_pools())

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | Timeout | None = None,
        verify: Verify = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a prepared request and return the response. Raises `requests.exceptions`."""
        plan = None if cert or HTTPAdapter.send is not REQUESTS_SEND else _plan(request, proxies)
        if plan is None:
            return super().send(request, stream, timeout, verify, cert, proxies)  # type: ignore[arg-type]
        origin, path, head, body = plan
        limits = seconds_of(timeout)
        answer = RawResponse()
        method = str(request.method)
        pool = self.pool_for(origin.where[0], verify)
        try:
            pool.exchange(origin.where, head, body, method, answer, *limits, stream)
        except OSError as error:
            raise_translated(error, request, origin.where, path, limits, bool(answer.head))
        # A hook sees the response before its content is read.
        unread = stream or any(request.hooks.values())
        response = response_of(answer, method, str(request.url), path, unread)
        response.request = request
        response.connection = self
        return response

    def pool_for(self, scheme: str, verify: Verify) -> ConnectionPool:
        """Return the core's connections for requests' `verify`. Raises OSError for a path that is none."""
        if verify is True or scheme == "http":
            if self._swarm_pool is None:
                self._swarm_pool = _new_pool(True)
            return self._swarm_pool
        if self._swarm_pools is None:
            self._swarm_pools = {}
        key = verify or False
        pool = self._swarm_pools.get(key)
        if pool is None:
            if not key:
                warnings.warn(
                    "Requests over https are made without checking the server's certificate (verify=False).",
                    InsecureRequestWarning,
                    stacklevel=4,
                )
            ssl_context(key)  # a path that is wrong is the caller's error, not the connection's
            pool = self._swarm_pools[key] = _new_pool(key)
        return pool

    def close(self) -> None:
        """Close all connections; later requests open new ones."""
        for pool in self._swarm_all_pools():
            pool.close()
        if "poolmanager" in self.__dict__:
            super().close()

    def _swarm_all_pools(self) -> list[ConnectionPool]:
        pools = list((self._swarm_pools or {}).values())
        return pools if self._swarm_pool is None else [self._swarm_pool, *pools]


class PoolManagerAdapter(HTTPAdapter):
    """requests' adapter on a urllib3 pool manager that was made elsewhere, shared by many users perhaps."""

    def __init__(self, pool_manager: Any) -> None:
        """Take the pool manager."""
        self._swarm_pool_manager = pool_manager
        super().__init__()

    def init_poolmanager(self, *_sizes: Any, **_options: Any) -> None:
        """Use the pool manager that was given; its own settings hold."""
        self.poolmanager = self._swarm_pool_manager

    def close(self) -> None:
        """Leave the pool manager as it is: others may use it."""


def seconds_of(timeout: float | tuple[float | None, float | None] | Timeout | None) -> Seconds:
    """Return what requests' `timeout` allows for connecting and for each wait for the server.

    Raises ValueError, as requests does, for what is no timeout.
    """
    if timeout is None:
        return NO_LIMITS
    if type(timeout) in (int, float) and timeout > 0:  # type: ignore[operator]
        return timeout, timeout  # type: ignore[return-value]
    if isinstance(timeout, tuple):
        try:
            connect, read = timeout
        except ValueError:
            raise ValueError(
                f"Invalid timeout {timeout}. Pass a (connect, read) timeout tuple, "
                "or a single float to set both timeouts to the same value."
            ) from None
        timeout = Timeout(connect=connect, read=read)
    elif not isinstance(timeout, Timeout):
        timeout = Timeout(connect=timeout, read=timeout)
    clock = timeout.clone()
    clock.start_connect()
    return _limit(clock.connect_timeout), _limit(clock.read_timeout)


def _limit(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _new_pool(verify: Verify) -> ConnectionPool:
    return ConnectionPool(
        concurrency=_UNCOUNTED,
        connect_timeout=None,
        network_timeout=None,
        ssl_context=lambda: ssl_context(verify),
    )


def _plan(
    request: PreparedRequest, proxies: Mapping[str, str] | None
) -> tuple[Origin, str, bytes, bytes | None] | None:
    """Return origin, target, head and body of a plain request; None for one that is not."""
    url, method, body = request.url, request.method, request.body
    if not isinstance(url, str) or not isinstance(method, str):
        return None
    if body is not None:
        if not isinstance(body, (str, bytes)) or "Content-Length" not in request.headers:
            return None
        if isinstance(body, str):
            body = body.encode("utf-8")
    if proxies and select_proxy(url, proxies):
        return None
    origin = origin_of(url)
    if origin is None:
        return None
    path = request.path_url
    if not is_plain_target(path):
        if not path.startswith("/"):
            return None
        path = _encode_target(path)
    head = build_head(method, path, origin.host_line, request.headers, body)
    return None if head is None else (origin, path, head, body)
