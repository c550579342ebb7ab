"""How long the shop takes to answer: a lognormal body for each route, and a slow tail."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

LONGEST_S = 1.5


@dataclass(frozen=True, slots=True)
class Latency:
    """A route's answering time: its median in ms, its spread (sigma of the logarithm), and its tail.

    A share `slow` of the requests takes `slow_factor` times as long, as when a cache was cold or a database
    had to be waited for.
    """

    median_ms: float
    spread: float = 0.35
    slow: float = 0.01
    slow_factor: float = 6.0

    def draw(self, rng: random.Random) -> float:
        """Return the seconds that one request takes."""
        seconds = rng.lognormvariate(math.log(self.median_ms / 1000), self.spread)
        if rng.random() < self.slow:
            seconds *= self.slow_factor
        return min(seconds, LONGEST_S)
