"""`FastHttpUser.client`: requests over the project's own connections, recorded where they end.

The rule: `request` is the hot path. A plain request makes one object, its response, and calls the pool and
the registry; whatever is rare leaves it for a method. (Passing on empty `**kwargs` costs as much as a parse.)
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from gevent import GreenletExit

from swarm.http.agent import UserAgent
from swarm.http.catch import ResponseContextManager
from swarm.http.pool import ConnectionPool
from swarm.http.redirects import REDIRECTS, follow
from swarm.http.response import ErrorResponse, FastResponse, LocustBadStatusCode
from swarm.http.state import SessionState
from swarm.http.tls import insecure_ssl_context, secure_ssl_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping
    from http.cookiejar import CookieJar

    from swarm.event import EventHook
    from swarm.http.dial import Proxy
    from swarm.http.state import Auth
    from swarm.users.user import User


class _Nobody:
    """Stands in for the user of a session that has none."""

    _swarm_halt = False
    _swarm_intended_start = None


class FastHttpSession(SessionState):
    """A client with a few kept-alive connections, cookies and headers of its own.

    A request that fails (no answer, or a status of 400 or more) raises nothing: it is counted as a failure,
    and its response has `status_code` 0 or the status, and `error`. The name it is counted under is `name=`,
    else `request_name`, else the URL as it was given.

    A request begun after the run's stop raises GreenletExit, as does one that the stop finds in flight, once
    it has ended and was counted. An exception that cuts a request (a gevent.Timeout of the user's own) closes
    its connection, makes it a failure and goes on.
    """

    def __init__(
        self,
        base_url: str | None = None,
        request_event: EventHook | None = None,
        user: User | None = None,
        insecure: bool = True,
        client_pool: ConnectionPool | None = None,
        ssl_context_factory: Callable[[], ssl.SSLContext] | None = None,
        *,
        network_timeout: float | None = 60.0,
        connection_timeout: float | None = 60.0,
        max_redirects: int = 30,
        max_retries: int = 0,
        default_headers: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        concurrency: int = 10,
        proxy: Proxy | None = None,
    ) -> None:
        """Make a client for `base_url` (None: every URL has to be absolute).

        Without a `request_event` it is that of the user's environment. `client_pool` shares connections
        with other sessions; the settings of connections are then the pool's. `default_headers` and `headers`
        are the same. Raises ValueError for a base URL that is none.
        """
        self.user = user
        self.request_event = request_event
        self.request_name: str | None = None
        self.max_redirects = max_redirects
        self._environment: Any = None
        self._somebody: Any = _Nobody
        if user is not None:
            self._environment = user.environment
            self._somebody = user
            if request_event is None:
                self.request_event = user.environment.events.request
            user._swarm_sessions.append(self)
        self._shares_pool = client_pool is not None
        self.pool = client_pool or ConnectionPool(
            concurrency,
            connection_timeout,
            network_timeout,
            ssl_context_factory or (insecure_ssl_context if insecure else secure_ssl_context),
            proxy,
            max_retries,
        )
        super().__init__(base_url, default_headers or headers, self.pool.proxy is not None)

    def request(  # noqa: C901  one frame for the hot path
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: Any = None,
        catch_response: bool = False,
        stream: bool = False,
        headers: Mapping[str, Any] | None = None,
        auth: Auth | None = None,
        json: Any = None,
        allow_redirects: bool = True,
        context: dict[str, Any] | None = None,
        params: Any = None,
        files: Any = None,
        cookies: CookieJar | Mapping[str, str] | None = None,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: Any = None,  # noqa: ARG002  requests' signature
    ) -> Any:
        """Send a request and return its response (a context manager when `catch_response`).

        `data` is a dict or list of pairs (sent as a form), text, bytes or a file; `json` anything that
        json.dumps takes; `files` as requests has them. `timeout` is seconds, or a pair for connecting and
        for each wait for the server. With `stream` the response time ends with the head, and the body is
        read at the reader's pace. `context` reaches the request event. `verify` is for requests' signature:
        certificates are checked by `insecure = False` on the user class.

        Raises ValueError for a URL or header that cannot be sent, and nothing for a request that fails.
        """
        user = self._somebody
        if user._swarm_halt:
            raise GreenletExit
        if (
            data is None
            and headers is None
            and json is None
            and params is None
            and self._cookies is None
            and auth is None
            and files is None
            and cookies is None
        ):
            head = self._heads[method, url]
            sent = head.whole
            body = None
        else:
            head, sent, body = self._prepare(method, url, data, headers, json, params, auth, files, cookies)
        if name is None:
            name = self.request_name or url
        connect_timeout: Any = None
        network_timeout: Any = None
        if timeout is not None:
            connect_timeout, network_timeout = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        response: Any = ResponseContextManager() if catch_response else FastResponse()
        response._swarm_request = head, sent, body
        error: BaseException | None = None
        start = perf_counter()
        try:
            self.pool.exchange(
                head.origin, sent, body, head.method, response, connect_timeout, network_timeout, stream
            )
            end = perf_counter()
            status = response.status_code
            if status in REDIRECTS and allow_redirects:
                response = follow(self, response, headers, cookies, connect_timeout, network_timeout, stream)
                end = perf_counter()
                status = response.status_code
            if not response.plain:
                self._look_into(response)
            if status >= 400:
                error = response.error = LocustBadStatusCode(head.url, status)
        except BaseException as exception:  # noqa: BLE001  it is recorded; what is no answer's goes on
            end = perf_counter()
            error = exception
            response = self._failed(response, name, start, end, exception, context)
        response._swarm_seconds = seconds = end - start
        if catch_response:
            response._swarm_await(self, head.method, name, end, context)
            return response
        if self._environment is None:
            self._report(response, head.method, name, seconds, end, error, context)
            return response
        intended = user._swarm_intended_start
        self._environment.stats.record(
            head.method,
            name,
            int(seconds * 1e6),
            len(response.content or b""),
            time(),
            error,
            None if intended is None else int((end - intended) * 1e6),
        )
        if self.request_event._handlers:  # type: ignore[union-attr]
            self._notify(response, head.method, name, seconds, error, context)
        if user._swarm_halt:
            raise GreenletExit
        return response

    def get(self, url: str, **kwargs: Any) -> Any:
        """Send a GET request; keywords as for `request`."""
        return self.request("GET", url, **kwargs) if kwargs else self.request("GET", url)

    def head(self, url: str, **kwargs: Any) -> Any:
        """Send a HEAD request; keywords as for `request`."""
        return self.request("HEAD", url, **kwargs) if kwargs else self.request("HEAD", url)

    def options(self, url: str, **kwargs: Any) -> Any:
        """Send an OPTIONS request; keywords as for `request`."""
        return self.request("OPTIONS", url, **kwargs) if kwargs else self.request("OPTIONS", url)

    def delete(self, url: str, **kwargs: Any) -> Any:
        """Send a DELETE request; keywords as for `request`."""
        return self.request("DELETE", url, **kwargs) if kwargs else self.request("DELETE", url)

    def post(self, url: str, data: Any = None, json: Any = None, **kwargs: Any) -> Any:
        """Send a POST request; keywords as for `request`."""
        if kwargs:
            return self.request("POST", url, data=data, json=json, **kwargs)
        return self.request("POST", url, data=data, json=json)

    def put(self, url: str, data: Any = None, json: Any = None, **kwargs: Any) -> Any:
        """Send a PUT request; keywords as for `request`."""
        if kwargs:
            return self.request("PUT", url, data=data, json=json, **kwargs)
        return self.request("PUT", url, data=data, json=json)

    def patch(self, url: str, data: Any = None, json: Any = None, **kwargs: Any) -> Any:
        """Send a PATCH request; keywords as for `request`."""
        if kwargs:
            return self.request("PATCH", url, data=data, json=json, **kwargs)
        return self.request("PATCH", url, data=data, json=json)

    def iter_lines(self, url: str, method: str = "GET", **kwargs: Any) -> Iterator[Any]:
        """Send a request and give its body line by line as it comes; keywords as for `request`."""
        response = self.request(method, url, stream=True, **kwargs)
        try:
            yield from response.iter_lines()
        finally:
            response.close()

    @contextmanager
    def rename_request(self, name: str) -> Iterator[None]:
        """Count the requests of a `with` block under `name`."""
        before, self.request_name = self.request_name, name
        try:
            yield
        finally:
            self.request_name = before

    @property
    def in_flight(self) -> int:
        """The number of requests whose greenlet waits now."""
        return self.pool.in_flight

    def close(self) -> None:
        """Close the connections, unless other sessions share them; later requests open new ones."""
        if not self._shares_pool:
            self.pool.close()

    @cached_property
    def client(self) -> UserAgent:
        """The layer below, as real locustfiles know it: `client.clientpool.close()`."""
        return UserAgent(self)

    def _look_into(self, response: FastResponse) -> None:
        """Take the cookies of an answer and undo its encoding."""
        lowered = response.head.lower()
        if lowered.find(b"\r\nset-cookie:") >= 0:
            self.cookiejar.take(response.head, response._swarm_request[0].location.url)
        if lowered.find(b"\r\ncontent-encoding:") >= 0:
            response._swarm_decode()

    def _failed(
        self,
        response: FastResponse,
        name: str,
        start: float,
        end: float,
        error: BaseException,
        context: dict[str, Any] | None,
    ) -> FastResponse:
        """Return the response of a request without an answer; raise again what is not about the answer."""
        method = response._swarm_request[0].method
        if isinstance(error, GreenletExit):
            if self._environment is not None:
                self._environment.stats.record_interrupted(method, name)
            raise error
        if not isinstance(response, ResponseContextManager):
            failed: FastResponse = ErrorResponse()
            failed._swarm_request = response._swarm_request
            response = failed
        response.status_code = 0
        response.head = b""
        response.content = None
        response.stream = None
        response.error = error
        if not isinstance(error, OSError):
            response._swarm_seconds = end - start
            self._report(response, method, name, end - start, end, error, context)
            raise error
        return response

    def _report(
        self,
        response: FastResponse,
        method: str,
        name: str,
        seconds: float | None,
        end: float,
        error: BaseException | str | None,
        context: dict[str, Any] | None,
        start_time: float | None = None,
    ) -> None:
        """Count a request and tell the listeners of the request event."""
        environment, event = self._environment, self.request_event
        if environment is not None:
            intended = self._somebody._swarm_intended_start
            environment.stats.record(
                method,
                name,
                None if seconds is None else int(seconds * 1e6),
                len(response.content or b""),
                time(),
                error,
                None if intended is None else int((end - intended) * 1e6),
            )
        if event is not None and (environment is None or event._handlers):
            self._notify(response, method, name, seconds, error, context, start_time)

    def _notify(
        self,
        response: FastResponse,
        method: str,
        name: str,
        seconds: float | None,
        error: BaseException | str | None,
        context: dict[str, Any] | None,
        start_time: float | None = None,
    ) -> None:
        """Call the listeners of the request event; without an environment it counts the request, too."""
        event = self.request_event
        if event is None:
            return
        tell = event.fire if self._environment is None else event.notify
        tell(
            request_type=method,
            name=name,
            response_time=None if seconds is None else seconds * 1000,
            response_length=len(response.content or b""),
            response=response,
            context=self._context(context),
            exception=error,
            start_time=time() - response._swarm_seconds if start_time is None else start_time,
            url=(response.history[0] if response.history else response).url,
        )

    def _context(self, context: dict[str, Any] | None) -> dict[str, Any]:
        """Return the user's context with the call's laid over it."""
        own = self.user.context() if self.user is not None else {}
        return {**own, **context} if context else own
