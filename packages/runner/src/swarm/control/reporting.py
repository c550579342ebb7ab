"""A worker's statistics on their way to the master: numbered in a run, kept until acknowledged, in order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from swarm.control.messages import Delta

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


MOST_DOUBLINGS = 4
"""How often the wait for an acknowledgement is doubled, at most."""


@dataclass(slots=True)
class _Kept:
    number: int
    samples: int
    final: bool
    payload: Mapping[str, Any]
    resets: int
    sent_at: float = 0.0
    repeated: int = 0


class Reports:
    """The deltas of one run of this worker that the master has not yet acknowledged."""

    __slots__ = ("_kept", "closed", "cut", "run", "samples")

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, run: int) -> None:
        """Forget all, and number from 1 in another run."""
        self.run = run
        self.cut = 0
        self.samples = 0
        self.closed = False
        """Whether the final delta was cut."""
        self._kept: deque[_Kept] = deque()

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, samples: int, payload: Mapping[str, Any], *, final: bool, resets: int = 0) -> None:
        """Keep a delta that was cut after so many resets."""
        self.cut += 1
        self.samples += samples
        self.closed = final
        self._kept.append(_Kept(self.cut, samples, final, payload, resets))

    def acknowledge(self, number: int) -> None:
        """Forget all up to `number`: the master has them safe."""
        while self._kept and self._kept[0].number <= number:
            self._kept.popleft()

    def newest(self, now: float, session: str) -> Delta:
        """Return the delta that was just added."""
        self._kept[-1].sent_at = now
        return self._message(self._kept[-1], session)

    def all(self, now: float, session: str) -> Iterator[Delta]:
        """Yield all again, in order."""
        for kept in self._kept:
            kept.sent_at, kept.repeated = now, 0
            yield self._message(kept, session)

    def overdue(self, now: float, session: str, resend_after: float) -> Iterator[Delta]:
        """Yield the oldest again when it was not acknowledged for so long, and for twice as long each time.

        Only the oldest: the master keeps those behind it, if they have come. And ever more rarely: a master that
        has fallen behind is not to get more to do for that.
        """
        for kept in islice(self._kept, 1):
            if now - kept.sent_at >= resend_after * 2**kept.repeated:
                kept.sent_at = now
                kept.repeated = min(kept.repeated + 1, MOST_DOUBLINGS)
                yield self._message(kept, session)

    def _message(self, kept: _Kept, session: str) -> Delta:
        return Delta(session, self.run, kept.number, kept.samples, kept.final, kept.payload, kept.resets)
