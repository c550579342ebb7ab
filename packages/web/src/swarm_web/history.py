"""The run as a whole, second by second: its load, throughput and response times, and its heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm_stats import heat
from swarm_stats.timeline import Fold, Timeline
from swarm_web.name_rows import FRACTIONS, gained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swarm_stats.entries import Entry
    from swarm_stats.histogram import Histogram

COLUMNS = {
    "users": Fold.LAST,
    "target": Fold.LAST,
    "rps": Fold.RATE,
    "fps": Fold.RATE,
    "p50": Fold.MEAN,
    "p95": Fold.MAX,
    "p99": Fold.MAX,
    "avg": Fold.MEAN,
    "workers": Fold.LAST,
    "cpu": Fold.MAX,
    "lag": Fold.MAX,
}
REVISED_S = 8
"""Seconds that are looked at again for what came late."""


class RunHistory:
    """Rows of what the total did in each second.

    `lag` is after how many seconds all of a second has been reported (0 where the users run in this process).
    """

    def __init__(self, total: Entry, lag: int) -> None:
        self.lag = lag
        self.rows = Timeline(COLUMNS)
        self.heat = heat.HeatMap(heat.SECONDS)
        self._total = total
        self._loads: dict[int, Sequence[float]] = {}
        self._times: dict[int, Sequence[float | None]] = {}
        self._mark: Histogram | None = None
        self._sums = (0, 0)

    def clear(self) -> None:
        """Begin anew."""
        self.rows.clear()
        self.heat.clear()
        self._loads.clear()
        self._times.clear()
        self._mark = None
        self._sums = (0, 0)

    def current(self) -> list[float | None]:
        """Return the percentiles of late (ms)."""
        current = self._total.current_percentiles(FRACTIONS)
        return [None] * len(FRACTIONS) if current is None else [*current]

    def add(
        self, now: float, users: int, target: int, nodes: Sequence[float]
    ) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
        """Take in the second that is over; return the rows that are new or better now, and the heat map's columns.

        `nodes` are workers, CPU and lag.
        """
        total, second = self._total, int(now) - 1
        settled = second - self.lag
        self._loads[second] = (users, target, *nodes)
        self._times[settled] = (*self.current(), self._average())
        for kept in (self._loads, self._times):
            while len(kept) > self.lag + REVISED_S + 1:
                del kept[next(iter(kept))]
        begin = int(total.start_time)
        times = []
        for each, (users_then, target_then, *nodes_then) in self._loads.items():
            if begin <= each <= settled:
                rates = (total.num_reqs_per_sec.get(each, 0), total.num_fail_per_sec.get(each, 0))
                took = self._times.get(each, (None, None, None, None))
                if self.rows.put(each, [users_then, target_then, *rates, *took, *nodes_then]):
                    times.append(each)
        return self._shown(times), self._heat(max(begin, second - self.lag // 2))

    def _shown(self, times: Sequence[int]) -> dict[str, list[Any]]:
        if not times:
            return {"time": [], **{name: [] for name in COLUMNS}}
        shown = self.rows.columns(times[0], times[-1])
        wanted = set(times)
        kept = [position for position, time in enumerate(shown["time"]) if time in wanted]
        return {name: [values[position] for position in kept] for name, values in shown.items()}

    def _heat(self, second: int) -> dict[str, list[Any]]:
        histogram = self._total.histogram
        column = heat.column_of(gained(histogram, self._mark))
        self._mark = histogram.copy()
        if not column:
            return {"time": [], "columns": []}
        self.heat.add(second, column)
        return {"time": [second], "columns": [heat.flat(column)]}

    def _average(self) -> float | None:
        total = self._total
        sums = (total.num_timed, total.total_us)
        timed, us = sums[0] - self._sums[0], sums[1] - self._sums[1]
        self._sums = sums
        return us / timed / 1000 if timed > 0 else None
