"""The run as a whole, second by second: its load, throughput and response times, and its heat map."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from swarm_stats import heat
from swarm_stats.histogram import Histogram
from swarm_stats.history import series_limit
from swarm_stats.timeline import Fold, Timeline
from swarm_web.name_rows import FRACTIONS, gained, percentiles_ms
from swarm_web.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swarm_stats.entries import Entry

COLUMNS = {
    "users": Fold.LAST,
    "target": Fold.LAST,
    "rps": Fold.RATE,
    "fps": Fold.RATE,
    "p50": Fold.MEAN,
    "p95": Fold.MAX,
    "p99": Fold.MAX,
    "avg": Fold.MEAN,
    "p95_intent": Fold.MAX,
    "workers": Fold.LAST,
    "cpu": Fold.MAX,
    "lag": Fold.MAX,
}
SETTLED_S = 600
"""Seconds that are looked at when a run is over."""
REVISED_S = 8
"""Seconds that are looked at again for what came late."""


class News(NamedTuple):
    """What a second brought: rows of the history, and columns of the heat maps.

    `intent` are those of the times from the intended start, None while no request has begun late.
    """

    rows: dict[str, list[Any]]
    heat: dict[str, list[Any]]
    intent: dict[str, list[Any]] | None


NO_NEWS = News({"time": []}, {"time": [], "columns": []}, None)


class RunHistory:
    """Rows of what the total did in each second.

    `lag` is after how many seconds all of a second has been reported (0 where the users run in this process).
    `heat_intent` has the times from the intended start, from the first request on that began late; before that they
    are the same as those of `heat`, which stand in it, too.
    """

    def __init__(self, total: Entry, lag: int) -> None:
        self.lag = lag
        self.rows = Timeline(COLUMNS)
        self.heat = heat.HeatMap(heat.SECONDS)
        self.heat_intent: heat.HeatMap | None = None
        self._total = total
        self._loads: dict[int, Sequence[float]] = {}
        self._times: dict[int, Sequence[float | None]] = {}
        self._mark: Histogram | None = None
        self._intents: deque[tuple[int, Histogram]] = deque()
        self._sums = (0, 0)
        self._owed_times: set[int] = set()
        self._owed_heat: dict[str, list[Any]] = {}
        self._owed_intent: dict[str, list[Any]] = {}

    def clear(self) -> None:
        """Begin anew."""
        self.rows.clear()
        self.heat.clear()
        self.heat_intent = None
        self._intents.clear()
        self._loads.clear()
        self._times.clear()
        self._mark = None
        self._sums = (0, 0)
        self._owed_times.clear()
        self._owed_heat.clear()
        self._owed_intent.clear()

    def current(self) -> list[float | None]:
        """Return the percentiles of late (ms)."""
        current = self._total.current_percentiles(FRACTIONS)
        return [None] * len(FRACTIONS) if current is None else [*current]

    def add(self, now: float, users: int, target: int, nodes: Sequence[float]) -> News:
        """Take in the second that is over; return the rows that are new or better now, and the heat maps' columns.

        `nodes` are workers, CPU and lag.
        """
        total, second = self._total, int(now) - 1
        settled = second - self.lag
        self._loads[second] = (users, target, *nodes)
        intent, p95_intent = self._from_intent(second)
        self._times[settled] = (*self.current(), self._average(), p95_intent)
        for kept in (self._loads, self._times):
            while len(kept) > self.lag + REVISED_S + 1:
                del kept[next(iter(kept))]
        begin = int(total.start_time)
        times = []
        settles = [each for each in self._owed_times if each <= settled]
        self._owed_times.difference_update(settles)
        for each, (users_then, target_then, *nodes_then) in self._loads.items():
            if begin <= each <= settled:
                rates = (total.num_reqs_per_sec.get(each, 0), total.num_fail_per_sec.get(each, 0))
                took = self._times.get(each, (None, None, None, None, None))
                if self.rows.put(each, [users_then, target_then, *rates, *took, *nodes_then]):
                    times.append(each)
        times = sorted({*times, *settles})
        at = max(begin, second - self.lag // 2)
        of_intent = None
        if intent is not None:
            of_intent = self._with_owed(self._owed_intent, self._heat_of_intent(at, intent))
        return News(self._shown(times), self._with_owed(self._owed_heat, self._heat(at)), of_intent)

    def complete(self, now: float, names: int) -> None:
        """Take in what has not settled yet, so that all that was counted is in the rows and the heat maps.

        `names` is how many names there are: the more, the fewer seconds the statistics hold unfolded.
        A run may go on nevertheless; what the viewers have not got of it, the next `add` brings.
        """
        total, latest = self._total, int(now)
        counted = [each for each in (*total.num_reqs_per_sec, *total.num_fail_per_sec) if each <= latest]
        last = max(counted, default=latest - 1)
        if counted:
            unfolded = series_limit(names) // 2
            self._settle(max(min(counted), last - min(SETTLED_S, unfolded) + 1), last)
        intent, _ = self._from_intent(last)
        if intent is not None:
            self._owe(self._owed_intent, self._heat_of_intent(last, intent))
        self._owe(self._owed_heat, self._heat(last))

    def _settle(self, first: int, last: int) -> None:
        """Put the rows from `first` to `last` (seconds) that are missing, or have other counts by now."""
        total, known = self._total, self.rows.columns(first, last)
        at = {time: position for position, time in enumerate(known.pop("time"))}
        newest, load = max(at, default=first - 1), next(iter(self._loads.values()), (0,) * 5)
        of_late = (*self.current(), None, None)
        for each in range(first, last + 1):
            rates = (total.num_reqs_per_sec.get(each, 0), total.num_fail_per_sec.get(each, 0))
            load = self._loads.get(each, load)
            if each in at:
                row = {name: values[at[each]] for name, values in known.items()}
                row |= {"rps": rates[0], "fps": rates[1]}
            elif each > newest or any(rates):
                row = dict(zip(COLUMNS, (*load[:2], *rates, *of_late, *load[2:]), strict=True))
            else:
                continue
            if self.rows.put(each, list(row.values())):
                self._owed_times.add(each)

    def _owe(self, owed: dict[str, list[Any]], news: dict[str, list[Any]]) -> None:
        for key, values in news.items():
            owed.setdefault(key, []).extend(values)

    def _with_owed(self, owed: dict[str, list[Any]], news: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Return the columns of a heat map that viewers have not got."""
        known = {key: [*owed.get(key, ()), *values] for key, values in news.items()}
        owed.clear()
        return known

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
        return _put(self.heat, second, column)

    def _from_intent(self, second: int) -> tuple[Histogram | None, float | None]:
        """What came since the last time, by its times from the intended start, and the p95 of late (ms).

        Nothing while no request has begun late.
        """
        total, marks = self._total, self._intents
        if total.late is None:
            return None, None
        if not marks:  # until now they were the times as they were served
            self.heat_intent = self.heat.copy()
            marks.append((second - 1, self._mark or Histogram()))
        whole = total.from_intent()
        new = gained(whole, marks[-1][1])
        marks.append((second, whole))
        window = 10 if total.stats is None else total.stats.current_window
        while marks[0][0] < second - window:
            marks.popleft()
        return new, percentiles_ms(gained(whole, marks[0][1]))[1]

    def _heat_of_intent(self, second: int, new: Histogram) -> dict[str, list[Any]]:
        assert self.heat_intent is not None  # noqa: S101  it was made when the first of these came
        return _put(self.heat_intent, second, heat.column_of(new))

    def _average(self) -> float | None:
        total = self._total
        sums = (total.num_timed, total.total_us)
        timed, us = sums[0] - self._sums[0], sums[1] - self._sums[1]
        self._sums = sums
        return us / timed / 1000 if timed > 0 else None


def _put(drawn: heat.HeatMap, second: int, column: heat.Column) -> dict[str, list[Any]]:
    if not column:
        return {"time": [], "columns": []}
    drawn.add(second, column)
    return {"time": [second], "columns": [heat.flat(column)]}


def drawing(drawn: heat.HeatMap, begin: float | None = None, end: float | None = None) -> dict[str, Any]:
    """Return a heat map in the form of the API; others have their turn meanwhile."""
    turns, times, columns = Turns(), [], []
    steps = [list(each) for each in drawn.steps()]
    for time, column in drawn.flat_columns(begin, end):
        times.append(time)
        columns.append(column)
        turns.give_way()
    return {
        "step": drawn.step,
        "steps": steps,
        "bounds": heat.bounds_ms(),
        "time": times,
        "columns": columns,
    }
