"""`WebSocketUser`: a user that talks over a WebSocket, by the library websocket-client (extra `websocket`)."""

from __future__ import annotations

import json as jsonlib
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import gevent
from gevent.event import AsyncResult

from swarm.contrib.connections import (
    ConnectionEndedError,
    ConnectionReporter,
    Inbox,
    NoMessageError,
    length_of,
)
from swarm.exceptions import StopTest, SwarmError
from swarm.extras import from_extra
from swarm.users.user import User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from swarm.environment import Environment

with from_extra("websocket", "WebSocketUser"):
    import websocket

REQUEST_TYPE = "WS"
ORDERLY = (1000, 1001)
"""The statuses of a connection that has done its work, and of a server that goes away."""

Message = str | bytes


class NotConnectedError(SwarmError):
    """Something was sent or awaited before `connect`, or after `close`."""


class RefusedError(SwarmError):
    """The server answered the handshake with a status of its own; `status` is its code."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server refused the connection with status {status}")
        self.status = status


class WebSocketClient:
    """One connection at a time; all that comes over it is read at once, also while the user waits or sleeps.

    Its calls are counted as requests of type "WS", named by what they do and the connection's path, "send
    /chat", or by `name=`. Those that fail raise in the task.
    """

    def __init__(
        self,
        user: User,
        base_url: str,
        *,
        connection_timeout: float | None = 60.0,
        network_timeout: float | None = 60.0,
    ) -> None:
        """Make a client for `base_url`, to which `connect` appends its path; timeouts in seconds."""
        self.base_url = base_url
        self.connection_timeout = connection_timeout
        self.network_timeout = network_timeout
        self.path = ""
        self._reporter = ConnectionReporter(None, user, self._abandon)
        self._connection: websocket.WebSocket | None = None
        self._reader: gevent.Greenlet[..., Any] | None = None
        self._inbox: Inbox[Message] = Inbox("no connection")
        self._awaited: list[tuple[Callable[[Message], Any] | None, AsyncResult[Message]]] = []

    def connect(
        self, path: str = "", *, name: str | None = None, timeout: float | None = None, **options: Any
    ) -> Self:
        """Open the connection, in place of the one before; returns the client, to be used in a `with` block.

        `options` are those of websocket.create_connection: header, subprotocols, cookie, sslopt, … Raises
        RefusedError when the server declines, and what websocket-client and the system raise otherwise.
        """
        self.close()
        self.path = path or "/"
        url = path if "://" in path else self.base_url + path
        limit = self.connection_timeout if timeout is None else timeout
        with self._reporter.reported(REQUEST_TYPE, name or f"connect {self.path}"):
            try:
                connection = websocket.create_connection(_as_ws(url), timeout=limit, **options)
            except websocket.WebSocketBadStatusException as refusal:
                raise RefusedError(refusal.status_code) from refusal
            connection.settimeout(None)
            self._connection = connection
            self._inbox = Inbox(self.path)
            self._reader = gevent.spawn(self._read, connection)
        return self

    def send(self, data: Message | None = None, *, json: Any = None, name: str | None = None) -> None:
        """Send text, bytes, or what `json` is as JSON text. Raises NotConnectedError, ConnectionEndedError."""
        connection = self._connected()
        payload = _payload(data, json)
        with self._reporter.reported(REQUEST_TYPE, name or f"send {self.path}") as request:
            request["response_length"] = length_of(payload)
            self._transmit(connection, payload)

    def receive(self, *, timeout: float | None = None, name: str | None = None) -> Message:
        """Return the next message, waiting for it up to `timeout` seconds (None: for ever).

        Its response time is that of the wait. Raises NoMessageError, ConnectionEndedError, NotConnectedError.
        """
        self._connected()
        with self._reporter.reported(REQUEST_TYPE, name or f"receive {self.path}", waits=True) as request:
            message = self._inbox.next(timeout)
            request["response"] = message
            request["response_length"] = length_of(message)
        return message

    def request(
        self,
        data: Message | None = None,
        *,
        json: Any = None,
        matches: Callable[[Message], Any] | None = None,
        timeout: float | None = None,
        name: str | None = None,
    ) -> Message:
        """Send as `send` does, and return the first message from then on for which `matches` is true.

        Without `matches` that is the next message. Others are left to `receive`. Counted as one request, from
        sending to that message. `timeout` is in seconds, the user's `network_timeout` unless given; raises
        as `receive` does.
        """
        connection = self._connected()
        payload = _payload(data, json)
        limit = self.network_timeout if timeout is None else timeout
        answer: AsyncResult[Message] = AsyncResult()
        waiting = (matches, answer)
        with self._reporter.reported(REQUEST_TYPE, name or f"request {self.path}") as request:
            self._awaited.append(waiting)
            try:
                self._transmit(connection, payload)
                if not answer.ready():
                    answer.wait(timeout=limit)
            finally:
                if waiting in self._awaited:
                    self._awaited.remove(waiting)
            if not answer.ready():
                raise NoMessageError(f"no answer came within {limit:g} s")
            message: Message = answer.get()  # type: ignore[assignment]  # nobody sets None
            request["response"] = message
            request["response_length"] = length_of(message)
        return message

    def __iter__(self) -> Iterator[Message]:
        """Give one message after the other, each counted as by `receive`, until the server closes in order."""
        self._connected()
        return self._inbox.all(self._reporter, REQUEST_TYPE, f"receive {self.path}")

    @property
    def dropped(self) -> int:
        """How many messages of this connection were dropped, since nobody received them."""
        return self._inbox.dropped

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._connection is not None and self._inbox.ended is None

    def close(self, status: int = 1000) -> None:
        """Say good-bye and close the connection, if there is one. Messages not received are forgotten."""
        connection = self._connection
        if connection is not None and self._inbox.ended is None:
            with suppress(OSError, websocket.WebSocketException):
                connection.send_close(status)
        self._abandon()

    def _abandon(self) -> None:
        """Close the connection, whatever state it is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._end(connection, ConnectionEndedError("the connection was closed here"))
        if self._reader is not None:
            self._reader.kill(block=False)
            self._reader = None

    def _connected(self) -> websocket.WebSocket:
        if self._connection is None:
            raise NotConnectedError("there is no connection: call connect() first")
        return self._connection

    def _transmit(self, connection: websocket.WebSocket, payload: Message) -> None:
        if self._inbox.ended is not None:
            raise self._inbox.ended
        try:
            if isinstance(payload, bytes):
                connection.send_binary(payload)
            else:
                connection.send(payload)
        except (OSError, websocket.WebSocketException) as error:
            raise ConnectionEndedError(f"the connection was lost: {error}") from error

    def _read(self, connection: websocket.WebSocket) -> None:
        """Take in what comes, answering pings, until the connection is over."""
        try:
            while True:
                opcode, data = connection.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    self._over(connection, _goodbye(data))
                    return
                self._arrived(data.decode() if opcode == websocket.ABNF.OPCODE_TEXT else data)
        except (OSError, websocket.WebSocketException) as error:
            self._over(connection, ConnectionEndedError(f"the connection was lost: {error}"))

    def _over(self, connection: websocket.WebSocket, ended: ConnectionEndedError) -> None:
        """End the connection unless it was given up meanwhile, and another one is there."""
        if self._connection is connection:
            self._end(connection, ended)

    def _end(self, connection: websocket.WebSocket, ended: ConnectionEndedError) -> None:
        """Tell all who wait that the connection is over, once."""
        connection.shutdown()  # type: ignore[no-untyped-call]
        self._inbox.end(ended)
        for _, answer in self._awaited:
            answer.set_exception(ended)
        self._awaited.clear()

    def _arrived(self, message: Message) -> None:
        for waiting in self._awaited:
            matches, answer = waiting
            try:
                fits = matches is None or matches(message)
            except Exception as error:  # noqa: BLE001  it is the user's function, and the user's task gets it
                answer.set_exception(error)
                self._awaited.remove(waiting)
                break
            if fits:
                answer.set(message)
                self._awaited.remove(waiting)
                return
        self._inbox.put(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class WebSocketUser(User):
    """A user with a `WebSocketClient` as its `client`; a file connects it, in `on_start` or in a task."""

    abstract = True
    connection_timeout: float | None = 60.0
    """Seconds that `connect` may take; None is no limit."""
    network_timeout: float | None = 60.0
    """Seconds that `request` waits for its answer; None is no limit."""

    def __init__(self, environment: Environment) -> None:
        """Make the user and its client. Raises StopTest when there is no host."""
        super().__init__(environment)
        if self.host is None:
            raise StopTest(
                f"{type(self).__name__} has no host: write host = 'ws://localhost:8000' in the class, or give "
                "it with --host."
            )
        self.client = WebSocketClient(
            self,
            self.host,
            connection_timeout=self.connection_timeout,
            network_timeout=self.network_timeout,
        )
        """The connection."""


def _as_ws(url: str) -> str:
    """Return the URL with the scheme that WebSockets have."""
    schemes: Mapping[str, str] = {"http": "ws", "https": "wss"}
    scheme, found, rest = url.partition("://")
    return f"{schemes.get(scheme, scheme)}://{rest}" if found else f"ws://{url}"


def _payload(data: Message | None, json: Any) -> Message:
    if json is not None:
        return jsonlib.dumps(json)
    return "" if data is None else data


def _goodbye(data: bytes) -> ConnectionEndedError:
    text = "the server closed the connection"
    if len(data) < 2:
        return ConnectionEndedError(text, orderly=True)
    (status,) = struct.unpack("!H", data[:2])
    reason = data[2:].decode(errors="replace")
    return ConnectionEndedError(
        f"{text} with status {status} {reason}".rstrip(), orderly=status in ORDERLY, status=status
    )
