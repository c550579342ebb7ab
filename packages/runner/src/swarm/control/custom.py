"""Messages of the user's own between two ends: numbered, repeated until they arrive, delivered once and in order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from swarm.control.messages import Custom

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW = 64
"""So many are under way at a time; the others wait for their acknowledgement."""


class Outbox:
    """The messages for one peer that it has not acknowledged."""

    __slots__ = ("_first", "_kept", "_sent", "_sent_at")

    def __init__(self) -> None:
        self._kept: deque[tuple[str, Any]] = deque()
        self._first = 1  # the number of the first one kept
        self._sent = 0  # the number up to which they have been sent
        self._sent_at = 0.0

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, type: str, data: Any) -> None:  # noqa: A002  the message's own field
        """Keep a message to be sent."""
        self._kept.append((type, data))

    def acknowledge(self, number: int) -> None:
        """Forget all up to `number`."""
        while self._kept and self._first <= number:
            self._kept.popleft()
            self._first += 1

    def restart(self) -> None:
        """Number what is kept from 1 again: the peer's place is taken by one that knows of none."""
        self._first, self._sent = 1, 0

    def due(self, now: float, session: str, resend_after: float) -> Iterator[Custom]:
        """Yield what is to be sent: what was not sent yet, and after `resend_after` seconds of silence all again."""
        if not self._kept:
            return
        if self._sent >= self._first and now - self._sent_at >= resend_after:
            self._sent = self._first - 1
        begin = max(0, self._sent + 1 - self._first)
        for place in range(begin, min(len(self._kept), WINDOW)):
            self._sent, self._sent_at = self._first + place, now
            type_, data = self._kept[place]
            yield Custom(session, self._sent, type_, data)


class Inbox:
    """Which of one peer's messages have been delivered."""

    __slots__ = ("delivered",)

    def __init__(self) -> None:
        self.delivered = 0

    def take(self, number: int) -> bool:
        """Say whether the message of this number is the next one, which is to be delivered now."""
        if number != self.delivered + 1:
            return False
        self.delivered = number
        return True

    def restart(self) -> None:
        """Begin at 1 again, with a peer that does so."""
        self.delivered = 0
