"""The worker's end: one DEALER socket at a time, which connects to the master."""

from __future__ import annotations

import errno
import itertools
import secrets
import socket
from typing import TYPE_CHECKING, Any

import gevent
import zmq.green as zmq

from swarm.transport.codec import encode
from swarm.transport.connection import COMMON, Connection, end_context
from swarm.transport.curve import derive_keys
from swarm.transport.diagnosis import Diagnosis, Situation, at, probe
from swarm.transport.drops import Drops
from swarm.transport.inbox import Inbox
from swarm.transport.monitor import Event
from swarm.transport.parts import split

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.control.messages import Message
    from swarm.transport.secret import Secret

_ROUTING_ID_BYTES = 16
_WORKERS_OPTIONS: dict[zmq.SocketOption, int] = {
    zmq.IMMEDIATE: 1,  # nothing is queued for a master that is not there
    zmq.RECONNECT_IVL: 100,
    zmq.RECONNECT_IVL_MAX: 1000,
    zmq.CONNECT_TIMEOUT: 5000,
}


class WorkerSocket:
    """A connection to the master at `host`:`port`, made again when it breaks, each time as another peer."""

    def __init__(self, host: str, port: int, secret: Secret) -> None:
        self.host = host
        self.port = port
        self.drops = Drops("the worker")
        self._keys = derive_keys(secret)
        self._context: zmq.Context[Any] = zmq.Context()
        self._numbers = itertools.count(1)
        self._attempts = itertools.count()
        self._connection: Connection | None = None
        self._situation = Situation.CONNECTING
        self._probing: gevent.Greenlet[..., None] | None = None
        self._on_message: Callable[[Message], None] = _nothing
        self._on_connected: Callable[[], None] = _nothing
        self._closed = False

    def serve(
        self, on_message: Callable[[Message], None], on_connected: Callable[[], None] | None = None
    ) -> None:
        """Connect, and call `on_message(message)` for each message and `on_connected()` for each connection.

        They are called in greenlets of the socket's own; an error in them is logged and ends nothing.
        """
        self._on_message = on_message
        self._on_connected = on_connected or _nothing
        self.reconnect()

    def send(self, message: Message) -> bool:
        """Send to the master; False when there is no connection, or the master does not read.

        Never blocks. True means that the message was queued, not that it arrived. Raises UnsendableError for
        a message that cannot be carried.
        """
        for frame in split(encode(message), next(self._numbers)):
            if self._connection is None or not self._connection.send([frame]):
                return False
        return True

    def reconnect(self) -> None:
        """Leave the present connection with what is queued in it, and connect as a new peer."""
        if self._closed:
            return
        self._leave()
        self._situation = Situation.CONNECTING
        try:
            address = self._address()
        except OSError:
            self._situation = Situation.UNKNOWN_HOST
            return
        dealer = self._context.socket(zmq.DEALER)
        for option, value in (COMMON | _WORKERS_OPTIONS).items():
            dealer.setsockopt(option, value)
        dealer.routing_id = b"\1" + secrets.token_bytes(_ROUTING_ID_BYTES - 1)  # libzmq's own begin with 0
        dealer.curve_publickey = self._keys.workers.public
        dealer.curve_secretkey = self._keys.workers.secret
        dealer.curve_serverkey = self._keys.master.public
        connection = Connection(dealer, lambda event, value: self._note(connection, event, value))
        self._connection = connection
        inbox = Inbox(self.drops, lambda _, message: self._on_message(message))
        connection.receive(lambda frames: inbox.take(b"", frames))
        dealer.connect(f"tcp://{at(address, self.port)}")

    def diagnosis(self) -> Diagnosis:
        """Return how it stands with the connection, and what to do about it."""
        return Diagnosis.of(self._situation, self.host, self.port)

    def close(self, linger_s: float = 1.0) -> None:
        """End the connection; what was sent may still leave within `linger_s` seconds. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._leave(linger_s)
        end_context(self._context)

    def _leave(self, linger_s: float = 0.0) -> None:
        connection, self._connection = self._connection, None
        if self._probing is not None and self._probing is not gevent.getcurrent():
            self._probing.kill()
        if connection is not None:
            connection.close(linger_s)

    def _address(self) -> str:
        """Return the numeric address to try: the host's IPv4 addresses first, another one at each attempt."""
        found = socket.getaddrinfo(self.host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        ordered = sorted(found, key=lambda each: each[0] != socket.AF_INET)
        return str(ordered[next(self._attempts) % len(ordered)][4][0])

    def _note(self, connection: Connection, event: Event, value: int) -> None:
        if connection is not self._connection:
            return
        if event == Event.HANDSHAKE_SUCCEEDED:
            self._situation = Situation.CONNECTED
            self._on_connected()
        elif event == Event.CLOSED:
            self._situation = Situation.NOBODY_LISTENS
        elif event == Event.HANDSHAKE_FAILED_PROTOCOL:
            self._situation = Situation.WITHOUT_CURVE
        elif event == Event.HANDSHAKE_FAILED_AUTH:
            self._situation = Situation.WRONG_SECRET
        elif event == Event.HANDSHAKE_FAILED_NO_DETAIL and value == errno.EAGAIN:
            self._situation = Situation.SILENT
        elif event == Event.HANDSHAKE_FAILED_NO_DETAIL:
            self._probe()
        elif event == Event.DISCONNECTED:
            self._disconnected()

    def _disconnected(self) -> None:
        if self._situation is Situation.CONNECTED:
            self.reconnect()  # as another peer: the master may still hold the old one for alive
            self._situation = Situation.LOST
        elif self._situation is Situation.CONNECTING:
            self._probe()

    def _probe(self) -> None:
        if self._probing is None or self._probing.dead:
            self._probing = gevent.spawn(self._look)

    def _look(self) -> None:
        found = probe(self.host, self.port)
        if self._situation is not Situation.CONNECTED:
            self._situation = found


def _nothing(*_: object) -> None:
    pass
