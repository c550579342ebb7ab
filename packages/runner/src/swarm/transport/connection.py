"""One ZeroMQ socket and what belongs to it: options, monitor, the greenlet that receives, an orderly end.

Socket options are set before bind or connect: libzmq ignores later ones.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gevent
import zmq.green as zmq

from swarm.transport.monitor import CLOSED, Event, Monitor
from swarm.transport.parts import MAX_FRAME

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_QUEUED = 1000
"""Frames that wait for a peer that does not read; beyond them a send says no."""
_MAX_UNREAD = 200
_OVERHEAD = 256  # of CURVE's message command, which MAXMSGSIZE counts
_SLICE_S = 0.005

COMMON: dict[zmq.SocketOption, int] = {
    zmq.LINGER: 0,
    zmq.IPV6: 1,
    zmq.MAXMSGSIZE: MAX_FRAME + _OVERHEAD,
    zmq.SNDHWM: MAX_QUEUED,
    zmq.RCVHWM: _MAX_UNREAD,
    # The kernel's probes reap a peer that has vanished, within 5 s. Not ZeroMQ's heartbeats: with them libzmq
    # 4.3.5 ends the process when a connection breaks whose messages are not read (tests/runner/transport).
    zmq.TCP_KEEPALIVE: 1,
    zmq.TCP_KEEPALIVE_IDLE: 2,
    zmq.TCP_KEEPALIVE_INTVL: 1,
    zmq.TCP_KEEPALIVE_CNT: 3,
    zmq.TCP_MAXRT: 5000,
    zmq.HANDSHAKE_IVL: 10_000,
}
"""Options of both ends; times in ms, those of the probes in s."""


class Connection:
    """A socket with its greenlets; `on_frames` and `on_event` are called in them, one call at a time each."""

    def __init__(self, socket: zmq.Socket[Any], on_event: Callable[[Event, int], None]) -> None:
        self.socket = socket
        self.closed = False
        self._monitor = Monitor(socket, on_event)
        self._greenlet: gevent.Greenlet[..., None] | None = None

    def receive(self, on_frames: Callable[[list[bytes]], None]) -> None:
        """Call `on_frames` for each message that comes, from now on."""
        self._greenlet = gevent.spawn(self._receive, on_frames)

    def send(self, frames: list[bytes]) -> bool:
        """Hand a message to libzmq; False when it was not taken (the peer is gone, or its queue is full)."""
        if self.closed:
            return False
        try:
            self.socket.send_multipart(frames, flags=zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def drain_events(self) -> None:
        """Bring in now what libzmq has told of the socket's connections until now."""
        self._monitor.drain()

    def close(self, linger_s: float = 0.0) -> None:
        """End the greenlets and the socket; what is queued may leave within `linger_s`.

        Gives way to no other greenlet: whoever was killed half-way would leave a socket open, and a context
        with an open socket never ends.
        """
        if self.closed:
            return
        self.closed = True
        self._monitor.close()
        if self._greenlet is not None and self._greenlet is not gevent.getcurrent():
            self._greenlet.kill(block=False)
        self.socket.close(linger=int(linger_s * 1000))

    def _receive(self, on_frames: Callable[[list[bytes]], None]) -> None:
        turn_ends = time.perf_counter() + _SLICE_S
        while not self.closed:
            try:
                frames = self.socket.recv_multipart()
            except zmq.ZMQError as error:
                if error.errno in CLOSED:
                    return
                raise
            on_frames(frames)
            # Receiving gives way only when nothing is there to receive.
            if time.perf_counter() > turn_ends:
                gevent.sleep(0)
                turn_ends = time.perf_counter() + _SLICE_S


def end_context(context: zmq.Context[Any]) -> None:
    """Terminate a context whose sockets are closed, without blocking the hub while they linger."""
    gevent.get_hub().threadpool.apply(context.term)
