from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_stats import Histogram
from swarm_stats.histogram import MAX_US, ROW, bucket_value
from tests.stats.samples import durations


def histogram_of(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def test_it_covers_a_microsecond_to_over_an_hour() -> None:
    histogram = histogram_of([1, 3_700 * 1_000_000])

    assert histogram.percentile(0) == 1
    assert histogram.percentile(1) == pytest.approx(3_700e6, rel=0.01)


def test_durations_below_256_microseconds_are_exact() -> None:
    histogram = histogram_of(list(range(256)))

    assert histogram.items() == [(us, 1) for us in range(256)]


@given(st.integers(1, MAX_US))
def test_a_bucket_is_within_one_percent_of_each_duration_in_it(us: int) -> None:
    [(shown, count)] = histogram_of([us]).items()

    assert count == 1
    assert abs(shown - us) <= us / 100


@given(st.lists(st.integers(1, MAX_US), min_size=1), st.floats(0, 1))
def test_a_percentile_is_within_one_percent_of_the_sorted_samples(values: list[int], fraction: float) -> None:
    exact = sorted(values)[min(math.floor(fraction * len(values) + 1e-9), len(values) - 1)]

    assert histogram_of(values).percentile(fraction) == pytest.approx(exact, rel=0.01)


@given(st.lists(durations, min_size=1), st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_percentiles_together_are_those_taken_one_by_one(values: list[int], fractions: list[float]) -> None:
    histogram = histogram_of(values)

    assert histogram.percentiles(fractions) == [histogram.percentile(each) for each in fractions]


def test_percentiles_follow_locusts_rank() -> None:
    histogram = histogram_of(list(range(100)))

    assert [histogram.percentile(f) for f in (0.5, 0.6, 0.95, 0.29, 1.0)] == [50, 60, 95, 29, 99]


@given(st.lists(durations), st.lists(durations))
def test_merging_is_the_same_as_adding_to_one(left: list[int], right: list[int]) -> None:
    merged = histogram_of(left)
    merged.merge(histogram_of(right))

    assert merged == histogram_of(left + right)
    assert merged.count == len(left) + len(right)


@given(st.lists(durations), st.lists(durations), st.lists(durations))
def test_merging_does_not_care_for_the_order(a: list[int], b: list[int], c: list[int]) -> None:
    left, right = histogram_of(a), histogram_of(b)
    left.merge(histogram_of(b))
    left.merge(histogram_of(c))
    right.merge(histogram_of(c))
    right.merge(histogram_of(a))

    assert left == right


@given(st.lists(durations), st.lists(durations))
def test_the_difference_is_what_was_added_since(before: list[int], after: list[int]) -> None:
    histogram = histogram_of(before)
    earlier = histogram.copy()
    for value in after:
        histogram.add(value)

    assert histogram.diff(earlier) == histogram_of(after)
    assert earlier == histogram_of(before)


@pytest.mark.parametrize("missing", [5, 70_000])
def test_a_difference_to_what_is_no_earlier_copy_is_refused(missing: int) -> None:
    with pytest.raises(ValueError, match="has durations that this one has not"):
        histogram_of([6]).diff(histogram_of([missing]))


@given(st.lists(durations))
def test_the_sparse_form_loses_nothing(values: list[int]) -> None:
    histogram = histogram_of(values)

    assert Histogram.from_sparse(histogram.to_sparse()) == histogram


@pytest.mark.parametrize("flat", [[1], [-1, 2], [1, -2], [ROW * 64, 1]])
def test_a_sparse_form_that_is_none_is_refused(flat: list[int]) -> None:
    with pytest.raises(ValueError, match="sparse histogram"):
        Histogram.from_sparse(flat)


def test_what_is_longer_than_the_last_bucket_is_counted_in_it() -> None:
    histogram = histogram_of([MAX_US, MAX_US + 1, 10**30])

    assert histogram.count == 3
    assert histogram == histogram_of([MAX_US] * 3)


def test_what_is_below_zero_counts_as_zero() -> None:
    assert histogram_of([-5]).items() == [(0, 1)]


def test_a_bucket_counts_beyond_32_bits() -> None:
    histogram = Histogram()
    histogram.add(1000, 2**32 - 1)
    histogram.add(1000)
    other = histogram.copy()
    other.merge(histogram)

    assert histogram.count == 2**32
    assert other.count == 2**33
    assert other.diff(histogram) == histogram
    assert Histogram.from_sparse(other.to_sparse()) == other


def test_merging_carries_over_32_bits() -> None:
    histogram = Histogram()
    histogram.add(1000, 2**31)
    histogram.merge(histogram.copy())

    assert histogram.count == 2**32


def test_an_empty_one_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="empty"):
        Histogram().percentile(0.5)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, 50])
def test_a_percentile_is_a_fraction(fraction: float) -> None:
    with pytest.raises(ValueError, match="fraction from 0 to 1"):
        histogram_of([1]).percentile(fraction)


def test_a_typical_one_takes_about_two_kilobytes() -> None:
    histogram = histogram_of([900, 1_500, 3_000, 5_000])

    assert sum(sys.getsizeof(row) for row in histogram.rows.values()) < 2_600


def test_buckets_rise() -> None:
    values = [bucket_value(index) for index in range(ROW * 20)]

    assert values == sorted(set(values))


def test_it_says_how_many_it_holds() -> None:
    assert repr(histogram_of([1, 2])) == "<Histogram of 2 durations>"
    assert histogram_of([1]) != [(1, 1)]


sizes = st.one_of(st.integers(1, 5), st.integers(2**30, 2**33))


@given(
    st.dictionaries(st.integers(128, 255), st.tuples(sizes, sizes), max_size=6),
)
def test_a_difference_is_exact_or_refused_however_large_the_counts_are(
    counts: dict[int, tuple[int, int]],
) -> None:
    new, old = Histogram(), Histogram()
    for us, (more, fewer) in counts.items():
        new.add(us, more)
        old.add(us, fewer)
    if all(more >= fewer for more, fewer in counts.values()):
        gained = new.diff(old)
        assert dict(gained.items()) == {us: m - f for us, (m, f) in counts.items() if m > f}
    else:
        with pytest.raises(ValueError, match="subtract"):
            new.diff(old)
