"""An HTTP server that counts what it answers; it runs in the test's process and listens on a port of its own."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gevent.server import StreamServer

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator


class CountingServer:
    """Answers every path with 200, those that begin with /fail with 500."""

    def __init__(self, listener: socket.socket | None = None) -> None:
        self.answered: Counter[str] = Counter()
        self._server = StreamServer(listener or ("127.0.0.1", 0), self._serve)
        self._server.start()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Accept nobody any more."""
        self._server.stop()

    def _serve(self, connection: socket.socket, _address: object) -> None:
        waiting = b""
        while True:
            while b"\r\n\r\n" not in waiting:
                data = _received(connection)
                if not data:
                    return
                waiting += data
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            status = "500 Internal Server Error" if path.startswith("/fail") else "200 OK"
            # Counted first: a client that is cut off right after the answer has been answered.
            self.answered[path] += 1
            try:
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nhello".encode())
            except OSError:  # cut off by the client
                return


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


@contextmanager
def counting_server(listener: socket.socket | None = None) -> Iterator[CountingServer]:
    """Run a server for a block, on a socket of its own unless one is given that listens on 127.0.0.1."""
    server = CountingServer(listener)
    try:
        yield server
    finally:
        server.stop()
