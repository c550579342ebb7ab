"""The timeline of a run: states, commands and who gave them, workers that come and go, the generator's verdict."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = 1_000


class Trail:
    """Numbered events, the newest `KEPT` of them; `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.newest = 0
        self._clock = clock
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def add(self, kind: str, text: str, **details: Any) -> dict[str, Any]:
        """Append an event and return it; what is put into it later is seen by all who ask later."""
        self.newest += 1
        event = {"id": self.newest, "time": round(self._clock(), 3), "kind": kind, "text": text, **details}
        self._events.append(event)
        return event

    def all(self) -> list[dict[str, Any]]:
        """Return the events, newest last."""
        return list(self._events)

    def after(self, number: int) -> list[dict[str, Any]]:
        """Return the events after number `number`."""
        if number >= self.newest:
            return []
        return [event for event in self._events if event["id"] > number]
