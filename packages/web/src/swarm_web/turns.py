"""Giving way: what the UI does beside the load, it does in short turns.

The rule: whoever works for longer than a turn asks `Turns.give_way` between two steps of his, each much shorter than
one.
"""

from __future__ import annotations

import time

from swarm.users.pause import pause

TURN_S = 0.00025


class Turns:
    """A stretch of work that is cut into turns of about `seconds`, the first of which begins now."""

    def __init__(self, seconds: float = TURN_S) -> None:
        self._seconds = seconds
        self._end = time.perf_counter() + seconds

    def give_way(self) -> None:
        """Let everything else have its turn, if this one has lasted long enough."""
        if time.perf_counter() >= self._end:
            self.end()

    def end(self) -> None:
        """Let everything else have its turn now: what comes next takes its time."""
        # Not gevent.sleep(0), after which the hub may not look for answers and timers for 5 ms.
        pause(0)
        self._end = time.perf_counter() + self._seconds
