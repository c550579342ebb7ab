"""A WebSocket server in the test's process: what it does is a matter of the path."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import Event
from gevent.pywsgi import WSGIServer
from simple_websocket import ConnectionClosed, Server
from wsproto.events import Ping


class WebSocketServer:
    """Serves on a port of its own; `heard` are the messages it got, `ended` counts connections that are over."""

    def __init__(self, *, together: int = 0, **ssl: Any) -> None:
        self.heard: list[Any] = []
        self.ended = 0
        self.close_status: list[int] = []
        self._together = together
        self._all_here = Event()
        self._server = WSGIServer(("127.0.0.1", 0), self._serve, log=None, error_log=None, **ssl)
        self._server.start()
        self.host = f"ws://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.stop(timeout=0)

    def _serve(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        _, what, *rest = environ["PATH_INFO"].split("/")
        if what == "refuse":
            start_response(f"{rest[0]} No", [("Date", "today")])
            return [b"no"]
        connection = Server.accept(environ, subprotocols=["second"])
        with suppress(ConnectionClosed):
            getattr(self, f"_{what}")(connection, environ, *rest)
            while True:
                self.heard.append(connection.receive())
        self.close_status.append(int(connection.close_reason))
        self.ended += 1
        return []

    def _quiet(self, connection: Any, environ: dict[str, Any]) -> None:
        """Say nothing."""

    def _echo(self, connection: Any, environ: dict[str, Any]) -> None:
        while True:
            message = connection.receive()
            self.heard.append(message)
            connection.send(message)

    def _push(self, connection: Any, environ: dict[str, Any], count: str, status: str = "") -> None:
        for number in range(int(count)):
            connection.send(str(number))
        if status:
            connection.close(int(status), "that is all")
            raise ConnectionClosed

    def _backwards(self, connection: Any, environ: dict[str, Any], count: str) -> None:
        questions = [json.loads(connection.receive()) for _ in range(int(count))]
        connection.send("unasked")
        for question in reversed(questions):
            connection.send(json.dumps({"id": question["id"], "answer": question["id"] * 2}))

    def _break(self, connection: Any, environ: dict[str, Any]) -> None:
        connection.receive()
        connection.connected = False
        connection.sock.shutdown(2)
        raise ConnectionClosed

    def _ping(self, connection: Any, environ: dict[str, Any]) -> None:
        connection.pong_received = False
        connection.sock.send(connection.ws.send(Ping()))
        while not connection.pong_received:
            gevent.sleep(0.001)
        connection.send("the ping was answered")

    def _handshake(self, connection: Any, environ: dict[str, Any]) -> None:
        connection.send(f"{environ.get('HTTP_TOKEN')} {connection.subprotocol}")

    def _barrier(self, connection: Any, environ: dict[str, Any]) -> None:
        self.heard.append(connection.receive())
        if len(self.heard) == self._together:
            self._all_here.set()
        self._all_here.wait(60)
        connection.send("all are here")
