from __future__ import annotations

import math
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_stats import Exceptions, Registry
from swarm_stats.deltas import BadPayload, Payload, apply, cut, pack
from swarm_stats.failures import first_nodes
from swarm_stats.histogram import MAX_US
from swarm_stats.history import SERIES_MINIMUM
from swarm_stats.registry import FAILURE_KINDS, OTHER
from tests.stats.samples import START, Clock, Sample, record, registry_of, samples


def facts(registry: Registry) -> dict[Any, Any]:
    """Everything that was counted."""
    rows: dict[Any, Any] = {
        key: entry.serialize() for key, entry in registry.entries.items() if not entry.is_empty
    }
    rows["total"] = registry.total.serialize()
    for row in rows.values():
        row.pop("last_request_timestamp")  # recording keeps the last recorded, merging the latest
    return rows | {"failures": {key: failure.to_dict() for key, failure in registry.errors.items()}}


def over_the_wire(payload: dict[str, Any]) -> Any:
    return msgpack.unpackb(msgpack.packb(payload))


@given(st.lists(st.lists(samples), max_size=6))
def test_cutting_and_applying_any_parts_is_the_same_as_recording_all_in_one(
    parts: list[list[Sample]],
) -> None:
    worker, master = Registry(Clock()), Registry(Clock())
    for part in parts:
        record(worker, sorted(part, key=lambda each: each.now))
        apply(master, over_the_wire(cut(worker)))

    everything = [each for part in parts for each in sorted(part, key=lambda each: each.now)]
    expected, found = facts(registry_of(everything)), facts(master)
    for both in (expected["failures"], found["failures"]):
        for failure in both.values():  # recording keeps the first recorded, merging the earliest
            failure.pop("first_seen")
            failure.pop("last_seen")
    assert found == expected


@given(st.lists(st.lists(samples), max_size=4))
def test_the_workers_of_a_swarm_add_up_in_whatever_order_they_report(shares: list[list[Sample]]) -> None:
    reports = [pack(registry_of(share)) for share in shares]
    one, other = Registry(Clock()), Registry(Clock())
    for report in reports:
        apply(one, report)
    for report in reversed(reports):
        apply(other, report)

    assert facts(one) == facts(other)
    assert one.num_requests == sum(map(len, shares))


def test_a_cut_registry_starts_anew_with_the_same_objects() -> None:
    clock = Clock()
    registry = Registry(clock)
    registry.record("GET", "/", 100, 10, START, "boom", from_intent_us=200)
    entry, total, entries, errors = (
        registry.get("/", "GET"),
        registry.total,
        registry.entries,
        registry.errors,
    )
    clock.now += 5

    assert Payload.read(cut(registry)).samples == 1

    assert registry.get("/", "GET") is entry
    assert (registry.total, registry.entries, registry.errors) == (total, entries, errors)
    assert registry.total is total
    assert entry.is_empty
    assert total.is_empty
    assert not errors
    assert entry.start_time == total.start_time == START + 5
    assert (entry.get_response_time_percentile(0.5), entry.min_response_time, entry.max_response_time) == (
        0,
        None,
        0,
    )
    assert entry.from_intent().count == 0
    assert Payload.read(cut(registry)).names == [""]


def test_packing_leaves_the_registry_as_it_is() -> None:
    registry = registry_of([Sample("GET", "/", 100, 10, START, "boom", 200)])
    before = facts(registry)

    first = pack(registry)

    assert facts(registry) == before
    assert pack(registry) == first


def test_requests_without_a_time_failures_alone_and_interrupted_ones_travel() -> None:
    worker, master = Registry(Clock()), Registry(Clock())
    worker.record("GET", "/none", None, 7, START)
    worker.log_error("GET", "/fails", "boom")
    worker.record_interrupted("GET", "/cut")

    apply(master, cut(worker))

    assert (master.num_requests, master.num_none_requests, master.num_failures, master.interrupted) == (
        1,
        1,
        1,
        1,
    )
    assert master.get("/none", "GET").min_response_time is None
    assert master.get("/cut", "GET").num_interrupted == 1
    assert master.errors["GET", "/fails", "boom"].occurrences == 1


