from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_stats import Entry, Registry
from swarm_stats.history import SERIES_MINIMUM
from swarm_stats.registry import FAILURE_KINDS, OTHER, OTHER_METHODS
from tests.stats.samples import START, Clock, Sample, registry_of, samples


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(clock: Clock) -> Registry:
    return Registry(clock)


@given(st.lists(samples))
def test_the_total_is_the_sum_of_the_entries(what: list[Sample]) -> None:
    registry = registry_of(what)
    summed = Entry(None, "Aggregated", "")
    for entry in registry.entries.values():
        summed.extend(entry)

    expected, found = registry.total.serialize(), summed.serialize()
    for key in ("start_time", "last_request_timestamp"):  # the last recorded is not always the latest
        expected.pop(key)
        found.pop(key)
    assert found == expected
    assert sum(failure.occurrences for failure in registry.errors.values()) == registry.num_failures


@given(st.lists(samples))
def test_recording_is_the_same_as_adding_to_entry_and_total(what: list[Sample]) -> None:
    slow: dict[tuple[str, str], Entry] = {}
    for each in what:
        entry = slow.setdefault((each.name, each.method), Entry(None, each.name, each.method))
        entry.start_time = START
        entry.add(each.service_us, each.length, each.now)
        if each.error:
            entry.add_failure(each.now)
        if None not in (each.service_us, each.from_intent_us) and each.service_us != each.from_intent_us:
            entry.add_late(each.service_us or 0, each.from_intent_us or 0)

    fast = registry_of(what).entries

    assert {key: entry.serialize() for key, entry in fast.items()} == {
        key: entry.serialize() for key, entry in slow.items()
    }


@given(st.lists(samples), st.lists(samples))
def test_merging_registries_is_the_same_as_recording_in_one(left: list[Sample], right: list[Sample]) -> None:
    merged = registry_of(left)
    merged.merge(registry_of(right))
    together = registry_of(left + right)

    def timeless(registry: Registry) -> dict[tuple[str, str], dict[str, object]]:
        everything = {key: entry.serialize() for key, entry in registry.entries.items()}
        everything["total", ""] = registry.total.serialize()
        for facts in everything.values():
            facts.pop("last_request_timestamp")
        return everything

    assert timeless(merged) == timeless(together)
    assert {key: failure.occurrences for key, failure in merged.errors.items()} == {
        key: failure.occurrences for key, failure in together.errors.items()
    }


def test_the_exact_ends_are_kept_whatever_the_buckets(registry: Registry) -> None:
    for us in (123_457, 7_654_321):
        registry.record("GET", "/", us, 0, START)

    assert registry.total.min_response_time == 123.457
    assert registry.total.max_response_time == 7654.321
    assert registry.total.total_response_time == 7777.778


def test_a_duration_below_zero_or_beyond_the_buckets_is_counted(registry: Registry) -> None:
    registry.record("GET", "/", -3, 0, START)
    registry.record("GET", "/", 2**40, 0, START)

    assert registry.total.histogram.count == 2
    assert registry.total.min_response_time == 0


def test_a_bucket_that_overflows_32_bits_goes_on(registry: Registry) -> None:
    registry.total.histogram.add(1_000, 2**32 - 1)
    registry.record("GET", "/", 1_000, 0, START)

    assert registry.total.histogram.count == 2**32


def test_seconds_follow_the_requests_even_when_the_clock_is_set_back(registry: Registry) -> None:
    for now in (START + 0.2, START + 0.9, START + 5.0, START + 1.0):
        registry.record("GET", "/", 100, 0, now)

    assert registry.total.num_reqs_per_sec == {START: 2, START + 5: 1, START + 1: 1}
    assert registry.get("/", "GET").num_reqs_per_sec == registry.total.num_reqs_per_sec


def test_failures_are_grouped_by_cause(registry: Registry) -> None:
    for now in (START, START + 3):
        registry.record("GET", "/", 100, 0, now, ConnectionRefusedError(111, "Connection refused"))
    registry.record("GET", "/", 100, 0, START, "text")
    registry.record("GET", "/", 100, 0, START, "")

    assert registry.num_failures == 3
    failure = registry.errors["GET", "/", "ConnectionRefusedError(111, 'Connection refused')"]
    assert (failure.occurrences, failure.first_seen, failure.last_seen) == (2, START, START + 3)
    assert set(registry.serialize_errors()) == {"\x1f".join(key) for key in registry.errors}


def test_log_request_and_log_error_count_apart(registry: Registry) -> None:
    registry.log_request("GET", "/", 0.13, 5)
    registry.log_error("GET", "/", ValueError("boom"))
    registry.log_error("GET", "/", None)

    assert registry.num_requests == 1
    assert registry.num_failures == 1
    assert registry.total.avg_response_time == 0.13
    assert registry.num_none_requests == 0
    assert registry.last_request_timestamp == START


def test_a_request_without_time_may_fail(registry: Registry) -> None:
    registry.record("GET", "/", None, 0, START, "boom", from_intent_us=500)

    assert (registry.num_none_requests, registry.num_failures) == (1, 1)
    assert registry.total.late is None


def test_an_interrupted_request_is_no_request(registry: Registry) -> None:
    registry.record_interrupted("GET", "/slow")

    assert registry.interrupted == 1
    assert registry.get("/slow", "GET").num_interrupted == 1
    assert registry.num_requests == registry.num_failures == 0
    assert [each["num_interrupted"] for each in registry.serialize_stats()] == [1]


