"""How far a worker's clock is ahead of the master's, from the times that ride on heartbeats.

Source: NTP's on-wire calculation and its minimum filter (RFC 5905, sections 8 and 10).
"""

from __future__ import annotations

from collections import deque
from math import isfinite

EXCHANGES = 16
"""How many exchanges the filter looks back on: clocks drift, so that old ones grow stale."""


class ClockOffset:
    """Estimates one worker's offset; of the last exchanges the one with the shortest way counts."""

    __slots__ = ("_exchanges",)

    def __init__(self) -> None:
        self._exchanges: deque[tuple[float, float]] = deque(maxlen=EXCHANGES)

    def add(self, master_sent: float, worker_heard: float, worker_sent: float, master_heard: float) -> None:
        """Take in one exchange; the first and the last time are the master's clock, the others the worker's.

        One whose way took less than no time (a clock was set meanwhile), or whose times are none, is left out.
        """
        way = (master_heard - master_sent) - (worker_sent - worker_heard)
        offset = ((worker_heard - master_sent) + (worker_sent - master_heard)) / 2
        if way >= 0 and isfinite(way) and isfinite(offset):
            self._exchanges.append((way, offset))

    @property
    def known(self) -> bool:
        """Whether there was an exchange."""
        return bool(self._exchanges)

    @property
    def offset(self) -> float:
        """Seconds by which the worker's clock is ahead; 0 before the first exchange."""
        return min(self._exchanges)[1] if self._exchanges else 0.0

    @property
    def uncertainty(self) -> float:
        """The offset is right within this many seconds, whichever way took longer; infinite before an exchange."""
        return min(self._exchanges)[0] / 2 if self._exchanges else float("inf")
