"""The users of a swarm across its workers: balanced within one, moved as little as need be, at the rate asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm.control.apportion import paces, users_per_worker

users = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 200), min_size=1)
held = st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30)), min_size=1, max_size=30)


@given(users, held)
def test_shares_add_up_and_are_balanced_within_one_by_class_and_in_all(target, before):
    shares = users_per_worker(target, before)
    for name, count in target.items():
        counts = [share[name] for share in shares]
        assert sum(counts) == count
        assert max(counts) - min(counts) <= 1
    totals = [sum(share.values()) for share in shares]
    assert max(totals) - min(totals) <= 1


@given(users, st.integers(1, 30))
def test_what_is_apportioned_already_stays_where_it_is(target, workers):
    shares = users_per_worker(target, [{} for _ in range(workers)])
    assert users_per_worker(target, shares) == shares


def test_a_lost_workers_users_are_all_that_moves():
    shares = users_per_worker({"a": 100}, [{} for _ in range(10)])
    after = users_per_worker({"a": 100}, shares[1:])
    assert all(new["a"] >= old["a"] for new, old in zip(after, shares[1:], strict=True))


@given(users, held, st.floats(0.1, 1000))
def test_no_more_users_start_or_stop_a_second_than_asked_for(target, before, rate):
    shares = users_per_worker(target, before)
    names = set("abcdef")
    starts = [
        sum(max(0, share.get(n, 0) - had.get(n, 0)) for n in names)
        for share, had in zip(shares, before, strict=True)
    ]
    stops = [
        sum(max(0, had.get(n, 0) - share.get(n, 0)) for n in names)
        for share, had in zip(shares, before, strict=True)
    ]
    result = paces(shares, before, rate)
    if max(sum(starts), sum(stops)) <= rate:
        return  # a change of one second's worth is made at once
    starting = 0.0
    for pace, start, stop in zip(result, starts, stops, strict=True):
        assert (pace is None) == (start + stop == 0)
        if pace is not None:
            starting += pace.spawn_rate * start / (start + stop)
            assert 0 <= pace.start_after < 1 / pace.spawn_rate
    assert starting <= rate * (1 + 1e-9)


def test_all_workers_arrive_at_the_same_time():
    result = paces([{"a": 10}, {"a": 30}], [{"a": 0}, {"a": 10}], 3.0)
    assert [pace and pace.spawn_rate for pace in result] == pytest.approx([1.0, 2.0])


def test_a_class_that_is_gone_counts_as_stopped():
    assert paces([{}], [{"old": 4}], 1.0)[0] is not None