def test_only_names_that_counted_something_travel() -> None:
    registry = Registry(Clock())
    for name in range(1_000):
        registry.record("GET", f"/{name}", 100, 10, START)
    cut(registry)
    registry.record("GET", "/7", 100, 10, START)

    assert Payload.read(cut(registry)).names == ["", "/7"]


def test_the_master_has_its_own_start_time() -> None:
    master = Registry(Clock(START + 100))
    apply(master, pack(registry_of([Sample("GET", "/", 1, 1, START + 100, None, None)])))

    assert master.start_time == START + 100
    assert master.get("/", "GET").start_time == START + 100


# -- clocks that disagree --


@given(st.lists(samples, min_size=1), st.floats(-100_000, 100_000))
def test_an_offset_moves_counts_between_seconds_and_loses_none(what: list[Sample], offset: float) -> None:
    master = Registry(Clock())

    apply(master, pack(registry_of(what)), offset)

    recorded = registry_of(what).total
    for name in ("num_reqs_per_sec", "num_fail_per_sec"):
        moved, there = getattr(master.total, name), getattr(recorded, name)
        assert sum(moved.values()) == sum(there.values())
        assert all(n > 0 for n in moved.values())
        if there:
            assert math.floor(min(there) - offset) <= min(moved)
            assert max(moved) <= math.floor(max(there) - offset) + 1


@given(st.integers(-1000, 1000), st.floats(-0.009, 0.009))
def test_clocks_apart_by_whole_seconds_are_set_right_exactly(whole: int, jitter: float) -> None:
    what = [Sample("GET", "/", 100, 1, START + second, "boom", None) for second in (0, 1, 1, 5)]
    theirs = [Sample("GET", "/", 100, 1, each.now + whole, "boom", None) for each in what]
    master = Registry(Clock())

    apply(master, pack(registry_of(theirs)), whole + jitter)

    assert master.total.num_reqs_per_sec == {START: 1, START + 1: 2, START + 5: 1}
    assert master.total.num_fail_per_sec == {START: 1, START + 1: 2, START + 5: 1}
    assert master.last_request_timestamp == pytest.approx(START + 5, abs=0.01)
    assert master.errors["GET", "/", "boom"].first_seen == pytest.approx(START, abs=0.01)


def test_a_second_that_lies_in_two_is_divided() -> None:
    master = Registry(Clock())
    worker = registry_of([Sample("GET", "/", 100, 1, START + 0.9, None, None)] * 100)

    apply(master, pack(worker), offset_s=0.25)  # their second began at our START - 0.25

    assert master.total.num_reqs_per_sec == {START - 1: 25, START: 75}


def test_rates_are_right_while_workers_with_other_clocks_report_each_second() -> None:
    clock = Clock()
    master = Registry(clock)
    offsets = [0.0, -3.4, 7.5, 120.7, -0.02]
    workers = [Registry(Clock(START + offset)) for offset in offsets]
    for second in range(30):
        for tenth in range(10):
            for worker, offset in zip(workers, offsets, strict=True):
                for _ in range(20):
                    worker.record("GET", "/", 5_000, 1, START + second + tenth / 10 + offset, "boom")
        for number, (worker, offset) in enumerate(zip(workers, offsets, strict=True)):
            clock.now = START + second + 1.0 + number / 100
            estimate = offset + (0.001 if second % 2 else -0.001)  # the estimate is never the same
            apply(master, over_the_wire(cut(worker)), estimate)

    assert master.total.current_rps == pytest.approx(1_000, rel=0.01)
    assert master.total.current_fail_per_sec == pytest.approx(1_000, rel=0.01)
    assert master.get("/", "GET").current_rps == pytest.approx(1_000, rel=0.01)
    assert master.num_requests == 30_000


# -- percentiles of late --


