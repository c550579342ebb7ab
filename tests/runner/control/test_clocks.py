"""How far a worker's clock is ahead: right within the uncertainty, whatever the network does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm.control.clocks import ClockOffset

ways = st.tuples(st.floats(0, 2), st.floats(0, 2), st.floats(0, 1))


@given(st.floats(-1e6, 1e6), st.lists(ways, min_size=1, max_size=40))
def test_the_offset_is_right_within_its_uncertainty(truth, exchanges):
    clock = ClockOffset()
    now = 1.8e9
    for down, up, rest in exchanges:
        heard = now + down + truth
        clock.add(now, heard, heard + rest, now + down + rest + up)
        now += 1
    if clock.known:
        assert abs(clock.offset - truth) <= clock.uncertainty + 1e-5


def test_the_shortest_way_counts():
    clock = ClockOffset()
    clock.add(0.0, 5.9, 5.9, 1.0)  # 0.9 s down, 0.1 s up
    clock.add(10.0, 15.01, 15.01, 10.02)
    assert abs(clock.offset - 5.0) < 1e-9
    assert abs(clock.uncertainty - 0.01) < 1e-9


def test_old_exchanges_are_forgotten():
    clock = ClockOffset()
    clock.add(0.0, 1.0, 1.0, 0.0)
    for second in range(20):
        clock.add(second, second + 2.1, second + 2.1, second + 0.2)
    assert abs(clock.offset - 2.0) < 1e-9


def test_nothing_is_known_before_the_first_exchange():
    clock = ClockOffset()
    assert (clock.known, clock.offset, clock.uncertainty) == (False, 0.0, float("inf"))


def test_a_clock_that_was_set_during_an_exchange_is_left_out():
    clock = ClockOffset()
    clock.add(10.0, 10.0, 12.0, 10.1)
    assert not clock.known


@pytest.mark.parametrize("sent", [float("nan"), float("inf"), float("-inf")])
def test_times_that_are_none_are_left_out(sent):
    clock = ClockOffset()
    clock.add(sent, 10.0, 10.0, 10.1)
    clock.add(10.0, 10.0, sent, 10.1)
    assert not clock.known
