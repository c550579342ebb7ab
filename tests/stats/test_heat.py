"""Heat maps: every duration in its bucket, and none lost however long the run."""

from __future__ import annotations

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from swarm_stats.heat import BUCKETS, HeatMap, bounds_ms, column_of, flat
from swarm_stats.histogram import Histogram


@given(st.integers(min_value=0, max_value=66_000_000))
def test_a_duration_is_in_the_bucket_whose_bounds_hold_it(us: int) -> None:
    histogram = Histogram()
    histogram.add(us)
    assert column_of(histogram) == {bisect_right(bounds_ms(), us / 1000) - 1: 1}


def test_bounds_rise_and_enclose_all_buckets() -> None:
    bounds = bounds_ms()
    assert len(bounds) == BUCKETS + 1
    assert bounds[0] == 0
    assert bounds == sorted(set(bounds))


def test_longer_durations_are_in_the_last_bucket() -> None:
    histogram = Histogram()
    histogram.add(500_000_000)
    histogram.add(70_000_000, 2)
    assert column_of(histogram) == {BUCKETS - 1: 3}


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 79), st.integers(1, 1_000)), max_size=200))
def test_folding_loses_no_request(added: list[tuple[int, int, int]]) -> None:
    drawn = HeatMap(((1, 5), (10, 4), (50, 100)))
    for time, bucket, count in added:
        drawn.add(time, {bucket: count})
    columns = drawn.columns()
    assert sum(sum(column.values()) for _, column in columns) == sum(count for _, _, count in added)
    assert [time for time, _ in columns] == sorted(time for time, _ in columns)
    assert len(drawn) <= 5 + 4 + 100


def test_a_span_is_cut_out() -> None:
    drawn = HeatMap()
    for time in range(10):
        drawn.add(time, {time: 1})
    assert drawn.columns(3, 5) == [(3, {3: 1}), (4, {4: 1}), (5, {5: 1})]
    drawn.add(11, {})
    assert len(drawn) == 10
    drawn.clear()
    assert drawn.columns() == []


def test_a_column_is_flat_in_rising_order() -> None:
    assert flat({9: 1, 2: 5}) == [2, 5, 9, 1]


def test_flat_columns_are_the_columns_in_rising_order() -> None:
    drawn = HeatMap(((1, 10), (10, 10)))
    for second in range(25):
        drawn.add(second, {40: 2, 3: second + 1})
    again = drawn.copy()
    drawn.add(30, {1: 1})

    assert list(again.flat_columns()) == [(time, flat(column)) for time, column in again.columns()]
    assert [time for time, _ in again.flat_columns(18, 20)] == [18, 19, 20]
    assert again.columns() != drawn.columns()


def test_it_tells_from_when_on_columns_are_how_long() -> None:
    drawn = HeatMap(((1, 10), (10, 2), (60, 10)))
    assert drawn.steps() == []
    for second in range(120, 135):
        drawn.add(second, {3: 1})
    assert drawn.steps() == [(120, 10), (125, 1)]
    for second in range(135, 260):
        drawn.add(second, {3: 1})
    steps = drawn.steps()
    assert [step for _, step in steps] == [60, 10, 1]
    assert [begun for begun, _ in steps] == sorted(begun for begun, _ in steps)
    assert steps[-1][0] == 250
