"""A raw-socket server whose every byte a test decides; it runs in the test's own process, on gevent.

`ScriptedServer(handler)` calls `handler(peer)` in a greenlet for each connection; `answers(...)` makes a handler
that sends ready-made bytes, one for each request.
"""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import gevent
from gevent.server import StreamServer

if TYPE_CHECKING:
    from collections.abc import Callable

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class Received:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    head: bytes


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: Any, server: ScriptedServer) -> None:
        self.sock = sock
        self._server = server
        self._buffer = b""

    def read_request(self) -> Received | None:
        """Return the next request; None when the client has closed."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        length = int(headers.get("content-length", 0))
        while len(self._buffer) < length:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        request = Received(method, path, headers, body, head)
        self._server.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self.sock.sendall(data)

    def send_slowly(self, data: bytes, size: int = 1) -> None:
        """Send `data` in pieces that arrive one by one."""
        for start in range(0, len(data), size):
            self.sock.sendall(data[start : start + size])
            gevent.sleep(0)

    def wait_for_end(self) -> None:
        """Return when the client has closed."""
        while self._more():
            pass

    def close(self) -> None:
        """Close in order, after what was sent."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def reset(self) -> None:
        """Close with a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _more(self) -> bool:
        try:
            data = self.sock.recv(65536)
        except OSError:
            return False
        self._buffer += data
        return bool(data)


@dataclass
class ScriptedServer:
    """Listens on a free port of 127.0.0.1 (or `host`) while its `with` block runs."""

    handler: Callable[[Peer], object]
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    handshake_errors: list[Exception] = field(default_factory=list)

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, 0))
        listener.listen(128)
        self.port: int = listener.getsockname()[1]
        self._server = StreamServer(listener, self._serve)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(timeout=0)

    @property
    def url(self) -> str:
        """The base URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [request.path for request in self.requests]

    def _serve(self, sock: Any, _address: Any) -> None:
        self.connections += 1
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is not None:
            try:
                sock = self.tls.wrap_socket(sock, server_side=True)
            except OSError as error:
                self.handshake_errors.append(error)
                sock.close()
                return
        peer = Peer(sock, self)
        try:
            self.handler(peer)
        except OSError:
            pass  # the client went away in the middle, which is a test's business
        finally:
            peer.close()


def answers(*ready: bytes) -> Callable[[Peer], None]:
    """Return a handler that answers the n-th request of a connection with the n-th bytes, the last for all more."""

    def handler(peer: Peer) -> None:
        number = 0
        while peer.read_request() is not None:
            peer.send(ready[min(number, len(ready) - 1)])
            number += 1

    return handler


def by_path(routes: dict[str, bytes | Callable[[Peer, Received], object]]) -> Callable[[Peer], None]:
    """Return a handler that answers by the request's path without its query; 404 for the rest."""

    def handler(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            route = routes.get(request.path.partition("?")[0])
            if route is None:
                peer.send(response(b"no such page", "404 Not Found"))
            elif callable(route):
                route(peer, request)
            else:
                peer.send(route)

    return handler


def response(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """Return an answer with its length; header names are written with underscores."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
