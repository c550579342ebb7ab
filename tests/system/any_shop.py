"""The demo shop, and every page that it lacks: what the documentation's examples run against."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from gevent.pywsgi import WSGIServer
from gevent.server import StreamServer

from swarm_cli.demo import catalogue
from swarm_cli.demo.server import Application
from swarm_cli.demo.shop import Answer, Shop

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator


class AnyShop(Shop):
    """A shop that has every page; what it does not know itself, it answers with an empty object."""

    def respond(self, method: str, target: str, body: bytes, cookie: str) -> tuple[float, Answer]:
        """Answer one request."""
        seconds, answer = super().respond(method, target, body, cookie)
        is_page = any(route.pattern.fullmatch(target.partition("?")[0]) for route in self._routes)
        return (seconds, answer) if is_page else (0.0, Answer(HTTPStatus.OK, {}))


@contextmanager
def any_shop() -> Iterator[str]:
    """Serve such a shop on a free port while the block runs; gives its URL."""
    application = Application(AnyShop(catalogue.make()))
    server = WSGIServer(("127.0.0.1", 0), application, log=None, backlog=1024)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stop(timeout=1)


@contextmanager
def echo_server() -> Iterator[str]:
    """Send back what comes, on a free port, while the block runs; gives its address."""

    def serve(connection: socket.socket, _address: object) -> None:
        while data := connection.recv(4096):
            connection.sendall(data)

    server = StreamServer(("127.0.0.1", 0), serve)
    server.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.stop()
