from __future__ import annotations

from typing import Any

import msgpack  # type: ignore[import-untyped] # ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_stats import Entry, Registry, sort_stats
from swarm_stats.units import round_ms, to_us
from tests.stats.samples import START, Clock, Sample, registry_of, samples


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def entry(clock: Clock) -> Entry:
    return Registry(clock).get("/", "GET")


def test_a_response_time_keeps_its_microseconds(entry: Entry) -> None:
    entry.log(0.13, 10)

    assert entry.min_response_time == entry.max_response_time == entry.avg_response_time == 0.13
    assert entry.median_response_time == entry.get_response_time_percentile(0.99) == 0.13
    assert entry.total_response_time == 0.13
    assert entry.response_times == {0: 1}


def test_an_empty_entry_reads_as_locusts(entry: Entry) -> None:
    assert entry.min_response_time is None
    assert entry.max_response_time == 0
    assert entry.avg_response_time == 0
    assert entry.median_response_time == 0
    assert entry.get_response_time_percentile(0.95) == 0
    assert entry.get_current_response_time_percentile(0.95) is None
    assert entry.fail_ratio == 0
    assert entry.avg_content_length == 0
    assert entry.current_rps == entry.total_rps == 0
    assert entry.response_times == {}
    assert entry.last_request_timestamp is None


def test_percentile_one_is_the_exact_maximum(entry: Entry) -> None:
    entry.log(1234.567, 0)
    entry.log(1.0, 0)

    assert entry.get_response_time_percentile(1.0) == 1234.567


@pytest.mark.parametrize(
    ("ms", "rounded"),
    [(0.4, 0), (99.4, 99), (147, 150), (994, 990), (3432, 3400), (9_949, 9_900), (58_760, 59_000)],
)
def test_response_times_are_rounded_as_locust_rounds(entry: Entry, ms: float, rounded: int) -> None:
    assert round_ms(ms) == rounded
    entry.log(ms, 0)
    assert entry.response_times == {rounded: 1}


@given(st.integers(0, 99))
def test_whole_milliseconds_keep_their_key_among_others(ms: int) -> None:
    entry = Entry(None, "/", "GET")
    for each in (ms, 0, 500_000):
        entry.add(each * 1000, 0, START)

    assert entry.response_times[ms] == (2 if ms == 0 else 1)


def test_a_request_without_a_time_counts_apart(entry: Entry) -> None:
    entry.log(None, 10)
    entry.log(5, 10)

    assert (entry.num_requests, entry.num_none_requests, entry.num_timed) == (2, 1, 1)
    assert entry.avg_response_time == 5


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_response_time_that_is_no_number_is_refused(entry: Entry, wrong: float) -> None:
    with pytest.raises(ValueError, match="milliseconds or None"):
        entry.log(wrong, 0)
    assert entry.num_requests == 0


def test_a_negative_response_time_counts_as_zero() -> None:
    assert to_us(-1.5) == 0


def test_failures_and_ratio(entry: Entry) -> None:
    entry.log(1, 0)
    entry.log(1, 0)
    entry.log_error("boom")
    entry.log_error(None)
    entry.log_error("")

    assert entry.num_failures == 1
    assert entry.fail_ratio == 0.5
    assert entry.num_fail_per_sec == {START: 1}


def test_failures_without_requests_are_all_of_them(entry: Entry) -> None:
    entry.log_error("boom")

    assert entry.fail_ratio == 1


def test_rates_of_the_whole_run_add_up_to_the_total(clock: Clock) -> None:
    registry = Registry(clock)
    registry.record("GET", "/a", 100, 0, START + 5)
    registry.record("GET", "/b", 100, 0, START + 10, "boom")

    rates = [entry.total_rps for entry in registry.entries.values()]

    assert rates == [0.1, 0.1]
    assert registry.total.total_rps == 0.2
    assert registry.total.total_fail_per_sec == 0.1


def test_an_entry_of_no_run_takes_its_own_times() -> None:
    entry = Entry(None, "/", "GET")
    entry.add(100, 0, START)
    entry.add(100, 0, START + 4)

    assert entry.total_rps == 0.5
    assert entry.current_rps == pytest.approx(0.5)


def test_current_percentiles_forget_what_is_older_than_the_window(clock: Clock) -> None:
    registry = Registry(clock)
    registry.record("GET", "/", 1_000_000, 0, START + 1)
    for second in (8, 12, 13):
        registry.record("GET", "/", 1_000, 0, START + second)
    clock.now = START + 14

    total = registry.total
    assert total.get_current_response_time_percentile(1.0) == pytest.approx(1, rel=0.01)
    assert total.get_current_response_time_percentile(1.0, window=14) == pytest.approx(1000, rel=0.01)
    clock.now = START + 23
    assert total.get_current_response_time_percentile(0.5) == pytest.approx(1, rel=0.01)
    clock.now = START + 24
    assert total.get_current_response_time_percentile(0.5) is None


def test_the_window_is_a_setting_of_the_run(clock: Clock) -> None:
    registry = Registry(clock)
    registry.current_window = 60
    registry.record("GET", "/", 1_000, 0, START + 1)
    registry.record("GET", "/", 1_000, 0, START + 50)
    clock.now = START + 51

    assert registry.total.get_current_response_time_percentile(0.5) is not None
    assert registry.total.current_percentiles((0.5,), window=70) == registry.total.current_percentiles((0.5,))


