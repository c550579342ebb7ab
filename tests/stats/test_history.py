from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from swarm_stats import Registry, history
from tests.stats.samples import START, Clock

series = st.dictionaries(st.integers(START, START + 5_000), st.integers(1, 100), max_size=300)


@given(series, st.integers(8, 400))
def test_folding_loses_no_count_and_holds_its_limit(counts: dict[int, int], limit: int) -> None:
    folded = dict(counts)
    history.fold(folded, limit)

    assert sum(folded.values()) == sum(counts.values())
    assert len(folded) <= limit


@given(series, st.integers(8, 400))
def test_folding_leaves_the_newest_seconds_alone(counts: dict[int, int], limit: int) -> None:
    folded = dict(counts)
    history.fold(folded, limit)

    for second in sorted(counts)[-(limit // 2) :]:
        assert folded[second] >= counts[second]
    newest = sorted(counts)[-(limit // 2) + 1 :]
    assert [folded[second] for second in newest] == [counts[second] for second in newest]


def test_old_seconds_share_the_first_one_of_theirs() -> None:
    counts = dict.fromkeys(range(1000, 1016), 1)
    history.fold(counts, 12)

    assert counts == {1000: 4, 1004: 4, 1008: 2} | dict.fromkeys(range(1010, 1016), 1)


@given(series, series)
def test_adding_series_adds_each_second(left: dict[int, int], right: dict[int, int]) -> None:
    total = dict(left)
    history.add_series(total, right)

    assert total == {second: left.get(second, 0) + right.get(second, 0) for second in left | right}


def test_the_current_rate_leaves_the_last_two_seconds_out() -> None:
    counts = {START - 1: 900, START + 2: 100, START + 9: 100, START + 10: 900, START + 12: 900}

    assert history.current_rate(counts, START - 60, START + 12.9) == 20


def test_the_current_rate_counts_the_first_second_of_a_run_as_the_part_that_it_is() -> None:
    assert history.current_rate({START + 8: 50, START + 9: 100}, START + 8.5, START + 12.9) == 100


def test_the_current_rate_of_a_young_run_is_the_average_since_its_start() -> None:
    assert history.current_rate({START: 30, START + 1: 10}, START + 0.5, START + 1.5) == 40
    assert history.current_rate({START: 30}, START, START + 0.01) == 30
    burst = {START: 10, START + 1: 20, START + 2: 20}
    assert history.current_rate(burst, START + 0.75, START + 3.25) == 20
    assert history.current_rate({}, START, START) == 0


def test_the_more_entries_the_fewer_seconds_each() -> None:
    assert history.series_limit(0) == history.SERIES_SECONDS
    assert history.series_limit(100) == history.SERIES_CELLS // 100
    assert history.series_limit(10_000) == history.SERIES_MINIMUM


def test_times_are_written_in_utc() -> None:
    assert history.utc_text(1_700_000_000.9) == "2023-11-14T22:13:20Z"


def test_a_row_has_locusts_names() -> None:
    clock = Clock()
    registry = Registry(clock)
    registry.record("GET", "/", 130, 10, START + 1.5)
    clock.now = START + 2

    row = registry.add_history_row(7, (0.5, 0.95))

    assert row == {
        "time": "2023-11-14T22:13:22Z",
        "user_count": 7,
        "current_rps": 0.5,
        "current_fail_per_sec": 0.0,
        "total_avg_response_time": 0.13,
        "response_time_percentile_0.5": 0.13,
        "response_time_percentile_0.95": 0.13,
    }
    assert registry.history == [row]


def test_a_row_before_the_first_request_has_zeros() -> None:
    row = Registry(Clock()).add_history_row(0, (0.5,))

    assert row["current_rps"] == 0
    assert row["response_time_percentile_0.5"] == 0


def test_a_long_history_keeps_its_first_and_its_newest_rows() -> None:
    rows: list[dict[str, int]] = []
    for n in range(1_000):
        history.append_row(rows, {"n": n}, limit=100)

    assert len(rows) <= 100
    assert rows[0] == {"n": 0}
    assert [row["n"] for row in rows[-20:]] == list(range(980, 1_000))
    assert rows == sorted(rows, key=lambda row: row["n"])
