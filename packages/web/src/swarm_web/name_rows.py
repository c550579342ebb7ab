"""The figures of each name, as they change: what a table shows, and each name's series and heat map.

The rule: it reads the statistics once a second beside the load, gives way after a few names, and spends at most
`BUDGET_S` a second on percentiles; with more busy names than that allows they take turns.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gevent

from swarm_stats import heat
from swarm_stats.timeline import MINUTES, TENS, Fold, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swarm_stats.entries import Entry
    from swarm_stats.histogram import Histogram
    from swarm_stats.registry import Registry

BUDGET_S = 0.012
AT_ONCE = 20
"""Names that are looked at before other greenlets have their turn."""
WINDOW_S = 5
"""Percentiles of late look back on this time, and at most twice as far."""
RATE_S = 5
"""Rates of late are means over this time."""
FINE_NAMES = 1_000
"""So many names have series and heat maps in fine steps."""
FRACTIONS = (0.5, 0.95, 0.99)
COLUMNS = (
    "requests",
    "failures",
    "rps",
    "fps",
    "p50",
    "p95",
    "p99",
    "p50_run",
    "p95_run",
    "p99_run",
    "avg",
    "min",
    "max",
    "length",
    "interrupted",
    "late",
    "p95_intent_run",
)
LATE_COLUMNS = {"late": 0, "p95_intent_run": None}
"""What those columns hold while no request has begun late."""
SERIES = {
    "rps": Fold.RATE,
    "fps": Fold.RATE,
    "p50": Fold.MEAN,
    "p95": Fold.MAX,
    "p99": Fold.MAX,
    "avg": Fold.MEAN,
}


def rounded(ms: float) -> float:
    """Round ms to µs."""
    return round(ms, 3)


def gained(histogram: Histogram, earlier: Histogram | None) -> Histogram:
    """Return what a histogram has gained, all of it when it was set to zero meanwhile."""
    if earlier is None:
        return histogram
    try:
        return histogram.diff(earlier)
    except ValueError:
        return histogram


def percentiles_ms(histogram: Histogram) -> list[float | None]:
    """Return the median, p95 and p99 (ms), None without a duration."""
    if not histogram.rows or not histogram.count:
        return [None, None, None]
    return [us / 1000 for us in histogram.percentiles(FRACTIONS)]


def settled_rate(series: dict[int, int], end: int, start: float) -> float:
    """Return the events per second in the seconds before `end`, of which none was before `start`."""
    begin = max(end - RATE_S, int(start))
    if end <= begin:
        return 0.0
    count = sum(series.get(second, 0) for second in range(begin, end))
    return round(count / max(end - max(begin, start), 1.0), 3)


def late_figures(entry: Entry) -> tuple[int, float | None]:
    """Return how many requests began late, and the p95 from the intended start (ms), None without any."""
    if entry.late is None:
        return 0, None
    return entry.num_late, percentiles_ms(entry.from_intent())[1]


class NameRow:
    """One name: its current figures, and how they came about.

    `heat_intent` has the times from the intended start, from the first request on that began late.
    """

    def __init__(self, number: int, entry: Entry, second: int) -> None:
        self.number = number
        self.entry = entry
        self.seen = (0, 0, 0)
        self.is_warm = False
        self.refreshed = 0.0
        self.rates = (0.0, 0.0)
        self.current: list[float | None] = [None, None, None]
        self.whole: list[float] = [0.0, 0.0, 0.0]
        self.late: tuple[int, float | None] = (0, None)
        fine = number < FINE_NAMES
        self.series = Timeline(SERIES, TENS if fine else MINUTES, single_precision=True)
        self.heat = heat.HeatMap(heat.HALF_MINUTES if fine else heat.MINUTES)
        self.heat_intent: heat.HeatMap | None = None
        self._marks: tuple[Histogram | None, Histogram | None] = (None, None)
        self._marked = second
        self._kept_at = second - second % self.series.step
        self._kept = (0, 0, 0, 0)
        self._kept_histogram: Histogram | None = None
        self._kept_intent: Histogram | None = None
        self._was_idle = True

    def counts(self) -> tuple[int, int, int]:
        """What makes a row a changed one."""
        entry = self.entry
        return (entry.num_requests, entry.num_failures, entry.num_interrupted)

    @property
    def has_unkept(self) -> bool:
        """Whether something came that is in no row of the series yet, or a row without requests is to follow."""
        entry = self.entry
        return not self._was_idle or self._kept[:2] != (entry.num_requests, entry.num_failures)

    def figures(self) -> list[Any]:
        """Return the figures in the order of COLUMNS."""
        entry = self.entry
        shortest = entry.min_response_time
        return [
            *self.seen[:2],
            *self.rates,
            *self.current,
            *self.whole,
            rounded(entry.avg_response_time),
            shortest,
            entry.max_response_time,
            round(entry.avg_content_length, 1),
            self.seen[2],
            *self.late,
        ]

    def refresh(self, second: int) -> None:
        """Take the percentiles anew."""
        histogram = self.entry.histogram
        if second - self._marked >= WINDOW_S:
            self._marks = (self._marks[1], histogram.copy())
            self._marked = second
        self.current = percentiles_ms(gained(histogram, self._marks[0]))
        self.whole = [rounded(ms) for ms in self.entry.percentiles(FRACTIONS)]
        self.late = late_figures(self.entry)

    def keep(self, second: int) -> None:
        """Add what has come since the last time to the series and the heat map, if their next row is complete."""
        step = self.series.step
        if second < self._kept_at + step:
            return
        current = second - second % step
        if self._was_idle and current >= self._kept_at + 2 * step:
            self._kept_at = current  # what has come belongs to the row that goes on
            return
        self._keep(current)

    def complete(self, second: int) -> None:
        """Take everything anew, and close the row that goes on."""
        self.seen = self.counts()
        self.refresh(second)
        self._keep(max(second, self._kept_at + 1))

    def _keep(self, current: int) -> None:
        entry = self.entry
        counts = (entry.num_requests, entry.num_failures, entry.num_timed, entry.total_us)
        begun, elapsed = self._kept_at, current - self._kept_at
        self._kept_at = current
        requests, failures, timed, total_us = (new - old for new, old in zip(counts, self._kept, strict=True))
        if requests <= 0 and failures <= 0:
            if not self._was_idle:
                self._was_idle = True
                self.series.put(begun, [0.0, 0.0, None, None, None, None])
            return
        self._was_idle = False
        new = gained(entry.histogram, self._kept_histogram)
        if entry.late is not None:
            self._keep_intent(begun)
        self._kept, self._kept_histogram = counts, entry.histogram.copy()
        self.heat.add(begun, heat.column_of(new))
        self.series.put(
            begun,
            [
                requests / elapsed,
                failures / elapsed,
                *percentiles_ms(new),
                total_us / timed / 1000 if timed > 0 else None,
            ],
        )

    def _keep_intent(self, begun: int) -> None:
        if self.heat_intent is None:  # until now they were the times as they were served
            self.heat_intent, self._kept_intent = self.heat.copy(), self._kept_histogram
        whole = self.entry.from_intent()
        self.heat_intent.add(begun, heat.column_of(gained(whole, self._kept_intent)))
        self._kept_intent = whole


class NameRows:
    """All names of a registry, in the order in which they came; an epoch's numbers stay."""

    def __init__(self, registry: Registry, lag: int) -> None:
        self._registry = registry
        self.lag = lag
        self._rows: list[NameRow] = []
        self._by_key: dict[tuple[str, str], NameRow] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[NameRow]:
        return iter(self._rows)

    def clear(self) -> None:
        """Begin anew."""
        self._rows = []
        self._by_key = {}

    def named(self, method: str, name: str) -> NameRow | None:
        """Return the row of a name."""
        return self._by_key.get((name, method))

    def update(self, now: float) -> list[NameRow]:
        """Look at all names, and return the rows that have changed since the last time."""
        second = int(now)
        self._add_new(second)
        changed: list[NameRow] = []
        warm: list[NameRow] = []
        end, start = second - self.lag, self._registry.total.start_time
        for number, row in enumerate(self._rows):
            if number % (AT_ONCE * 5) == AT_ONCE * 5 - 1:
                gevent.sleep(0)
            counts = row.counts()
            moved = counts != row.seen
            if not moved and not row.is_warm:
                continue
            row.seen = counts
            entry = row.entry
            before = (row.rates, row.current, row.whole)
            row.rates = (
                settled_rate(entry.num_reqs_per_sec, end, start),
                settled_rate(entry.num_fail_per_sec, end, start),
            )
            warm.append(row)
            if moved or before[0] != row.rates:
                changed.append(row)
        self._refresh(warm, second, changed)
        return changed

    def complete(self, now: float) -> None:
        """Take all names anew, however long it takes: nothing more is to come."""
        self._add_new(int(now))
        for number, row in enumerate(self._rows, start=1):
            row.complete(int(now))
            if number % AT_ONCE == 0:
                gevent.sleep(0)

    def _add_new(self, second: int) -> None:
        entries = self._registry.entries
        if len(entries) == len(self._rows):
            return
        for key, entry in list(entries.items())[len(self._rows) :]:
            row = NameRow(len(self._rows), entry, second)
            self._rows.append(row)
            self._by_key[key] = row

    def _refresh(self, warm: list[NameRow], second: int, changed: list[NameRow]) -> None:
        clock = time.perf_counter
        spent, begun = 0.0, clock()
        known = {row.number for row in changed}
        for number, row in enumerate(sorted(warm, key=lambda each: each.refreshed)):
            if number % AT_ONCE == AT_ONCE - 1:
                spent += clock() - begun
                if spent > BUDGET_S:
                    return
                gevent.sleep(0)
                begun = clock()
            before = (row.current, row.whole)
            row.refresh(second)
            row.keep(second)
            row.refreshed = clock()
            row.is_warm = row.current[0] is not None or any(row.rates) or row.has_unkept
            if row.number not in known and before != (row.current, row.whole):
                changed.append(row)


def table(rows: Iterable[NameRow]) -> dict[str, list[Any]]:
    """Return rows as columns: i, method, name, and COLUMNS."""
    shown = [row for row in rows if any(row.seen)]
    columns: dict[str, list[Any]] = {
        "i": [row.number for row in shown],
        "method": [str(row.entry.method) for row in shown],
        "name": [str(row.entry.name) for row in shown],
    }
    figures = []
    for number, row in enumerate(shown, start=1):
        figures.append(row.figures())
        if number % (AT_ONCE * 5) == 0:
            gevent.sleep(0)
    for position, column in enumerate(COLUMNS):
        columns[column] = [each[position] for each in figures]
    return columns
