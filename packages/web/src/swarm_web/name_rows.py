"""The figures of each name, as they change: what a table shows, and each name's series and heat map.

The rule: it reads the statistics once a second beside the load, in turns, and spends at most `BUDGET_S` a second on
percentiles; with more busy names than that allows they take turns.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from swarm_stats import heat
from swarm_stats.counts import NEVER
from swarm_stats.timeline import MINUTES, TENS, Fold, Timeline
from swarm_web.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swarm_stats.entries import Entry
    from swarm_stats.histogram import Histogram
    from swarm_stats.registry import Registry

BUDGET_S = 0.008
AT_ONCE = 20
"""Names that are looked at before other greenlets may have their turn."""
ROWS_AT_ONCE = 500
"""Rows that are made columns of, likewise."""
GROWTH = 1.005
"""Percentiles of the whole run are taken anew when there are so many times as many requests, or no more come."""
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
    if not histogram.rows:
        return [None, None, None]
    try:
        return [us / 1000 for us in histogram.percentiles(FRACTIONS)]
    except ValueError:  # rows that were set to zero
        return [None, None, None]


class SettledRate:
    """Events per second in the seconds before `end`, of which none was before `start`."""

    def __init__(self, end: int, start: float) -> None:
        begin = max(end - RATE_S, int(start))
        self._seconds = range(begin, end)
        self._over = max(end - max(begin, start), 1.0)

    def of(self, series: dict[int, int]) -> float:
        """Return the rate of a series of counts by second."""
        if not series:
            return 0.0
        get = series.get
        return round(sum([get(second, 0) for second in self._seconds]) / self._over, 3)


def late_figures(entry: Entry) -> tuple[int, float | None]:
    """Return how many requests began late, and the p95 from the intended start (ms), None without any."""
    if entry.late is None:
        return 0, None
    return entry.num_late, percentiles_ms(entry.from_intent())[1]


class NameRow:
    """One name: its current figures, and how they came about.

    `figures` are its number, method and name and what COLUMNS lists, as they were when it was last looked at; empty
    before it has counted anything. `heat_intent` has the times from the intended start, from the first request on
    that began late.
    """

    def __init__(self, number: int, entry: Entry, second: int) -> None:
        self.number = number
        self.entry = entry
        self.method, self.name = str(entry.method), str(entry.name)
        self.figures: tuple[Any, ...] = ()
        self.seen = (0, 0, 0)
        self.is_warm = False  # whether its figures may change although nothing more comes
        self.refreshed = 0.0
        self.rates = (0.0, 0.0)
        self.current: list[float | None] = [None, None, None]
        self.whole: list[float] = [0.0, 0.0, 0.0]
        self.late: tuple[int, float | None] = (0, None)
        self._whole_of = 0
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

    def refresh(self, second: int, *, moved: bool = True) -> None:
        """Take the percentiles anew; `moved` is whether more requests came."""
        entry = self.entry
        histogram = entry.histogram
        if second - self._marked >= WINDOW_S:
            self._marks = (self._marks[1], histogram.copy())
            self._marked = second
        self.current = percentiles_ms(gained(histogram, self._marks[0]))
        count, before = entry.num_requests, self._whole_of
        if count < before or (count > before and (not moved or count >= before * GROWTH)):
            self._whole_of = count
            self.whole = entry.percentiles(FRACTIONS)
            self.late = late_figures(entry)

    def arrange(self) -> None:
        """Put the figures together."""
        entry, counts = self.entry, self.counts()
        if counts != self.seen:  # more came since it was looked at
            self.seen, self.is_warm = counts, True
        requests, failures, interrupted = counts
        timed = requests - entry.num_none_requests
        shortest = entry.min_us
        self.figures = (
            self.number,
            self.method,
            self.name,
            requests,
            failures,
            *self.rates,
            *self.current,
            *self.whole,
            (entry.total_us + timed // 2) // timed / 1000 if timed > 0 else 0.0,
            None if shortest == NEVER else shortest / 1000,
            entry.max_us / 1000,
            (10 * entry.total_content_length + requests // 2) // requests / 10 if requests else 0.0,
            interrupted,
            *self.late,
        )

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
        self.refresh(second, moved=False)
        if any(self.seen):
            self.arrange()
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

    def update(self, now: float, turns: Turns | None = None) -> list[NameRow]:
        """Look at all names, and return the rows that have changed since the last time."""
        turns = turns or Turns()
        second = int(now)
        self._add_new(second, turns)
        changed: list[NameRow] = []
        warm: list[tuple[NameRow, bool]] = []
        rate = SettledRate(second - self.lag, self._registry.total.start_time)
        for number, row in enumerate(list(self._rows)):
            if number % AT_ONCE == 0:
                turns.give_way()
            counts = row.counts()
            moved = counts != row.seen
            if not moved and not row.is_warm:
                continue
            row.seen = counts
            row.is_warm = True  # until its percentiles were taken after its last request
            entry, before = row.entry, row.rates
            row.rates = (rate.of(entry.num_reqs_per_sec), rate.of(entry.num_fail_per_sec))
            warm.append((row, moved))
            if moved or before != row.rates:
                changed.append(row)
        self._refresh(warm, second, changed, turns)
        for row in changed:
            row.arrange()
            turns.give_way()
        return changed

    def complete(self, now: float) -> None:
        """Take all names anew, however long it takes: nothing more is to come."""
        turns = Turns()
        self._add_new(int(now), turns)
        for row in list(self._rows):
            row.complete(int(now))
            turns.give_way()

    def _add_new(self, second: int, turns: Turns) -> None:
        entries = self._registry.entries
        if len(entries) == len(self._rows):
            return
        known = list(entries.items())
        while len(self._rows) < len(known):
            key, entry = known[len(self._rows)]
            if dict.get(entries, key) is not entry:
                return  # they were forgotten meanwhile
            row = NameRow(len(self._rows), entry, second)
            self._rows.append(row)
            self._by_key[key] = row
            turns.give_way()

    def _refresh(
        self, warm: list[tuple[NameRow, bool]], second: int, changed: list[NameRow], turns: Turns
    ) -> None:
        clock = time.perf_counter
        spent = 0.0
        known = {row.number for row in changed}
        for row, moved in sorted(warm, key=lambda each: each[0].refreshed):
            turns.give_way()
            begun = clock()
            before = (row.current, row.whole, row.late)
            row.refresh(second, moved=moved)
            row.keep(second)
            row.refreshed = clock()
            row.is_warm = moved or row.current[0] is not None or any(row.rates) or row.has_unkept
            if row.number not in known and before != (row.current, row.whole, row.late):
                changed.append(row)
            spent += row.refreshed - begun
            if spent > BUDGET_S:
                return


def table(rows: Iterable[NameRow], turns: Turns | None = None) -> dict[str, list[Any]]:
    """Return rows as columns: i, method, name, and COLUMNS; without those that counted nothing yet."""
    turns = turns or Turns()
    figures = [row.figures for row in rows if row.figures]
    columns: dict[str, list[Any]] = {column: [] for column in ("i", "method", "name", *COLUMNS)}
    for first in range(0, len(figures), ROWS_AT_ONCE):
        part = zip(*figures[first : first + ROWS_AT_ONCE], strict=True)
        for column, values in zip(columns.values(), part, strict=True):
            column.extend(values)
        turns.give_way()
    return columns
