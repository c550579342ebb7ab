"""Was the load generator itself the bottleneck? The rule by which a run says so, from what was sampled.

Two things make its numbers doubtful: a core that is busy all the time, and an event loop that turns late, so
that an answer lies unread and its wait is counted as the server's.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from swarm_stats.histogram import Histogram

CPU_LIMIT = 90.0
"""Percent of one core, over a window, above which the generator counts as busy."""
CPU_WINDOW_S = 5.0
LAG_FLOOR_US = 5_000
LAG_REPEATS = 3
"""Fewer late turns than these say nothing: one while users start would be the p99 of a short run."""
LAG_SHARE = 0.1
"""The loop lag's p99 distorts above 5 ms and above a tenth of the run's own p99."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of the generator: percent of a core at the busiest, ms of lag, and why it is not valid."""

    cpu_max: float
    cpu_mean: float
    lag_p99_ms: float
    lag_max_ms: float
    reasons: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether the run's numbers are the server's and not the generator's."""
        return not self.reasons


@dataclass
class GeneratorHealth:
    """Collects loop lag and CPU while a run lasts; the caller brings the clock."""

    lag: Histogram = field(default_factory=Histogram)
    lag_max_us: int = 0
    cpu_max: float = 0.0
    cpu_now: float = 0.0
    _cpu_seconds: float = 0.0
    _seconds: float = 0.0
    _window: deque[tuple[float, float]] = field(default_factory=deque)

    def record_lag(self, lag_us: int) -> None:
        """Record that the loop turned `lag_us` µs later than it should have."""
        self.lag.add(max(1, lag_us))
        self.lag_max_us = max(self.lag_max_us, lag_us)

    def record_cpu(self, cpu_s: float, wall_s: float) -> None:
        """Record that the process used `cpu_s` seconds of CPU in the last `wall_s` seconds."""
        if wall_s <= 0:
            return
        self._cpu_seconds += cpu_s
        self._seconds += wall_s
        self._window.append((cpu_s, wall_s))
        while (
            len(self._window) > 1
            and sum(wall for _, wall in self._window) - self._window[0][1] >= CPU_WINDOW_S
        ):
            self._window.popleft()
        window = sum(wall for _, wall in self._window)
        self.cpu_now = 100 * sum(cpu for cpu, _ in self._window) / window
        if window >= CPU_WINDOW_S:
            self.cpu_max = max(self.cpu_max, self.cpu_now)

    def verdict(self, response_p99_us: float | None) -> Verdict:
        """Return the verdict beside the run's own p99 (µs; None when nothing was measured)."""
        mean = 100 * self._cpu_seconds / self._seconds if self._seconds else 0.0
        busiest = self.cpu_max or mean  # a run shorter than the window has only its mean
        lag_p99 = self.lag.percentile(0.99) if self.lag.count else 0.0
        reasons = []
        if busiest > CPU_LIMIT:
            reasons.append(
                f"it used up to {busiest:.0f} % of its core over {CPU_WINDOW_S:.0f} s (limit {CPU_LIMIT:.0f} %): "
                "spread it over cores with --processes, or use fewer users or longer waits"
            )
        if response_p99_us is not None and self._is_late(
            lag_p99, max(LAG_FLOOR_US, LAG_SHARE * response_p99_us)
        ):
            reasons.append(
                f"its event loop was late by {lag_p99 / 1000:.1f} ms at p99, against response times of "
                f"{response_p99_us / 1000:.1f} ms: a task computes or blocks without giving way"
            )
        return Verdict(busiest, mean, lag_p99 / 1000, self.lag_max_us / 1000, tuple(reasons))

    def repeated_lag_us(self) -> float:
        """Return the lag's p99 (µs) when the loop was late more than once or twice, else 0."""
        lag_p99 = self.lag.percentile(0.99) if self.lag.count else 0.0
        return lag_p99 if self._is_late(lag_p99, LAG_FLOOR_US) else 0.0

    def _is_late(self, lag_p99_us: float, limit_us: float) -> bool:
        if lag_p99_us <= limit_us:
            return False
        return sum(times for us, times in self.lag.items() if us > limit_us) >= LAG_REPEATS
