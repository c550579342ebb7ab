"""A raw socket server that answers each path with another fault."""

from __future__ import annotations

import contextlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import gevent
from gevent.server import StreamServer

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "/closed-at-once": b"",
    "/closed-mid-head": OK + b"Content-",
    "/closed-mid-answer": OK + b"Content-Length: 100\r\n\r\nonly this",
    "/malformed-head": OK + b"no colon here\r\n\r\n",
    "/garbage": b"\x16\x03\x01 this is no HTTP \x00\xff\r\n\r\n",
    "/wrong-chunks": OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nnot hexadecimal\r\n0\r\n\r\n",
    "/wrong-length": OK + b"Content-Length: minus-one\r\n\r\nx",
}


def _serve(connection: socket.socket, _address: object) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(65536)
        if not data:
            return
        head += data
        if head.startswith(b"\x16"):  # somebody begins TLS, which is not spoken here
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
    path = head.split(b" ", 2)[1].decode()
    if path == "/silence":
        gevent.sleep(60)
    elif path == "/endless-head":
        connection.sendall(OK)
        with contextlib.suppress(OSError):  # until the client has had enough
            while True:
                connection.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")
    else:
        connection.sendall(ANSWERS[path])


@contextmanager
def fault_server() -> Iterator[str]:
    """Run the server for a block and yield its base URL."""
    server = StreamServer(("127.0.0.1", 0), _serve)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stop()
