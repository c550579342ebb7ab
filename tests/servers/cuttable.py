"""A TCP relay to a server, which can cut its connections and refuse new ones, with its port kept all along."""

from __future__ import annotations

import socket

import gevent
from gevent.server import StreamServer


class Relay:
    """Relays to a port of the loopback; `down` cuts all connections and each new one, until `up`."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._is_down = False
        self._open: set[socket.socket] = set()
        self.refused = 0
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self._server.start()

    @property
    def port(self) -> int:
        """Its own port."""
        return self._server.server_port

    def down(self) -> None:
        self._is_down = True
        for connection in list(self._open):
            connection.shutdown(socket.SHUT_RDWR)

    def up(self) -> None:
        self._is_down = False

    def close(self) -> None:
        self.down()
        self._server.stop(timeout=1)

    def _serve(self, client: socket.socket, _address: object) -> None:
        if self._is_down:
            self.refused += 1
            return
        with socket.create_connection(("127.0.0.1", self._target)) as server:
            self._open |= {client, server}
            try:
                gevent.joinall([gevent.spawn(_copy, client, server), gevent.spawn(_copy, server, client)])
            finally:
                self._open -= {client, server}


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
