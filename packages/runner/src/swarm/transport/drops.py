"""What was dropped and why: counted always, logged at a bounded rate."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("swarm.transport")

INTERVAL_S = 10.0
"""Seconds between two lines about the same reason."""


class Drops:
    """Counts by reason; of each reason one line is logged in INTERVAL_S, with how many there were meanwhile."""

    def __init__(self, who: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        """How many of each reason (a few fixed texts) since the start."""
        self._who = who
        self._clock = clock
        self._told: dict[str, tuple[float, int]] = {}

    def count(self, reason: str, detail: str = "") -> None:
        """Count one for `reason`, a fixed text in the plural; `detail` goes into the log."""
        self.counts[reason] += 1
        now = self._clock()
        at, told = self._told.get(reason, (None, 0))
        if at is not None and now - at < INTERVAL_S:
            return
        total = self.counts[reason]
        self._told[reason] = (now, total)
        logger.warning(
            "%s dropped %s: %d%s%s",
            self._who,
            reason,
            total - told,
            f" ({total} in all)" if told else "",
            f"; the last: {detail}" if detail else "",
        )
