"""Users of Socket.IO, with python-socketio: `SocketIOUser` and its client. Needs the extra `socketio`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gevent

from swarm.contrib.reporting import Reporter
from swarm.extras import from_extra
from swarm.users.user import User

with from_extra("socketio", "swarm.contrib.socketio"):
    import socketio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swarm.environment import Environment
    from swarm.event import EventHook

_NOTHING: Any = object()


class SocketIOClient(socketio.Client):  # type: ignore[misc]  # python-socketio has no types
    """A `socketio.Client` that reports its calls, each once.

    `connect` is counted as WS, `send` as WSS, `emit` as WSE, `call` as WSC with the time to its answer, and what
    is given to `on_message` as WSR. A call that fails is counted and returns None.
    """

    def __init__(
        self, request_event: EventHook | None = None, *args: Any, user: User | None = None, **kwargs: Any
    ) -> None:
        """Make a client; the other arguments are those of `socketio.Client`."""
        kwargs.setdefault(
            "handle_sigint", False
        )  # the run ends in its own order, not by the clients' handlers
        super().__init__(*args, **kwargs)
        self._swarm_calling: set[object] = set()
        self._swarm_reporter = Reporter(request_event, user, lambda: gevent.spawn(self.shutdown))

    def connect(self, *args: Any, **kwargs: Any) -> None:
        """Connect, as `socketio.Client.connect`."""
        with self._swarm_reporter.call("WS", "connect"):
            super().connect(*args, **kwargs)

    def send(
        self,
        data: Any,
        namespace: str | None = None,
        callback: Callable[..., Any] | None = None,
        name: str = "Unnamed",
    ) -> None:
        """Send a message, as `socketio.Client.send`; it is counted under `name`."""
        with self._swarm_reporter.call("WSS", name) as request:
            request["response_length"] = _size(data)
            super().emit("message", data, namespace, callback)

    def emit(
        self,
        event: str,
        data: Any = None,
        namespace: str | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> None:
        """Send an event, as `socketio.Client.emit`; it is counted under the event's name."""
        if gevent.getcurrent() in self._swarm_calling:
            super().emit(event, data, namespace, callback)
            return
        with self._swarm_reporter.call("WSE", str(event)) as request:
            request["response_length"] = _size(data)
            super().emit(event, data, namespace, callback)

    def call(self, event: str, data: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Send an event and return the answer to it, as `socketio.Client.call`; counted under the event's name."""
        answer = None
        with self._swarm_reporter.call("WSC", str(event)) as request:
            self._swarm_calling.add(caller := gevent.getcurrent())
            try:
                answer = super().call(event, data, *args, **kwargs)
            finally:
                self._swarm_calling.discard(caller)
            request["response"] = answer
            request["response_length"] = _size(answer)
        return answer

    def on_message(self, event: str, data: Any = _NOTHING) -> None:
        """Count something that came: for a handler to call with the event's name and what it brought.

        As a handler itself, `sio.on("message", sio.on_message)`, it counts messages.
        """
        if data is _NOTHING:
            event, data = "message", event
        self._swarm_reporter.tell("WSR", str(event), response_length=_size(data))


class SocketIOUser(User):
    """A user with a Socket.IO client, `sio`; mixed with `HttpUser` it has a `client`, too."""

    options: Mapping[str, Any] = {}
    """Arguments of the client: those of `socketio.Client`."""
    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.sio = SocketIOClient(environment.events.request, user=self, **self.options)
        """The user's connection."""


def _size(data: Any) -> int:
    """Return the length of some data in bytes, as it is sent."""
    if data is None:
        return 0
    if isinstance(data, (bytes, bytearray)):
        return len(data)
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"), default=str)
    return len(text.encode())