def test_percentiles_of_late_are_those_of_the_reports_of_the_last_seconds() -> None:
    clock = Clock()
    master, worker = Registry(clock), Registry(clock)
    for second in range(60):
        for _ in range(10):
            worker.record("GET", "/", 100_000 if second < 40 else 200_000, 1, clock.now + 0.5)
        clock.now += 1
        apply(master, cut(worker))

    assert master.total.get_current_response_time_percentile(0.5) == pytest.approx(200, rel=0.005)
    assert master.total.get_response_time_percentile(0.5) == pytest.approx(100, rel=0.005)


def test_what_a_worker_could_not_send_for_a_while_is_not_of_late() -> None:
    clock = Clock()
    master, worker, stalled = Registry(clock), Registry(clock), Registry(clock)
    for _ in range(1_000):
        stalled.record("GET", "/", 900_000, 1, START)
    for _ in range(60):
        clock.now += 1
        worker.record("GET", "/", 100_000, 1, clock.now)
        apply(master, cut(worker))
    apply(master, cut(stalled))

    assert master.total.get_current_response_time_percentile(0.99) == pytest.approx(100, rel=0.005)
    assert master.total.get_response_time_percentile(0.99) == pytest.approx(900, rel=0.005)


def test_percentiles_of_late_of_a_worker_begin_with_its_cut() -> None:
    clock = Clock()
    worker = Registry(clock)
    worker.record("GET", "/", 100_000, 1, clock.now)
    cut(worker)
    assert worker.total.get_current_response_time_percentile(0.5) is None

    worker.record("GET", "/", 300_000, 1, clock.now)
    assert worker.total.get_current_response_time_percentile(0.5) == pytest.approx(300, rel=0.005)


# -- limits --


def test_names_beyond_the_masters_limit_go_to_other_and_one_warning_is_given() -> None:
    warnings: list[int] = []
    master = Registry(Clock(), max_names=3, on_names_full=warnings.append)
    for worker in range(3):
        what = [Sample("GET", f"/{worker}/{n}", 100, 1, START, "boom", None) for n in range(4)]
        apply(master, pack(registry_of(what)))

    assert len(master.entries) == 4
    assert master.get(OTHER, "GET").num_requests == 9
    assert master.num_requests == 12
    assert sum(failure.occurrences for failure in master.errors.values()) == 12
    assert warnings == [3]


def test_a_worker_whose_names_are_full_says_so() -> None:
    warnings: list[int] = []
    master = Registry(Clock(), on_names_full=warnings.append)
    worker = Registry(Clock(), max_names=1)
    for name in "ab":
        worker.record("GET", name, 1, 1, START)

    for _ in range(2):
        apply(master, cut(worker))

    assert master.names_full
    assert warnings == [10_000]


def test_failures_beyond_the_limit_go_to_other() -> None:
    master = Registry(Clock())
    for part in range(2):
        what = [Sample("GET", "/", 1, 1, START, f"boom {part} {n}", None) for n in range(FAILURE_KINDS)]
        apply(master, pack(registry_of(what)))

    assert len(master.errors) == FAILURE_KINDS + 1
    assert master.errors["GET", "/", OTHER].occurrences == FAILURE_KINDS


def test_series_stay_within_their_limit_though_all_names_report_in_each_second() -> None:
    master = Registry(Clock())
    report = pack(registry_of(Sample("GET", f"/{n}", 100, 1, START, None, None) for n in range(300)))
    for second in range(150):
        apply(master, report | {"second": START + second})
        master._series_limit = SERIES_MINIMUM  # as with 10,000 names

    cells = [len(entry.num_reqs_per_sec) for entry in master.entries.values()]
    assert max(cells) <= 1.25 * SERIES_MINIMUM
    assert all(sum(entry.num_reqs_per_sec.values()) == 150 for entry in master.entries.values())


def test_long_errors_are_the_same_failure_wherever_they_are_counted() -> None:
    worker, master = Registry(Clock()), Registry(Clock())
    worker.log_error("GET", "/", "x" * 5_000)
    apply(master, pack(worker))

    assert master.errors == worker.errors


