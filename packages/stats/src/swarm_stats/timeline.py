"""A table of figures over time in a bounded amount of memory: fine for what is recent, coarse for what is long ago.

The rule: rows are in the order of their times, and a time that falls into a coarser tier is summed up there
with its neighbours, in the way that its column says; it is never dropped before the last tier is full.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from copy import copy
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

DIGITS = 3
"""Decimals of a value."""

Tiers = tuple[tuple[int, int], ...]
"""(seconds a row, rows) from the finest to the coarsest; each step divides the next one."""

SECONDS: Tiers = ((1, 900), (5, 1_440), (30, 2_880), (300, 4_032))
"""For a run as a whole: seconds for 15 min, then 5 s for 2 h, 30 s for a day, 5 min for two weeks."""
TENS: Tiers = ((10, 180), (60, 120), (300, 288))
"""For one name of many: 10 s for half an hour, then a minute for 2 h, 5 min for a day."""
MINUTES: Tiers = ((60, 120), (300, 96))
"""For one of very many names."""


class Fold(Enum):
    """How the rows of a finer tier become one of a coarser tier."""

    LAST = "last"
    RATE = "rate"
    """Events per second: their sum over the time of the new row; where a row is missing nothing happened."""
    MEAN = "mean"
    """Mean, each row weighted by the table's first RATE column."""
    MAX = "max"


