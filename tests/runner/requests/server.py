"""A server that answers each path with the bytes a test gave it, and keeps what it was sent."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from gevent.server import StreamServer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


class Received:
    """One request as it came."""

    def __init__(self, head: bytes, body: bytes, connection: int) -> None:
        self.head = head
        self.body = body
        self.connection = connection

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode("latin-1")

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode("latin-1")

    def header(self, name: str) -> str | None:
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.decode("latin-1").lower() == name.lower():
                return value.strip().decode("latin-1")
        return None


class Server:
    """Listens on 127.0.0.1 (or `host`). `routes` maps a path to the bytes of its answer or to what makes them.

    A function gets the request and the socket; it returns the answer, or None when it sent one itself and the
    connection is to be closed. A path without a route is answered with an echo of the request.
    """

    def __init__(self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.routes: dict[str, bytes | Callable[[Received, Any], bytes | None]] = {}
        self.received: list[Received] = []
        self.connections = 0
        options = {} if context is None else {"ssl_context": context}
        self._server = StreamServer((host, 0), self._serve, **options)
        self._server.start()
        self.host = host
        self.port: int = self._server.server_port
        self.scheme = "http" if context is None else "https"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def close(self) -> None:
        self._server.stop(timeout=0)

    def _serve(self, sock: Any, _address: Any) -> None:
        self.connections += 1
        number = self.connections
        with contextlib.suppress(OSError), sock.makefile("rb") as stream:
            while (request := _read(stream, number)) is not None:
                self.received.append(request)
                answer = self.routes.get(request.path.partition("?")[0], echo)
                data = answer(request, sock) if callable(answer) else answer
                if data is None:
                    return
                sock.sendall(data)
                if b"connection: close" in data.partition(b"\r\n\r\n")[0].lower():
                    return


def answer(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def echo(request: Received, _sock: Any) -> bytes:
    body = b"" if request.method == "HEAD" else request.head + b"\n" + request.body
    return answer(body, "200 OK", "Content-Type: application/octet-stream")


def _read(stream: Any, number: int) -> Received | None:
    lines = []
    while (line := stream.readline()) not in (b"", b"\r\n"):
        lines.append(line)
    if not line:
        return None
    request = Received(b"".join(lines).rstrip(b"\r\n"), b"", number)
    if (request.header("transfer-encoding") or "").lower() == "chunked":
        request.body = _read_chunks(stream)
    else:
        request.body = stream.read(int(request.header("content-length") or 0))
    return request


def _read_chunks(stream: Any) -> bytes:
    body = b""
    while size := int(stream.readline(), 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body
