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
from swarm.transport.zap import FULL

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.control.messages import Message
    from swarm.transport.secret import Secret

_ROUTING_ID_BYTES = 16
_RETRY_S = 1.0
_ROUND_S = 0.25
_SOON_S = 0.05  # before libzmq itself tries again
_WORKERS_OPTIONS: dict[zmq.SocketOption, int] = {
    # Not IMMEDIATE: with it a connection that breaks takes along what had arrived and was not read yet.
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
        self._attempt = 0
        self._connection: Connection | None = None
        self._situation = Situation.CONNECTING
        self._retrying: gevent.Greenlet[..., None] | None = None
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
            if self._situation is not Situation.CONNECTED or self._connection is None:
                return False  # nothing is queued for a master that is not there
            if not self._connection.send([frame]):
                self.drops.count("messages to a master that does not read")
                return False
        return True

    def reconnect(self) -> None:
        """Leave the present connection with what is queued in it, and connect as a new peer."""
        if self._closed:
            return
        self._leave()
        if self._situation is Situation.CONNECTED:
            self._situation = Situation.LOST
        self._attempt += 1
        attempt = self._attempt
        try:
            addresses = self._addresses()  # other greenlets run meanwhile
        except OSError:
            addresses = []
        if self._closed or attempt != self._attempt:
            return
        if not addresses:
            self._situation = Situation.UNKNOWN_HOST
            self._retry_in(_RETRY_S)
            return
        dealer = self._context.socket(zmq.DEALER)
        for option, value in (COMMON | _WORKERS_OPTIONS).items():
            dealer.setsockopt(option, value)
        dealer.routing_id = b"\1" + secrets.token_bytes(_ROUTING_ID_BYTES - 1)  # libzmq's own begin with 0
        dealer.curve_publickey = self._keys.workers.public
        dealer.curve_secretkey = self._keys.workers.secret
        dealer.curve_serverkey = self._keys.master.public
        inbox = Inbox(self.drops, lambda _, message: self._on_message(message))

        def note(event: Event, value: int) -> None:
            if connection is self._connection:
                self._note(event, value, addresses=len(addresses))

        connection = Connection(dealer, note)
        self._connection = connection
        connection.receive(lambda frames: inbox.take(b"", frames))
        dealer.connect(f"tcp://{at(addresses[(attempt - 1) % len(addresses)], self.port)}")

    def diagnosis(self) -> Diagnosis:
        """Return how it stands with the connection, or why the last attempt failed, and what to do about it."""
        return Diagnosis.of(self._situation, self.host, self.port)

    def close(self, linger_s: float = 1.0) -> None:
        """End the connection; what was sent may still leave within `linger_s` seconds. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._leave(linger_s)
        _end(self._probing)
        end_context(self._context)

    def _leave(self, linger_s: float = 0.0) -> None:
        _end(self._retrying)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(linger_s)

    def _addresses(self) -> list[str]:
        """Return the host's numeric addresses, of which each attempt takes the next one."""
        found = socket.getaddrinfo(self.host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        return [str(address[0]) for *_, address in found]

    def _note(self, event: Event, value: int, *, addresses: int) -> None:
        match event:
            case Event.HANDSHAKE_SUCCEEDED:
                self._situation = Situation.CONNECTED
                self._on_connected()
            case Event.CLOSED:
                self._situation = Situation.NOBODY_LISTENS
                if addresses > 1:  # else libzmq tries again by itself
                    self._retry_in(_SOON_S if self._attempt % addresses else _ROUND_S)
            case Event.HANDSHAKE_FAILED_AUTH if value == FULL:
                self._failed(Situation.FULL)
            case Event.HANDSHAKE_FAILED_AUTH:
                self._failed(Situation.WRONG_SECRET)
            case Event.HANDSHAKE_FAILED_PROTOCOL if value == zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
                self._failed(Situation.WITHOUT_CURVE)
            case Event.HANDSHAKE_FAILED_NO_DETAIL if value == errno.EAGAIN:
                self._failed(Situation.SILENT)
            case Event.DISCONNECTED if self._situation is Situation.CONNECTED:
                self._situation = Situation.LOST
                self._retry_in(_SOON_S)  # until then, what had arrived is read
            case Event.HANDSHAKE_FAILED_NO_DETAIL | Event.HANDSHAKE_FAILED_PROTOCOL | Event.DISCONNECTED:
                self._failed(None)

    def _failed(self, situation: Situation | None) -> None:
        """End an attempt that led to nothing; libzmq would try again at once, for ever, under the same id."""
        self._leave()
        self._retry_in(_RETRY_S)
        if situation is not None:
            self._situation = situation
        elif self._probing is None or self._probing.dead:
            self._probing = gevent.spawn(self._look)

    def _retry_in(self, seconds: float) -> None:
        _end(self._retrying)
        self._retrying = gevent.spawn_later(seconds, self.reconnect)

    def _look(self) -> None:
        found = probe(self.host, self.port)
        if self._situation is not Situation.CONNECTED:
            self._situation = found


def _end(greenlet: gevent.Greenlet[..., None] | None) -> None:
    if greenlet is not None and greenlet is not gevent.getcurrent():
        greenlet.kill()


def _nothing(*_: object) -> None:
    pass
