"""The master's end: one ROUTER socket, to which workers with the secret connect."""

from __future__ import annotations

import errno
import itertools
import logging
import socket
from typing import TYPE_CHECKING, Any, cast

import gevent
import zmq.green as zmq

from swarm.exceptions import SwarmError
from swarm.transport.codec import encode
from swarm.transport.connection import COMMON, Connection, end_context
from swarm.transport.curve import derive_keys
from swarm.transport.descriptors import exhausted, worker_capacity
from swarm.transport.diagnosis import at
from swarm.transport.drops import Drops
from swarm.transport.inbox import Inbox
from swarm.transport.monitor import Event
from swarm.transport.parts import split
from swarm.transport.zap import DOMAIN, Gatekeeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.control.messages import Message
    from swarm.transport.secret import Secret

logger = logging.getLogger("swarm.transport")

_EVERYWHERE = frozenset({"", "*"})
_TIDY_EVERY_S = 5.0
_BACKLOG = 4096  # workers that come at once; the system drops those beyond it, and they wait for seconds
_WISH = 10_000  # workers, as far as the system allows


class BindError(SwarmError):
    """The master cannot listen where it was told to."""


class MasterSocket:
    """Listens for workers; whoever has not the secret, and whatever is no message, gets no further than here.

    `host` is an address or a name of this machine, "*" for all of it; with `port` 0 the system chooses one.
    A peer is a connection, known by 16 random bytes: a worker that connects again is another peer.

    Raises BindError when the port is taken or the address is not of this machine.
    """

    def __init__(self, host: str, port: int, secret: Secret) -> None:
        self.drops = Drops("the master")
        self._numbers = itertools.count(1)
        self._inbox: Inbox | None = None
        self._tidying: gevent.Greenlet[[], None] | None = None
        self._open: set[int] = set()
        self._closed = False
        self.capacity = worker_capacity(_WISH)
        """Connections that it can hold, from the limit of open files; whoever comes beyond them is refused."""
        keys = derive_keys(secret)
        self._context: zmq.Context[Any] = zmq.Context()
        self._gatekeeper = Gatekeeper(self._context, keys.workers.public, self._is_full, self.drops)
        router = self._context.socket(zmq.ROUTER)
        for option, value in COMMON.items():
            router.setsockopt(option, value)
        router.curve_server = True
        router.curve_secretkey = keys.master.secret
        router.zap_domain = DOMAIN
        router.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        router.router_mandatory = True
        router.setsockopt(zmq.BACKLOG, _BACKLOG)
        self._connection = Connection(router, self._note)
        try:
            router.bind(f"tcp://{at(_numeric(host), port or '*')}")
        except (zmq.ZMQError, OSError) as error:
            self.close()
            raise BindError(_bind_problem(host, port, error)) from error
        endpoint = cast("bytes", router.last_endpoint).decode().rstrip("\0")
        self.host = host
        """As it was given."""
        self.port = int(endpoint.rpartition(":")[2])
        self._tidying = gevent.spawn(self._tidy)

    def serve(self, on_message: Callable[[bytes, Message], None]) -> None:
        """Call `on_message(peer, message)` for each message from now on, in a greenlet of the socket's own.

        An error in it is logged and ends nothing.
        """
        self._inbox = inbox = Inbox(self.drops, on_message)
        self._connection.receive(lambda frames: inbox.take(frames[0], frames[1:]))

    def send(self, peer: bytes, message: Message) -> bool:
        """Send to a peer; False when it is gone, or has not read for so long that its queue is full.

        Never blocks. True means that the message was queued, not that it arrived. Raises UnsendableError for
        a message that cannot be carried.
        """
        for frame in split(encode(message), next(self._numbers)):
            if not self._connection.send([peer, frame]):
                self.drops.count("messages to workers that are gone or do not read")
                return False
        return True

    def close(self, linger_s: float = 1.0) -> None:
        """Stop listening; what was sent may still leave within `linger_s` seconds. May be called twice."""
        if self._closed:
            return
        self._closed = True  # at once: a context that two threads end together never ends, or aborts
        if self._tidying is not None:
            self._tidying.kill(block=False)
        self._connection.close(linger_s)
        self._gatekeeper.close()
        end_context(self._context)

    def _note(self, event: Event, value: int) -> None:
        match event:
            case Event.ACCEPTED:
                self._open.add(value)
            case Event.DISCONNECTED:
                self._open.discard(value)
            case Event.HANDSHAKE_FAILED_NO_DETAIL | Event.HANDSHAKE_FAILED_PROTOCOL:
                self.drops.count(
                    "connections without our secret", "a worker with another secret, or no worker"
                )

    def _is_full(self) -> bool:
        self._connection.drain_events()  # who asks has been accepted, and counts
        return len(self._open) > self.capacity

    def _tidy(self) -> None:
        while True:
            gevent.sleep(_TIDY_EVERY_S)
            if self._inbox is not None:
                self._inbox.tidy()
            if exhausted():
                self.drops.count("connections beyond its limit of open files", "raise it with `ulimit -n`")


def _numeric(host: str) -> str:
    """Return the numeric address of a host, which is all that libzmq binds."""
    if host in _EVERYWHERE:
        return "*"
    _family, _, _, _, address = socket.getaddrinfo(
        host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return str(address[0])


def _bind_problem(host: str, port: int, error: zmq.ZMQError | OSError) -> str:
    where = at(host, port)
    if error.errno == errno.EADDRINUSE:
        return (
            f"another program listens on {where}: end it (is it another master?), or choose another port with "
            "--master-bind-port and --master-port."
        )
    if error.errno == errno.EACCES:
        return f"the system does not allow to listen on {where}: choose a port above 1023."
    if error.errno in (errno.EADDRNOTAVAIL, errno.ENODEV) or isinstance(error, socket.gaierror):
        return (
            f"{host} is no address of this machine: give --master-bind-host one that it has, or '*' for all of "
            "them."
        )
    return f"cannot listen on {where}: {error.strerror}."
