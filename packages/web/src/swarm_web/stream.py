"""What all viewers hear: one encoded frame a second, kept in a ring so that whoever was away can catch up.

The rule: a frame is encoded once, when it is published; a viewer costs only the writing of its bytes.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from swarm_web.encoding import encode, encode_in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from swarm_web.turns import Turns

RING = 120
"""Frames that are kept for those who come back."""
KEEP_ALIVE_S = 15.0
APART_S = 0.001
PLACES = 64
"""Viewers are sent a frame one after the other, so many milliseconds apart at most."""
RETRY_MS = 2_000
GREETING = f"retry: {RETRY_MS}\n\n".encode()
COMMENT = b": keep-alive\n\n"


def message(event: str, data: bytes, identity: str | None = None) -> bytes:
    """Return a server-sent event; `data` has no line breaks."""
    head = f"event: {event}\n" if identity is None else f"id: {identity}\nevent: {event}\n"
    return head.encode() + b"data: " + data + b"\n\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """An event of the stream: its number, and its bytes, the same for all viewers."""

    number: int
    message: bytes


class Stream:
    """A ring of frames, and the viewers that wait for the next one.

    `full` returns the document that a viewer begins with. A new `epoch` begins when what was sent before no longer
    counts; then every viewer gets a full one. `listeners` are called with the event and the document of each
    frame.
    """

    def __init__(self, full: Callable[[], bytes], keep_alive: float = KEEP_ALIVE_S) -> None:
        self.viewers = 0
        self.number = 0
        self.epoch = secrets.token_hex(4)
        self.closed = False
        self.listeners: list[Callable[[str, Mapping[str, Any]], None]] = []
        self._full = full
        self._keep_alive = keep_alive
        self._ring: deque[Frame] = deque(maxlen=RING)
        self._news = Event()
        self._farewell = ""
        self._places = count()

    @property
    def identity(self) -> str:
        """The id of the newest frame."""
        return f"{self.epoch}-{self.number}"

    def next_identity(self) -> str:
        """The id that the next frame will have."""
        return f"{self.epoch}-{self.number + 1}"

    def begin_epoch(self) -> None:
        """Let what was sent no longer count."""
        self.epoch = secrets.token_hex(4)
        self._ring.clear()

    def publish(self, event: str, document: Mapping[str, Any], turns: Turns | None = None) -> None:
        """Send a frame to all viewers; the document's id is `next_identity()`."""
        data = encode_in_turns(document, turns)
        self.number += 1
        self._ring.append(Frame(self.number, message(event, data, self.identity)))
        self._wake()
        for listener in self.listeners:
            listener(event, document)

    def close(self, reason: str) -> None:
        """Tell all viewers that this is the end."""
        self.closed, self._farewell = True, reason
        self._wake()

    def follow(self, last: str | None, allowed: Callable[[], bool]) -> Iterator[bytes]:
        """Yield the stream's bytes for one viewer, from after the frame `last` on.

        It ends when the stream is closed, or when the viewer is no longer `allowed`.
        """
        self.viewers += 1
        try:
            yield GREETING
            yield from self._events(last, allowed)
        finally:
            self.viewers -= 1

    def _events(self, last: str | None, allowed: Callable[[], bool]) -> Iterator[bytes]:
        epoch, number = self._resumed(last)
        place = next(self._places) % PLACES
        said = time.monotonic()
        while not self.closed:
            if not allowed():
                yield message("auth", b'{"role":null}')
                return
            news, waiting = self._news, self._after(epoch, number)
            if waiting is None:
                epoch, number, identity = self.epoch, self.number, self.identity
                yield message("full", self._full(), identity)  # in turns: there may be a new frame by now
                said = time.monotonic()
            elif waiting:
                for frame in waiting:
                    number = frame.number
                    yield frame.message
                said = time.monotonic()
            elif news.wait(max(0.0, said + self._keep_alive - time.monotonic())):
                if place and not self.closed:  # all at once they would hold the load up
                    gevent.sleep(place * APART_S)
            else:
                yield COMMENT
                said = time.monotonic()
        yield message("bye", encode({"reason": self._farewell}))

    def _after(self, epoch: str, number: int) -> list[Frame] | None:
        """Return the frames that a viewer has not seen, None when it has missed some that are gone."""
        if epoch != self.epoch or number > self.number:
            return None
        if number == self.number:
            return []
        if not self._ring or self._ring[0].number > number + 1:
            return None
        return [frame for frame in self._ring if frame.number > number]

    def _resumed(self, last: str | None) -> tuple[str, int]:
        epoch, _, number = (last or "").partition("-")
        return (epoch, int(number)) if number.isascii() and number.isdigit() and len(number) < 16 else ("", 0)

    def _wake(self) -> None:
        news, self._news = self._news, Event()
        news.set()