def test_a_clock_that_is_set_back_does_not_confuse_the_window(clock: Clock) -> None:
    registry = Registry(clock)
    registry.record("GET", "/", 9_000, 0, START + 3_600)
    registry.record("GET", "/", 1_000, 0, START)
    registry.record("GET", "/", 1_000, 0, START + 1)
    clock.now = START + 2

    assert registry.total.get_current_response_time_percentile(1.0) == pytest.approx(1, rel=0.01)
    assert registry.total.num_requests == sum(registry.total.num_reqs_per_sec.values()) == 3


def test_an_entry_has_percentiles_of_late_once_it_is_told(clock: Clock) -> None:
    registry = Registry(clock)
    registry.record("GET", "/", 1_000, 0, START)
    entry = registry.get("/", "GET")
    assert entry.get_current_response_time_percentile(0.5) is None

    entry.use_response_times_cache = True
    registry.record("GET", "/", 2_000, 0, START + 1)

    assert entry.get_current_response_time_percentile(0.5) == pytest.approx(2, rel=0.01)


@given(st.lists(samples), st.lists(samples))
def test_extending_is_the_same_as_recording_in_one(left: list[Sample], right: list[Sample]) -> None:
    merged = registry_of(left).total
    merged.extend(registry_of(right).total)
    together = registry_of(left + right).total

    expected, found = together.serialize(), merged.serialize()
    # Of each side the last that was recorded, of both the later one.
    expected["last_request_timestamp"] = max((each[-1].now for each in (left, right) if each), default=None)
    assert found == expected
    assert merged.from_intent() == together.from_intent()


@given(st.lists(samples))
def test_an_entry_comes_back_from_msgpack_as_it_was(what: list[Sample]) -> None:
    total = registry_of(what).total

    packed = msgpack.packb(total.serialize())
    again = Entry.unserialize(msgpack.unpackb(packed, strict_map_key=False))

    assert again.serialize() == total.serialize()
    assert again.from_intent() == total.from_intent()


def test_an_entry_is_made_from_locusts_keys_alone() -> None:
    data: dict[str, Any] = {
        "name": "/",
        "method": "GET",
        "last_request_timestamp": START + 2.0,
        "start_time": START + 0.0,
        "num_requests": 3,
        "num_none_requests": 0,
        "num_failures": 1,
        "total_response_time": 160.5,
        "max_response_time": 148.2,
        "min_response_time": 5.1,
        "total_content_length": 30,
        "response_times": {5: 1, 7: 1, 150: 1},
        "num_reqs_per_sec": {START: 3},
        "num_fail_per_sec": {START: 1},
    }

    entry = Entry.unserialize(data)

    assert {key: entry.serialize()[key] for key in data} == data
    assert entry.get_response_time_percentile(0.5) == pytest.approx(7, rel=0.01)


def test_a_missing_fact_is_an_error_with_its_name() -> None:
    with pytest.raises(KeyError, match="num_requests"):
        Entry.unserialize({"name": "/", "method": "GET", "start_time": 0, "last_request_timestamp": None})


def test_a_stripped_report_starts_again_from_nothing(clock: Clock, entry: Entry) -> None:
    entry.log(5, 10)
    clock.now += 3

    report = entry.get_stripped_report()

    assert report["num_requests"] == 1
    assert entry.is_empty
    assert entry.start_time == START + 3


def test_a_copy_is_independent(entry: Entry) -> None:
    entry.log(5, 10)
    entry.add_late(5_000, 9_000)
    before = entry.copy()
    entry.log(7, 10)
    entry.log_error("boom")
    entry.add_late(7_000, 9_000)

    assert before.num_requests == 1
    assert before.histogram.count == 1
    assert before.late is not None
    assert before.late.count == 1
    assert before.num_fail_per_sec == {}


def test_a_dictionary_has_facts_and_figures(entry: Entry) -> None:
    entry.name = "/<b>"
    entry.log(5, 10)

    shown = entry.to_dict()

    assert shown["num_reqs_per_sec"] == {START: 1}
    assert shown["avg_response_time"] == shown["median_response_time"] == 5
    assert (shown["name"], shown["safe_name"]) == ("/<b>", "/&lt;b&gt;")
    assert entry.to_dict(escape_string_values=True)["name"] == "/&lt;b&gt;"


def test_entries_are_sorted_by_name_and_method() -> None:
    registry = Registry(Clock())
    for name, method in [("/b", "GET"), ("/a", "POST"), ("/a", "GET")]:
        registry.get(name, method)

    order = [(entry.name, entry.method) for entry in sort_stats(registry.entries)]

    assert order == [("/a", "GET"), ("/a", "POST"), ("/b", "GET")]


def test_from_intent_holds_every_request(entry: Entry) -> None:
    for service_us, from_intent_us in [(1_000, None), (1_000, 1_000), (1_000, 90_000)]:
        entry.stats.record("GET", "/", service_us, 0, START, None, from_intent_us)  # type: ignore[union-attr]

    intent = entry.from_intent()

    assert intent.count == 3
    assert intent.percentile(1) == pytest.approx(90_000, rel=0.01)
    assert entry.histogram.percentile(1) == pytest.approx(1_000, rel=0.01)
    assert entry.late is not None
    assert entry.late.count == 1


def test_a_closed_workload_has_no_second_histogram(entry: Entry) -> None:
    entry.log(5, 10)

    assert entry.late is None
    assert entry.from_intent() == entry.histogram
