"""A real python-socketio server as a fixture: it echoes, answers calls, and has rooms."""

from __future__ import annotations

from typing import Any

import gevent
import socketio
from gevent.event import Event
from gevent.pywsgi import WSGIServer


class Rooms:
    """A Socket.IO server on a free port, with what it was told and who is connected."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.connected: set[str] = set()
        self.waiting = 0
        self.gate = Event()
        self.server = socketio.Server(async_mode="gevent")
        for name in ("connect", "disconnect", "message", "echo", "join", "wait"):
            self.server.on(name, getattr(self, f"on_{name}"))
        self._http = WSGIServer(("127.0.0.1", 0), socketio.WSGIApp(self.server), log=None)
        self._http.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> bool:
        if auth == {"token": "wrong"}:
            return False
        self.connected.add(sid)
        return True

    def on_disconnect(self, sid: str, *reason: Any) -> None:
        self.connected.discard(sid)

    def on_message(self, sid: str, data: Any) -> None:
        self.said.append(data)
        self.server.send(f"you said {data}", to=sid)

    def on_echo(self, sid: str, data: Any) -> Any:
        """Answer a call."""
        self.said.append(data)
        return data

    def on_join(self, sid: str, room: str) -> str:
        self.server.enter_room(sid, room)
        self.server.emit("joined", f"somebody is in {room}", room=room)
        return "ok"

    def on_wait(self, sid: str, data: Any = None) -> str:
        """Answer when the gate is open."""
        self.waiting += 1
        try:
            self.gate.wait()
        finally:
            self.waiting -= 1
        return "at last"

    def close(self) -> None:
        """End it; connections are cut."""
        self.gate.set()
        self.server.shutdown()
        self._http.stop(timeout=1)
        gevent.sleep(0)
