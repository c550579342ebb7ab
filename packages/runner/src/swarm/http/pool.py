"""The connections of one client: at most `concurrency` to each server, kept alive, one request at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import gevent
from gevent.event import AsyncResult

from swarm.http.connection import NEVER, Connection
from swarm.http.dial import Proxy, dial
from swarm.http.errors import ConnectTimeoutError, StaleConnectionError
from swarm.http.message import RawResponse
from swarm.http.tls import insecure_ssl_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from swarm.http.body import BodyStream

# RFC 9110, 9.2.2: repeating one of these does what sending it once does.
IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


class _Server:
    """The connections to one (scheme, host, port)."""

    def __init__(self, scheme: str, host: str, port: int) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.idle: list[Connection] = []
        self.size = 0  # connections that exist or are being opened
        self.at_rest = 0  # of these, held by a stream that nobody reads just now
        self.closed = False
        self.waiting: deque[AsyncResult[Connection | None]] = deque()

    def release(self, connection: Connection) -> None:
        """Take a connection back after a request, or let the next caller have its place."""
        if not connection.reusable or self.closed:
            self.discard(connection)
        elif self.waiting:
            self.waiting.popleft().set(connection)
        else:
            self.idle.append(connection)

    def discard(self, connection: Connection) -> None:
        """Close a connection of this server."""
        connection.close()
        self.vacate()

    def vacate(self) -> None:
        """Give up a place; the next caller may open a connection in it."""
        self.size -= 1
        if self.waiting:
            self.size += 1
            self.waiting.popleft().set(None)

    def ended(self, connection: Connection) -> None:
        """Forget an idle connection that its server has ended."""
        if connection in self.idle:
            self.idle.remove(connection)
            self.size -= 1


class ConnectionPool:
    """Sends requests over kept-alive connections.

    A kept-alive connection that turns out closed before any byte of an answer is replaced once, without a
    word, when the request may be repeated: its method is idempotent, or the server cannot have got all of
    it (the kernel knows what was acknowledged). `max_retries` attempts more follow any connection error.
    """

    def __init__(
        self,
        concurrency: int = 10,
        connect_timeout: float | None = 60.0,
        network_timeout: float | None = 60.0,
        ssl_context: Callable[[], ssl.SSLContext] = insecure_ssl_context,
        proxy: Proxy | None = None,
        max_retries: int = 0,
    ) -> None:
        """Take timeouts in seconds (None: no limit) and the function that makes, or has, the TLS context."""
        self.concurrency = concurrency
        self.connect_timeout = connect_timeout
        self.network_timeout = network_timeout
        self.ssl_context = ssl_context
        self.proxy = proxy
        self.max_retries = max_retries
        self._servers: dict[tuple[str, str, int], _Server] = {}
        self._retired: list[_Server] = []

    @property
    def in_flight(self) -> int:
        """The number of requests whose greenlet waits now."""
        return sum(
            server.size - len(server.idle) - server.at_rest
            for server in (*self._servers.values(), *self._retired)
        )

    def send(
        self,
        scheme: str,
        host: str,
        port: int,
        head: bytes,
        body: bytes | None,
        method: str,
        *,
        connect_timeout: float | None = None,
        network_timeout: float | None = None,
        stream: bool = False,
    ) -> RawResponse:
        """Send a request (`head` with its final empty line) and return the answer.

        Timeouts in seconds; None takes the pool's. Raises what `exchange` raises.
        """
        response = RawResponse()
        self.exchange(
            (scheme, host, port), head, body, method, response, connect_timeout, network_timeout, stream
        )
        return response

    def exchange(
        self,
        origin: tuple[str, str, int],
        head: bytes,
        body: bytes | None,
        method: str,
        response: RawResponse,
        connect_timeout: float | None = None,
        network_timeout: float | None = None,
        stream: bool = False,
    ) -> None:
        """Send a request to a (scheme, host, port) and fill `response` with the answer.

        Raises ConnectTimeoutError, ReadTimeoutError, NameNotFoundError, ServerClosedError, BadAnswerError,
        ProxyError, ssl.SSLError and other OSErrors of connecting and sending. Whatever is raised in the
        middle of it, a gevent.Timeout or a kill too, closes the connection.
        """
        server = self._servers.get(origin)
        if server is None:
            server = self._servers[origin] = _Server(*origin)
        if network_timeout is None:
            network_timeout = self.network_timeout
            if network_timeout is None:
                network_timeout = NEVER
        idle = server.idle
        connection = idle.pop() if idle else self._obtain(server, connect_timeout)
        retries = -1  # not counted yet
        while True:
            try:
                if connection is None:
                    connection = self._dial(server, connect_timeout)
                connection.exchange(head, body, method, response, network_timeout, stream)
                break
            except BaseException as error:
                if connection is not None:
                    connection.close()
                    connection = None
                if retries < 0:
                    retries = self.max_retries + isinstance(error, StaleConnectionError)
                if retries == 0 or not _may_repeat(error, method):
                    server.vacate()
                    raise
                retries -= 1
        if response.stream is not None:
            _lend(server, connection, response.stream)
        elif connection.reusable and not server.waiting and not server.closed:
            idle.append(connection)
        else:
            server.release(connection)

    def close(self) -> None:
        """Close the idle connections now and those in use after their request; later requests open new ones."""
        servers = [*self._servers.values(), *self._retired]
        self._servers = {}
        for server in servers:
            server.closed = True
            while server.idle:
                server.discard(server.idle.pop())
        self._retired = [server for server in servers if server.size]

    clear = close

    def __del__(self) -> None:
        """Close what is open: the loop keeps watched connections alive, and they do not know their pool."""
        if self._servers:
            self.close()

    def _obtain(self, server: _Server, connect_timeout: float | None) -> Connection | None:
        """Return a connection that was just released, or None with a place to open one in.

        Waits while all places are in use. Raises ConnectTimeoutError when that takes too long.
        """
        if server.size < self.concurrency:
            server.size += 1
            return None
        seconds = self.connect_timeout if connect_timeout is None else connect_timeout
        turn: AsyncResult[Connection | None] = AsyncResult()
        server.waiting.append(turn)
        timer = gevent.Timeout.start_new(seconds)
        try:
            return turn.get()
        except BaseException as error:
            if turn.ready():  # the turn came in the moment when the wait was cut
                _pass_on(server, turn.value)
            else:
                server.waiting.remove(turn)
            if error is timer:
                raise ConnectTimeoutError(
                    f"all {self.concurrency} connections to {server.host}:{server.port} were in use for {seconds:g} s"
                ) from None
            raise
        finally:
            timer.close()

    def _dial(self, server: _Server, connect_timeout: float | None) -> Connection:
        seconds = self.connect_timeout if connect_timeout is None else connect_timeout
        connection = dial(
            server.scheme,
            server.host,
            server.port,
            NEVER if seconds is None else seconds,
            self.ssl_context,
            self.proxy,
        )
        connection.on_idle_end = server.ended
        return connection


def _may_repeat(error: BaseException, method: str) -> bool:
    """Say whether a request may be sent again after an error.

    Attempts after any connection error are what a user asks for with `max_retries`; only the automatic one,
    after a stale connection, has to be careful.
    """
    if isinstance(error, StaleConnectionError):
        return error.unsent or method in IDEMPOTENT
    return isinstance(error, OSError)


def _pass_on(server: _Server, connection: Connection | None) -> None:
    """Give a turn that nobody takes to the next caller."""
    if connection is None:
        server.vacate()
    else:
        server.release(connection)


def _lend(server: _Server, connection: Connection, stream: BodyStream) -> None:
    """Leave a connection with a stream until its end; meanwhile it is not in flight."""

    def back(connection: Connection) -> None:
        server.at_rest -= 1
        server.release(connection)

    if stream.complete:
        server.release(connection)
    else:
        server.at_rest += 1
        stream.on_end = back
