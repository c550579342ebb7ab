"""Serves the demo shop on gevent's WSGI server, until Ctrl-C or until its starter is gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.pywsgi import WSGIHandler, WSGIServer

from swarm_cli.demo import catalogue
from swarm_cli.demo.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

UNTIL_STDIN_CLOSES = "--until-stdin-closes"


class _Handler(WSGIHandler):
    """Sends what it has at once: pywsgi writes head and body apart, and Nagle would hold the body 40 ms."""

    def __init__(self, sock: Any, address: Any, server: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, address, server)


class Application:
    """The shop as a WSGI application, which takes the time that the shop says."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def __call__(  # noqa: D102  WSGI says what it is
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        target = environ["PATH_INFO"]
        if environ["QUERY_STRING"]:
            target = f"{target}?{environ['QUERY_STRING']}"
        body = environ["wsgi.input"].read()
        seconds, answer = self._shop.respond(
            environ["REQUEST_METHOD"], target, body, environ.get("HTTP_COOKIE", "")
        )
        if isinstance(answer.content, str):
            kind, content = "text/html; charset=utf-8", answer.content.encode()
        else:
            kind, content = "application/json", json.dumps(answer.content).encode()
        headers = [("Content-Type", kind), ("Content-Length", str(len(content)))]
        if answer.cookie:
            headers.append(("Set-Cookie", answer.cookie))
        gevent.sleep(seconds)
        start_response(f"{answer.status.value} {answer.status.phrase}", headers)
        return [content]


def start(port: int = 0) -> tuple[WSGIServer, str]:
    """Make the shop and serve it on 127.0.0.1 (port 0: a free one); return the server and its URL."""
    application = Application(Shop(catalogue.make()))
    server = WSGIServer(("127.0.0.1", port), application, handler_class=_Handler, log=None, backlog=1024)
    server.start()
    return server, f"http://127.0.0.1:{server.server_port}"


def main() -> None:
    """Serve until Ctrl-C, or, when that was asked for, until standard input is closed."""
    arguments = sys.argv[1:]
    until_stdin_closes = UNTIL_STDIN_CLOSES in arguments
    ports = [argument for argument in arguments if argument != UNTIL_STDIN_CLOSES]
    try:
        server, url = start(int(ports[0]) if ports else 0)
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"The demo shop cannot serve on port {ports[0] if ports else 0}: {error}.")
    sys.stdout.write(url + "\n")
    sys.stdout.flush()
    if until_stdin_closes:
        # Ctrl-C reaches the whole foreground group, and the run's last requests still want an answer.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _wait_for_end(sys.stdin.fileno())
    else:
        interrupted = Event()
        gevent.signal_handler(signal.SIGINT, interrupted.set)
        interrupted.wait()
    server.stop(timeout=1)


def _wait_for_end(descriptor: int) -> None:
    while gevent.get_hub().threadpool.apply(os.read, (descriptor, 4096)):
        pass