def test_getting_a_missing_entry_makes_an_empty_one(registry: Registry) -> None:
    assert registry.get("/", "GET").num_requests == 0
    assert registry.entries["/", "GET"] is registry.get("/", "GET")
    assert registry.serialize_stats() == []


def test_names_beyond_the_limit_are_counted_together_with_one_warning(clock: Clock) -> None:
    warned: list[int] = []
    registry = Registry(clock, max_names=3, on_names_full=warned.append)
    for n in range(10):
        registry.record("GET", f"/{n}", 100, 0, START, "boom")
        registry.record("POST", f"/{n}", 100, 0, START)

    assert warned == [3]
    assert registry.names_full
    assert registry.num_requests == 20
    assert sum(entry.num_requests for entry in registry.entries.values()) == 20
    assert [key for key in registry.entries if key[0] == OTHER] == [(OTHER, "POST"), (OTHER, "GET")]
    assert registry.errors["GET", OTHER, "boom"].occurrences == registry.get(OTHER, "GET").num_failures


def test_methods_do_not_get_round_the_limit(clock: Clock) -> None:
    registry = Registry(clock, max_names=1)
    for n in range(OTHER_METHODS * 3):
        registry.record(f"METHOD-{n}", "/", 100, 0, START)

    assert len(registry.entries) <= 1 + OTHER_METHODS + 1
    assert registry.entries[OTHER, OTHER].num_requests > OTHER_METHODS
    assert sum(entry.num_requests for entry in registry.entries.values()) == OTHER_METHODS * 3


def test_merging_more_names_than_the_limit_loses_no_request(clock: Clock) -> None:
    left, right = Registry(clock, max_names=2), Registry(clock)
    for n in range(5):
        left.record("GET", f"/left/{n}", 100, 0, START)
        right.record("GET", f"/right/{n}", 100, 0, START)
    left.merge(right)

    assert left.num_requests == 10
    assert left.entries[OTHER, "GET"].num_requests == 8


def test_distinct_failures_are_bounded(registry: Registry) -> None:
    for n in range(FAILURE_KINDS + 50):
        registry.record("GET", "/", 100, 0, START, f"boom {n}")

    assert len(registry.errors) == FAILURE_KINDS + 1
    assert registry.errors["GET", "/", OTHER].occurrences == 50


def test_with_many_names_each_holds_fewer_seconds_and_loses_no_count(clock: Clock) -> None:
    registry = Registry(clock)
    for n in range(10_000):
        registry.get(f"/{n}", "GET")
    for second in range(500):
        registry.record("GET", "/0", 100, 0, START + second, "boom")
    clock.now = START + 500

    entry = registry.get("/0", "GET")
    assert len(entry.num_reqs_per_sec) <= SERIES_MINIMUM
    assert len(entry.num_fail_per_sec) <= SERIES_MINIMUM
    assert sum(entry.num_reqs_per_sec.values()) == sum(entry.num_fail_per_sec.values()) == 500
    assert entry.current_rps == entry.current_fail_per_sec == 1
    assert len(registry.total.num_reqs_per_sec) == 500


def test_the_totals_series_is_bounded_too(registry: Registry) -> None:
    seconds = 20_000
    for second in range(seconds):
        registry.record("GET", "/", 100, 0, START + second)

    series = registry.total.num_reqs_per_sec
    assert len(series) <= 14_400
    assert sum(series.values()) == seconds


def test_resetting_keeps_the_names_and_starts_the_time_anew(clock: Clock, registry: Registry) -> None:
    registry.record("GET", "/", 100, 0, START, "boom")
    registry.record_interrupted("GET", "/")
    registry.add_history_row(1, (0.5,))
    entry, total = registry.get("/", "GET"), registry.total
    clock.now += 60
    registry.reset_all()
    registry.record("GET", "/", 100, 0, START + 61)

    assert registry.get("/", "GET") is entry
    assert registry.total is total
    assert (entry.num_requests, entry.num_failures, entry.num_interrupted) == (1, 0, 0)
    assert registry.start_time == entry.start_time == START + 60
    assert registry.errors == {}
    assert registry.history == []
    assert registry.total.current_percentiles((0.5,)) is not None


def test_clearing_forgets_the_names_and_the_warning(clock: Clock) -> None:
    warned: list[int] = []
    registry = Registry(clock, max_names=1, on_names_full=warned.append)
    for _ in range(2):
        registry.record("GET", "/a", 100, 0, START)
        registry.record("GET", "/b", 100, 0, START)
        registry.clear_all()

    assert warned == [1, 1]
    assert registry.entries == {}
    assert registry.num_requests == 0
    assert not registry.names_full


def test_entries_have_percentiles_of_late_when_the_registry_is_told_to(clock: Clock) -> None:
    registry = Registry(clock, use_response_times_cache=True)
    registry.record("GET", "/", 1_000, 0, START)

    current = registry.get("/", "GET").get_current_response_time_percentile(0.5)

    assert current is not None
    assert math.isclose(current, 1, rel_tol=0.01)


def test_a_merged_total_has_percentiles_of_late(clock: Clock) -> None:
    registry, report = Registry(clock), Registry(clock)
    report.record("GET", "/", 5_000, 0, START)
    registry.merge(report)
    clock.now = START + 9
    assert registry.total.get_current_response_time_percentile(0.5) == pytest.approx(5, rel=0.01)
    clock.now = START + 30
    assert registry.total.get_current_response_time_percentile(0.5) is None


def test_names_need_not_be_text(registry: Registry) -> None:
    registry.record("GET", None, 100, 0, START)  # type: ignore[arg-type] # a user's request.fire(name=None)
    registry.record("GET", "/", 100, 0, START)

    assert registry.num_requests == 2
