"""Bodies that do not come with their head: read whole, or as a stream at the reader's pace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swarm.http.errors import BadAnswerError, ServerClosedError
from swarm.http.message import header_value, keeps_alive
from swarm.http.parser import COMPLETE, feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.http.connection import Connection

READ_SIZE: Final = 64 * 1024
LARGE_READ_SIZE: Final = 256 * 1024
# A body of known length is received in place from here on; a smaller one costs no more in pieces.
IN_PLACE_FROM: Final = 128 * 1024
IN_PLACE_TO: Final = 256 * 1024 * 1024  # a length is only a claim: no more is allocated on its word


def read_body(connection: Connection, head: bytes, timeout: float) -> bytes:
    """Read the rest of a body whose first pieces the parser has; return all of it."""
    parser = connection.parser
    length = _length(head)
    if length is not None and IN_PLACE_FROM <= length <= IN_PLACE_TO:
        return _read_in_place(connection, head, length, timeout)
    size = READ_SIZE
    while not parser.state:
        if pull(connection, head, size, timeout) == size:
            size = LARGE_READ_SIZE
    return parser.take_body()


def pull(connection: Connection, head: bytes, size: int, timeout: float) -> int:
    """Receive and parse the next bytes of a body; return how many.

    When the body is complete the parser's state says so and `connection.reusable` is decided.
    Raises ServerClosedError when the server ends it too early, BadAnswerError for wrong chunks.
    """
    parser = connection.parser
    data = connection.read(size, timeout)
    if not data:
        if has_length(head):
            raise _truncated(connection, head)
        parser.state = COMPLETE  # the end of the connection is the end of the body
        return 0
    refusal = feed(parser, data)
    if refusal is not None and not parser.state:
        raise BadAnswerError(f"{connection.peer} sent a body that is wrong: {refusal}") from refusal
    connection.reusable = parser.state == COMPLETE and parser.keep_alive and refusal is None
    return len(data)


def has_length(head: bytes) -> bool:
    """Say whether a head tells where its body ends (Content-Length or chunks)."""
    if header_value(head, b"content-length") is not None:
        return True
    return b"chunked" in (header_value(head, b"transfer-encoding") or b"").lower()


def _length(head: bytes) -> int | None:
    value = header_value(head, b"content-length")
    return int(value) if value is not None else None


def _truncated(connection: Connection, head: bytes) -> ServerClosedError:
    length = _length(head)
    got = sum(map(len, connection.parser.pieces))
    what = f"after {got} of {length} bytes of the body" if length is not None else "in the middle of the body"
    return ServerClosedError(f"{connection.peer} closed the connection {what}")


def _read_in_place(connection: Connection, head: bytes, length: int, timeout: float) -> bytes:
    """Receive a large body of known length into one buffer, past the parser."""
    parser = connection.parser
    buffer = bytearray(length)
    view = memoryview(buffer)
    got = 0
    for piece in parser.pieces:
        view[got : got + len(piece)] = piece
        got += len(piece)
    parser.pieces.clear()
    while got < length:
        count = connection.read_into(view[got:], timeout)
        if not count:
            raise ServerClosedError(
                f"{connection.peer} closed the connection after {got} of {length} bytes of the body"
            )
        got += count
    parser.renew()
    connection.reusable = keeps_alive(head)
    return bytes(buffer)


class BodyStream:
    """A body that is read piece by piece; between reads nothing is taken from the socket.

    The connection is free again when the body is at its end; `close()` before that closes it.
    """

    def __init__(
        self,
        connection: Connection | None,
        first: bytes,
        head: bytes = b"",
        timeout: float = 0.0,
    ) -> None:
        """Take the bytes that came with the head; without a connection they are the whole body."""
        self._connection = connection
        self._rest = first
        self._head = head
        self._timeout = timeout
        self.on_end: Callable[[Connection], object] | None = None

    @property
    def complete(self) -> bool:
        """Whether the whole body has been received."""
        return self._connection is None

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, as soon as there are any, or with -1 all that follow; b"" at the end.

        Raises what reading the body raises; the connection is closed then.
        """
        if size < 0:
            pieces = []
            while piece := self.read(LARGE_READ_SIZE):
                pieces.append(piece)
            return b"".join(pieces)
        while not self._rest and self._connection is not None:
            self._pull(self._connection)
        rest = self._rest
        self._rest = rest[size:]
        return rest[:size]

    def close(self) -> None:
        """Give the connection back; closes it when the body is not at its end."""
        connection, self._connection = self._connection, None
        self._rest = b""
        if connection is not None and self.on_end is not None:
            self.on_end(connection)

    def __del__(self) -> None:
        """Free the pool's place of a stream that was dropped unread."""
        self.close()

    def _pull(self, connection: Connection) -> None:
        parser = connection.parser
        connection.resume()
        try:
            pull(connection, self._head, LARGE_READ_SIZE, self._timeout)
        except BaseException:
            self.close()
            raise
        if parser.state:
            self._rest = parser.take_body()
            self._connection = None
            if self.on_end is not None:
                self.on_end(connection)
        else:
            connection.pause()
            self._rest = parser.take_body()
