"""What libzmq tells about the connections of a socket, event by event."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import gevent
from zmq.constants import Event
from zmq.utils.monitor import parse_monitor_message

if TYPE_CHECKING:
    from collections.abc import Callable

    import zmq.green as zmq

logger = logging.getLogger("swarm.transport")

__all__ = ["Event", "Monitor"]

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
        """End the events; to be called before the watched socket is closed."""
        if self._greenlet is not gevent.getcurrent():
            self._greenlet.kill()
        self._watched.disable_monitor()
        self._socket.close(linger=0)

    def _read(self) -> None:
        turn_ends = time.perf_counter() + _SLICE_S
        while not self._socket.closed:
            if time.perf_counter() > turn_ends:  # receiving gives way only when there is nothing
                gevent.sleep(0)
                turn_ends = time.perf_counter() + _SLICE_S
                continue
            message = parse_monitor_message(self._socket.recv_multipart())
            if message["event"] == Event.MONITOR_STOPPED:
                return
            try:
                self._on_event(Event(message["event"]), int(message["value"]))
            except Exception:
                logger.exception("an event of a connection could not be handled: %s", message)