class Timeline:
    """Columns of numbers over whole seconds. A value of None is kept as such and takes no part in a sum."""

    def __init__(
        self, columns: Mapping[str, Fold], tiers: Tiers = SECONDS, *, single_precision: bool = False
    ) -> None:
        self.names = tuple(columns)
        self._folds = tuple(columns.values())
        self._weight = self._folds.index(Fold.RATE) if Fold.RATE in self._folds else None
        self._tiers = tiers
        self._typecode = "f" if single_precision else "d"
        self.clear()

    def __len__(self) -> int:
        return len(self._times)

    @property
    def step(self) -> int:
        """Seconds of the finest rows."""
        return self._tiers[0][0]

    def clear(self) -> None:
        """Forget all rows."""
        self._times = array("q")
        self._columns: tuple[array[Any], ...] = tuple(array(self._typecode) for _ in self.names)
        self._counts = [0] * len(self._tiers)  # rows of each tier, the finest first

    def put(self, time: int, row: Sequence[float | None]) -> bool:
        """Set the row of `time`, a multiple of the finest step; return whether there is anything new.

        A time that is older than the finest tier's rows is left out.
        """
        times = self._times
        values = [math.nan if value is None else round(float(value), DIGITS) for value in row]
        if not times or time > times[-1]:
            times.append(time)
            for column, value in zip(self._columns, values, strict=True):
                column.append(value)
            self._counts[0] += 1
            self._fold()
            return True
        first = len(times) - self._counts[0]
        for position in range(len(times) - 1, first - 1, -1):
            if times[position] == time:
                return self._change(position, values)
            if times[position] < time:
                times.insert(position + 1, time)
                for column, value in zip(self._columns, values, strict=True):
                    column.insert(position + 1, value)
                self._counts[0] += 1
                self._fold()
                return True
        return False

    def restore(self, rows: Mapping[str, Sequence[Any]]) -> None:
        """Take the place of all rows: those of `columns()`, whose older ones are of coarser tiers already.

        A column that `rows` does not have is unknown in all of them.
        """
        self.clear()
        times = rows["time"]
        tier = len(self._tiers) - 1
        for position, time in enumerate(times):
            gap = times[position + 1] - time if position + 1 < len(times) else self.step
            while tier and gap < self._tiers[tier][0]:
                tier -= 1
            self._times.append(time)
            self._counts[tier] += 1
            for name, column in zip(self.names, self._columns, strict=True):
                value = rows[name][position] if name in rows else None
                column.append(math.nan if value is None else float(value))
        self._fold()

    def columns(
        self, begin: float | None = None, end: float | None = None, names: Sequence[str] | None = None
    ) -> dict[str, list[Any]]:
        """Return `time` and the columns as lists, from `begin` to `end` (seconds, both included)."""
        times = self._times
        first = 0 if begin is None else bisect_left(times, begin)
        last = len(times) if end is None else bisect_right(times, end)
        shown: dict[str, list[Any]] = {"time": times[first:last].tolist()}
        for name, column in zip(self.names, self._columns, strict=True):
            if names is None or name in names:
                values: Sequence[float] = column[first:last]
                if self._typecode == "f":  # which does not hold what was rounded
                    values = [round(value, DIGITS) for value in values]
                shown[name] = [None if value != value else value for value in values]
        return shown

    def coarser(self, rows: int, between: Callable[[], object] = int) -> Timeline:
        """Return a copy of at most `rows` rows, evenly spaced if it has to be coarser than this one.

        `between` is called after each row: whoever has to give way does it there.
        """
        if len(self._times) <= rows:
            return self
        whole = self._copy()
        span = whole._times[-1] - whole._times[0] + self.step
        step = self.step * math.ceil(span / rows / self.step)
        new = Timeline(dict(zip(self.names, self._folds, strict=True)), ((step, rows + 1),))
        start = 0
        for position in range(1, len(whole._times) + 1):
            group = whole._times[start] // step
            if position == len(whole._times) or whole._times[position] // step != group:
                new.put(group * step, whole._folded(start, position, step))
                start = position
                between()
        return new

    def _copy(self) -> Timeline:
        new = copy(self)
        new._times = self._times[:]
        new._columns = tuple(column[:] for column in self._columns)
        new._counts = self._counts[:]
        return new

    def _change(self, position: int, values: list[float]) -> bool:
        changed = False
        for column, value in zip(self._columns, values, strict=True):
            old = column[position]
            column[position] = value
            new = column[position]
            changed = changed or (old != new and not (old != old and new != new))
        return changed

    def _fold(self) -> None:
        """Move the oldest rows of each tier that is full to the next one, a row of that one at a time."""
        end = len(self._times)
        for tier, (_, rows) in enumerate(self._tiers):
            first = end - self._counts[tier]
            while self._counts[tier] > rows:
                if tier + 1 == len(self._tiers):
                    self._remove(first, first + 1)
                    self._counts[tier] -= 1
                    end -= 1
                    continue
                step = self._tiers[tier + 1][0]
                group = self._times[first] // step
                past = first + 1
                while past < end and self._times[past] // step == group:
                    past += 1
                joins = self._counts[tier + 1] and self._times[first - 1] == group * step
                values = self._folded(first, past, step)
                if joins:  # a row that came late: its neighbours were folded before
                    self._counts[tier] -= past - first
                    self._remove(first, past)
                    end -= past - first
                    continue
                self._remove(first + 1, past)
                self._times[first] = group * step
                for column, value in zip(self._columns, values, strict=True):
                    column[first] = math.nan if value is None else round(value, DIGITS)
                self._counts[tier] -= past - first
                self._counts[tier + 1] += 1
                end -= past - first - 1
                first += 1
            end = first

    def _remove(self, first: int, past: int) -> None:
        del self._times[first:past]
        for column in self._columns:
            del column[first:past]

    def _folded(self, first: int, past: int, step: int) -> list[float | None]:
        lengths = self._lengths(first, past)
        weights: Sequence[float] = [1.0] * (past - first)
        if self._weight is not None:
            weights = [
                (rate if rate == rate else 0.0) * length
                for rate, length in zip(self._columns[self._weight][first:past], lengths, strict=True)
            ]
        return [
            _fold_values(fold, column[first:past], weights, lengths, step)
            for fold, column in zip(self._folds, self._columns, strict=True)
        ]

    def _lengths(self, first: int, past: int) -> list[int]:
        """The seconds of each row, by the tier that it is in."""
        lengths = []
        for position in range(first, past):
            behind = len(self._times) - position
            for count, (step, _) in zip(self._counts, self._tiers, strict=True):
                if behind <= count:
                    lengths.append(step)
                    break
                behind -= count
        return lengths


def _fold_values(
    fold: Fold, values: Sequence[float], weights: Sequence[float], lengths: Sequence[int], step: int
) -> float | None:
    known = [
        (value, weight, length)
        for value, weight, length in zip(values, weights, lengths, strict=True)
        if value == value
    ]
    if not known:
        return None
    if fold is Fold.LAST:
        return known[-1][0]
    if fold is Fold.MAX:
        return max(value for value, _, _ in known)
    if fold is Fold.RATE:
        return sum(value * length for value, _, length in known) / step
    total = sum(weight for _, weight, _ in known)
    if not total:
        return sum(value for value, _, _ in known) / len(known)
    return sum(value * weight for value, weight, _ in known) / total