@pytest.mark.parametrize("name", ["\udc80 lone", "x" * 100_000, "é" * 5_000, "", 7, None, ("a", 1)])
def test_whatever_users_take_as_names_travels(name: Any) -> None:
    worker, master = Registry(Clock()), Registry(Clock())
    worker.record(name, name, 1, 1, START, RuntimeError("\udcff"))

    apply(master, over_the_wire(cut(worker)))

    assert master.num_requests == master.num_failures == 1


def test_a_count_beyond_32_bits_travels() -> None:
    worker, master = Registry(Clock()), Registry(Clock())
    worker.total.histogram.add(MAX_US, 1 << 33)
    worker.total.total_us = (1 << 33) * MAX_US % (1 << 62)

    apply(master, over_the_wire(pack(worker)))
    apply(master, over_the_wire(pack(worker)))

    assert master.total.histogram.count == 1 << 34


# -- exceptions of users' code --


def test_exceptions_of_users_code_travel_with_their_nodes() -> None:
    master = Exceptions()
    for node in ("one", "two"):
        raised = Exceptions()
        for _ in range(3):
            raised.log(node, "boom", "Traceback …")
        apply(Registry(Clock()), over_the_wire(cut(Registry(Clock()), raised)), exceptions=master)
        assert not raised

    (row,) = master.values()
    assert (row["count"], row["msg"], row["traceback"], row["nodes"]) == (
        6,
        "boom",
        "Traceback …",
        {"one", "two"},
    )


# -- payloads that are none --


def test_a_bad_payload_counts_nothing_of_what_it_has_that_is_good() -> None:
    good = pack(registry_of([Sample("GET", "/", 100, 10, START, "boom", 200)]))
    master = Registry(Clock())
    before = facts(master)
    for key in good.keys() - {"names_full"}:
        for bad in (
            None,
            7.5,
            "x",
            b"",
            b"q\0",
            [[1, 2, 3]],
            [b"b\xff"] * 8,
            [b"b\xff"] * 3,
            [b"b\1", b"h\0\x70", b"b\1"],
        ):
            with pytest.raises(BadPayload):
                apply(master, good | {key: bad})
        with pytest.raises(BadPayload):
            apply(master, {other: value for other, value in good.items() if other != key})

    assert facts(master) == before


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(st.data())
def test_a_payload_that_was_tampered_with_is_refused_or_counted_whole(data: st.DataObject) -> None:
    good = pack(registry_of([Sample("GET", f"/{n}", 100 * n, 10, START, "boom", 200) for n in range(3)]))
    key = data.draw(st.sampled_from(sorted(good)))
    bad = dict(good)
    if isinstance(good[key], list) and data.draw(st.booleans()):
        bad[key] = list(good[key])
        bad[key][data.draw(st.integers(0, len(good[key]) - 1)) if good[key] else 0 :] = [
            data.draw(plain_values)
        ]
    else:
        bad[key] = data.draw(plain_values)
    master = Registry(Clock())
    before = facts(master)

    try:
        samples = apply(master, bad)
    except BadPayload:
        assert facts(master) == before
    else:
        assert master.num_requests == samples


def test_a_payload_of_another_version_is_refused_by_name() -> None:
    payload = pack(Registry(Clock())) | {"version": 2}

    with pytest.raises(BadPayload, match="version 2; this is version 1"):
        Payload.read(payload)


def test_failures_are_noted_to_come_from_the_node_that_recorded_them() -> None:
    master, report = Registry(Clock()), pack(registry_of([Sample("GET", "/", 100, 10, START, "boom", None)]))
    fine = pack(registry_of([Sample("GET", "/", 100, 10, START, None, None)]))
    for node, payload in (("b", report), ("a", report), ("b", report), ("c", fine)):
        apply(master, payload, node=node)
    apply(master, report)
    (failure,) = master.errors.values()
    ranked = master.origins.ranked({"a": 0, "b": 1, "c": 2})

    assert failure.occurrences == 4
    assert first_nodes(failure.origins, ranked, 20) == ["a", "b"]

    master.reset_all()
    apply(master, report, node="c")
    (failure,) = master.errors.values()
    assert first_nodes(failure.origins, master.origins.ranked({}), 20) == ["c"]
