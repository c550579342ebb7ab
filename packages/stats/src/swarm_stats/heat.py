"""Histograms over time, coarse enough to be drawn: a heat map's columns, in a bounded amount of memory.

A column counts durations in four buckets an octave, from 0 to a little over a minute. The bucket of a duration is
exact, since four of them share the limits of a histogram's own octave.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from swarm_stats.histogram import LINEAR_BITS, ROW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swarm_stats.histogram import Histogram
    from swarm_stats.timeline import Tiers

PARTS = 4
_PART = ROW // PARTS
OCTAVES = 20
"""Up to 2**26 µs = 67 s; longer durations count in the last bucket."""
BUCKETS = OCTAVES * PARTS
_COUNT_LIMIT = (1 << 25) - 1

SECONDS: Tiers = ((1, 900), (10, 720), (60, 1_440), (600, 2_016))
"""For a run as a whole."""
HALF_MINUTES: Tiers = ((30, 240), (300, 288))
"""For one name of many."""
MINUTES: Tiers = ((300, 96),)
"""For one of very many names."""

Column = dict[int, int]
"""Bucket to count."""


def bounds_ms() -> list[float]:
    """Return the lower edges of the buckets (ms), and the upper edge of the last one."""
    edges = [part * _PART / 1000 for part in range(PARTS)]
    for octave in range(1, OCTAVES):
        base = ROW << (octave - 1)
        edges += [base * (PARTS + part) / PARTS / 1000 for part in range(PARTS)]
    return [*edges, (ROW << (OCTAVES - 1)) / 1000]


def column_of(histogram: Histogram) -> Column:
    """Return how many durations are in each bucket, without the empty ones."""
    column: Column = {}
    for bits, row in histogram.rows.items():
        first = (bits - LINEAR_BITS) * PARTS
        for part in range(PARTS):
            n = sum(row[part * _PART : (part + 1) * _PART])
            if n:
                bucket = min(first + part, BUCKETS - 1)
                column[bucket] = column.get(bucket, 0) + n
    return column


def flat(column: Column) -> list[int]:
    """Return a column as bucket, count, bucket, count, … in rising order."""
    return [number for pair in sorted(column.items()) for number in pair]


class HeatMap:
    """Columns over whole seconds, in the tiers of a timeline."""

    def __init__(self, tiers: Tiers = SECONDS) -> None:
        self._tiers = tiers
        self._levels: list[dict[int, bytes]] = [{} for _ in tiers]

    def __len__(self) -> int:
        return sum(map(len, self._levels))

    @property
    def step(self) -> int:
        """Seconds of the finest columns."""
        return self._tiers[0][0]

    def steps(self) -> list[tuple[int, int]]:
        """Return (time, seconds): from that time on columns last so long, the oldest first."""
        tiers = reversed(list(zip(self._levels, self._tiers, strict=True)))
        return [(min(level), step) for level, (step, _) in tiers if level]

    def clear(self) -> None:
        """Forget all columns."""
        for level in self._levels:
            level.clear()

    def copy(self) -> HeatMap:
        """Return an independent copy."""
        new = HeatMap(self._tiers)
        new._levels = [dict(level) for level in self._levels]
        return new

    def add(self, time: int, column: Column) -> None:
        """Add to the column of `time`; an empty one takes no memory."""
        if column:
            self._add(0, time - time % self.step, column)

    def columns(self, begin: float | None = None, end: float | None = None) -> list[tuple[int, Column]]:
        """Return (time, column) in the order of times, from `begin` to `end` (seconds, both included)."""
        return [(time, _unpacked(packed)) for time, packed in self._within(begin, end)]

    def flat_columns(
        self, begin: float | None = None, end: float | None = None
    ) -> Iterator[tuple[int, list[int]]]:
        """Yield the same with flat columns (see `flat`), as they were when the first one was asked for."""
        for time, packed in self._within(begin, end):
            numbers = array("I")
            numbers.frombytes(packed)
            yield time, [part for number in numbers for part in (number & 127, number >> 7)]

    def _within(self, begin: float | None, end: float | None) -> list[tuple[int, bytes]]:
        shown = [
            (time, packed)
            for level in reversed(self._levels)
            for time, packed in level.items()
            if (begin is None or time >= begin) and (end is None or time <= end)
        ]
        return sorted(shown, key=lambda item: item[0])

    def _add(self, level: int, time: int, column: Column) -> None:
        columns = self._levels[level]
        known = columns.get(time)
        columns[time] = _packed(column if known is None else _sum(_unpacked(known), column))
        if len(columns) > self._tiers[level][1]:
            oldest = min(columns)
            folded = _unpacked(columns.pop(oldest))
            if level + 1 < len(self._tiers):
                self._add(level + 1, oldest - oldest % self._tiers[level + 1][0], folded)


def _sum(column: Column, other: Column) -> Column:
    for bucket, n in other.items():
        column[bucket] = column.get(bucket, 0) + n
    return column


def _packed(column: Column) -> bytes:
    return array("I", [min(n, _COUNT_LIMIT) << 7 | bucket for bucket, n in sorted(column.items())]).tobytes()


def _unpacked(packed: bytes) -> Column:
    numbers = array("I")
    numbers.frombytes(packed)
    return {number & 127: number >> 7 for number in numbers}
