"""A histogram of durations that merges without loss.

The rule: a bucket is at most 1/128 of the values in it, so whatever is read from one is off by at most
1/256 (0.4 %), and by nothing at all below 256 µs.
"""

from __future__ import annotations

import math
import sys
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LINEAR_BITS = 7
"""Durations of at most this many bits have a bucket for each microsecond, all in one row."""

ROW = 1 << LINEAR_BITS
"""Buckets in a row: one row holds one octave (the durations of one bit length)."""

MAX_BITS = 36
MAX_US = (1 << MAX_BITS) - 1
"""The longest duration with a bucket of its own (19 hours); what is longer is counted in that bucket."""

BUCKETS = (MAX_BITS - LINEAR_BITS + 1) << LINEAR_BITS
"""How many buckets there are; an index is below it."""

_EMPTY = bytes(ROW * array("I").itemsize)
_EMPTY_ROWS = {typecode: array(typecode, [0]) * ROW for typecode in "IQ"}
_HIGHEST_BITS = {
    typecode: int.from_bytes(array(typecode, [1 << (8 * row.itemsize - 1)]) * ROW, sys.byteorder)
    for typecode, row in _EMPTY_ROWS.items()
}
"""The highest bit of each count of a row, in one number."""
_NOT_EARLIER = "the histogram to subtract has durations that this one has not"


def bucket_value(index: int) -> int:
    """Return the duration (µs) that stands for bucket `index`: the middle of what it holds."""
    octave, position = index >> LINEAR_BITS, index & (ROW - 1)
    if octave == 0:
        return position
    width = 1 << (octave - 1)
    return ((ROW + position) << (octave - 1)) + (width >> 1)


def _split(us: int) -> tuple[int, int]:
    """Return the row (a bit length) and the position in it of a duration (µs)."""
    if us < ROW:
        return LINEAR_BITS, max(us, 0)
    us = min(us, MAX_US)
    bits = us.bit_length()
    return bits, (us >> (bits - LINEAR_BITS - 1)) & (ROW - 1)


def _sum_rows(left: array[int], right: Iterable[int]) -> array[int]:
    right = list(right)
    try:
        return array(left.typecode, map(int.__add__, left, right))
    except OverflowError:
        return array("Q", map(int.__add__, left, right))


def _subtract_rows(row: array[int], old: array[int]) -> array[int]:
    """Subtract all counts at once, as the digits of two large numbers: ten times as fast as one by one."""
    if old.typecode != row.typecode:
        try:
            old = array(row.typecode, old)
        except OverflowError as error:
            raise ValueError(_NOT_EARLIER) from error
    size = row.itemsize * ROW
    before = int.from_bytes(old, sys.byteorder)
    number = int.from_bytes(row, sys.byteorder) - before
    # A count that was below the old one has this bit now, unless the old one had it.
    if number >= 0 and not (number | before) & _HIGHEST_BITS[row.typecode]:
        return array(row.typecode, number.to_bytes(size, sys.byteorder))
    try:
        gained = array(row.typecode, number.to_bytes(size, sys.byteorder))
    except OverflowError:
        gained = row
    if sum(gained) != sum(row) - sum(old):  # a count was below the old one, and borrowed from its neighbour
        raise ValueError(_NOT_EARLIER)
    return gained


