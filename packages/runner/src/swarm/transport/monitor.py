"""What libzmq tells about the connections of a socket, event by event."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import gevent
import zmq.green as zmq
from zmq.constants import Event
from zmq.utils.monitor import parse_monitor_message

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("swarm.transport")

__all__ = ["CLOSED", "Event", "Monitor"]

CLOSED = frozenset({zmq.ENOTSOCK, zmq.ETERM})
"""What waiting for a message ends with when its socket is closed meanwhile."""

_SLICE_S = 0.005
_WANTED = (
    Event.ACCEPTED
    | Event.CLOSED
    | Event.CONNECTED
    | Event.DISCONNECTED
    | Event.HANDSHAKE_FAILED_AUTH
    | Event.HANDSHAKE_FAILED_NO_DETAIL
    | Event.HANDSHAKE_FAILED_PROTOCOL
    | Event.HANDSHAKE_SUCCEEDED
)


class Monitor:
    """Calls `on_event(event, value)` in a greenlet of its own for each event of a socket."""

    def __init__(self, watched: zmq.Socket[Any], on_event: Callable[[Event, int], None]) -> None:
        self._watched = watched
        self._on_event = on_event
        self._socket = watched.get_monitor_socket(_WANTED)
        self._greenlet = gevent.spawn(self._read)

    def close(self) -> None:
        """End the events; to be called before the watched socket is closed. Gives way to no other greenlet."""
        if self._greenlet is not gevent.getcurrent():
            self._greenlet.kill(block=False)
        self._watched.disable_monitor()
        self._socket.close(linger=0)

    def _read(self) -> None:
        turn_ends = time.perf_counter() + _SLICE_S
        while not self._socket.closed:
            if time.perf_counter() > turn_ends:  # receiving gives way only when there is nothing
                gevent.sleep(0)
                turn_ends = time.perf_counter() + _SLICE_S
                continue
            try:
                frames = self._socket.recv_multipart()
            except zmq.ZMQError as error:
                if error.errno in CLOSED:
                    return
                raise
            self._tell(frames)

    def drain(self) -> None:
        """Bring in the events that are there already, in the caller's greenlet."""
        while not self._socket.closed:
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._tell(frames)

    def _tell(self, frames: list[bytes]) -> None:
        message = parse_monitor_message(frames)
        try:
            event = Event(message["event"])
            if event in _WANTED:
                self._on_event(event, int(message["value"]))
        except Exception:
            logger.exception("an event of a connection could not be handled: %s", message)