class Histogram:
    """Counts of durations in log-linear buckets.

    Durations are microseconds (int, 0 to `MAX_US`, longer ones are counted as `MAX_US`). Only the octaves
    in use take memory, 0.6 KB each. Adding two histograms loses nothing.

    `rows` maps the bit length of a duration to the 128 counts of its octave (bit lengths up to 7 share row
    7). It is public for `Registry.record`, which has this arithmetic inlined.

    Source: the bucket layout is HdrHistogram's (Gil Tene), with 7 significant bits.
    """

    def __init__(self) -> None:
        self.rows: dict[int, array[int]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.to_sparse() == other.to_sparse()

    __hash__ = None  # type: ignore[assignment] # it changes, so it is no key

    def __repr__(self) -> str:
        return f"<Histogram of {self.count} durations>"

    @property
    def count(self) -> int:
        """The number of durations added."""
        return sum(sum(row) for row in self.rows.values())

    def add(self, us: int, times: int = 1) -> None:
        """Count a duration (µs) `times` times."""
        bits, position = _split(us)
        row = self.rows.get(bits)
        if row is None:
            row = self.rows[bits] = array("I", _EMPTY)
        try:
            row[position] += times
        except OverflowError:  # 2**32 durations in one bucket: go on with 64 bits
            row = self.rows[bits] = array("Q", row)
            row[position] += times

    def add_buckets(self, buckets: Iterable[tuple[int, int]]) -> None:
        """Add the counts of buckets: (index, count) pairs, the indexes as `buckets` gives them."""
        rows = self.rows
        for index, n in buckets:
            try:
                rows[(index >> LINEAR_BITS) + LINEAR_BITS][index & (ROW - 1)] += n
            except (KeyError, OverflowError):
                self.add(bucket_value(index), n)

    def buckets(self, indexes: list[int], counts: list[int]) -> int:
        """Append the buckets in use to `indexes` and `counts`; return how many there are."""
        before = len(indexes)
        for bits, row in self.rows.items():
            if row == _EMPTY_ROWS[row.typecode]:
                continue
            # A row that was filled for a second has a few counts near each other: look at no others.
            size, written = row.itemsize, row.tobytes()
            first = (len(written) - len(written.lstrip(b"\0"))) // size
            last = (len(written.rstrip(b"\0")) - 1) // size + 1
            start = (bits - LINEAR_BITS) << LINEAR_BITS
            for position, n in enumerate(row[first:last], start + first):
                if n:
                    indexes.append(position)
                    counts.append(n)
        return len(indexes) - before

    def zero(self) -> None:
        """Forget all durations, and keep the memory for those to come."""
        for row in self.rows.values():
            row[:] = _EMPTY_ROWS[row.typecode]

    def merge(self, other: Histogram) -> None:
        """Add all the durations of `other`."""
        for bits, row in other.rows.items():
            mine = self.rows.get(bits)
            self.rows[bits] = array(row.typecode, row) if mine is None else _sum_rows(mine, row)

    def diff(self, earlier: Histogram) -> Histogram:
        """Return the durations added since `earlier`, a copy of this histogram made before.

        Raises ValueError when `earlier` holds durations that this one does not.
        """
        new = Histogram()
        if not earlier.rows.keys() <= self.rows.keys():
            raise ValueError(_NOT_EARLIER)
        for bits, row in self.rows.items():
            old = earlier.rows.get(bits)
            if old is None:
                new.rows[bits] = array(row.typecode, row)
            elif old != row:
                new.rows[bits] = _subtract_rows(row, old)
        return new

    def copy(self) -> Histogram:
        """Return an independent copy."""
        new = Histogram()
        new.rows = {bits: array(row.typecode, row) for bits, row in self.rows.items()}
        return new

    def percentile(self, fraction: float) -> int:
        """Return the duration (µs) that `fraction` (0 to 1) of the durations do not exceed.

        It is the one of rank floor(fraction x count) + 1 in rising order, for 1 the longest (Locust's rule).
        Raises ValueError when the histogram is empty or `fraction` is outside 0 to 1.
        """
        return self.percentiles((fraction,))[0]

    def percentiles(self, fractions: Sequence[float]) -> list[int]:
        """Return `percentile` of each of `fractions`, in one pass."""
        for fraction in fractions:
            if not 0 <= fraction <= 1:
                raise ValueError(f"a percentile is given as a fraction from 0 to 1, not as {fraction}")
        octaves = [(bits, row, sum(row)) for bits, row in sorted(self.rows.items())]
        count = sum(total for _, _, total in octaves)
        if not count:
            raise ValueError("an empty histogram has no percentiles")
        # The tiny term undoes binary fractions: 0.29 x 100 is 28.999999999999996.
        ranks = [min(math.floor(fraction * count + 1e-9) + 1, count) for fraction in fractions]
        found: dict[int, int] = {}
        pending = iter(sorted(set(ranks)))
        rank = next(pending)
        below = 0
        for bits, row, total in octaves:
            seen = below
            below += total
            if rank > below:
                continue
            for position, n in enumerate(row):
                seen += n
                while rank <= seen:
                    found[rank] = bucket_value(((bits - LINEAR_BITS) << LINEAR_BITS) + position)
                    upcoming = next(pending, None)
                    if upcoming is None:
                        return [found[each] for each in ranks]
                    rank = upcoming
                if rank > below:
                    break
        raise AssertionError("a rank beyond the count")  # pragma: no cover

    def items(self) -> list[tuple[int, int]]:
        """Return (duration in µs, count) of each bucket in use, in rising order."""
        return [(bucket_value(index), n) for index, n in self._counts()]

    def to_sparse(self) -> list[int]:
        """Return the buckets in use as a flat list: index, count, index, count, … in rising order."""
        return [number for pair in self._counts() for number in pair]

    @classmethod
    def from_sparse(cls, flat: Sequence[int]) -> Histogram:
        """Make a histogram of what `to_sparse` gave.

        Raises ValueError when it has an odd length, an index without a bucket, or a negative count.
        """
        if len(flat) % 2:
            raise ValueError("a sparse histogram is a list of index, count pairs; one is incomplete")
        new = cls()
        for index, n in zip(flat[::2], flat[1::2], strict=True):
            bits = (index >> LINEAR_BITS) + LINEAR_BITS
            if not LINEAR_BITS <= bits <= MAX_BITS or n < 0:
                raise ValueError(f"a sparse histogram has no bucket {index} with count {n}")
            new.add(bucket_value(index), n)
        return new

    def _counts(self) -> list[tuple[int, int]]:
        return [
            (((bits - LINEAR_BITS) << LINEAR_BITS) + position, n)
            for bits, row in sorted(self.rows.items())
            for position, n in enumerate(row)
            if n
        ]
