from __future__ import annotations

import math
from statistics import fmean
from typing import Any

import pytest

from swarm import (
    Environment,
    RescheduleTaskImmediately,
    StopUser,
    TaskSet,
    User,
    between,
    constant,
    constant_pacing,
    constant_throughput,
    poisson,
    task,
)
from swarm.users import taskset, wait_time
from tests.runner.users.living import Life


class Clock:
    """Time that passes only when told, for what looks at the clock and for the sleep between tasks."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(taskset, "perf_counter", made.perf_counter)
    monkeypatch.setattr(wait_time, "perf_counter", made.perf_counter)
    monkeypatch.setattr(taskset, "pause", made.sleep)
    return made


def starts(clock: Clock, pace: Any, durations: list[float]) -> list[float]:
    """Return when the tasks of those durations begin, counted from the first."""
    begun: list[float] = []

    class Paced(User):
        wait_time = pace

        @task
        def work(self) -> None:
            begun.append(clock.now)
            clock.now += durations[len(begun) - 1]
            if len(begun) == len(durations):
                raise StopUser

    Paced(Environment()).run()
    return [round(moment - begun[0], 9) for moment in begun]


def test_constant_always_waits_the_same(clock: Clock) -> None:
    assert starts(clock, constant(2), [0.5, 1, 0]) == [0, 2.5, 5.5]


def test_between_waits_evenly_within_its_bounds() -> None:
    wait = between(1, 3)
    waits = [wait(None) for _ in range(4000)]
    assert all(1 <= each <= 3 for each in waits)
    assert abs(fmean(waits) - 2) < 5 * (2 / math.sqrt(12)) / math.sqrt(4000)


def test_poisson_waits_the_inverse_of_its_rate_on_average() -> None:
    wait = poisson(4)
    assert abs(fmean(wait(None) for _ in range(4000)) - 0.25) < 5 * 0.25 / math.sqrt(4000)


def test_pacing_counts_from_the_start_of_the_previous_task(clock: Clock) -> None:
    assert starts(clock, constant_pacing(10), [3, 9, 0, 1]) == [0, 10, 20, 30]


def test_a_late_task_is_followed_at_once_and_nothing_is_caught_up(clock: Clock) -> None:
    assert starts(clock, constant_pacing(10), [25, 1, 1, 1]) == [0, 25, 35, 45]


def test_throughput_is_the_inverse_of_pacing(clock: Clock) -> None:
    assert starts(clock, constant_throughput(0.1), [3, 3, 12, 3, 3]) == [0, 10, 20, 32, 42]


def test_a_late_wake_does_not_shorten_the_next_interval(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def oversleep(seconds: float) -> None:
        clock.now += seconds + 4

    monkeypatch.setattr(taskset, "pause", oversleep)
    assert starts(clock, constant_pacing(10), [1, 1, 1]) == [0, 14, 28]


def test_users_keep_their_pace_each_for_itself(clock: Clock) -> None:
    class Paced(User):
        wait_time = constant_pacing(10)

    one, other = Paced(Environment()), Paced(Environment())
    one._swarm_task_start = clock.now
    clock.now += 4
    other._swarm_task_start = clock.now
    clock.now += 1
    assert (one.wait_time(), other.wait_time()) == (5, 9)


def test_the_task_that_holds_a_nested_set_keeps_its_own_pace(clock: Clock) -> None:
    begun: list[float] = []

    class Nested(TaskSet):
        wait_time = constant(1)

        @task
        def work(self) -> None:
            clock.now += 1
            if clock.now >= begun[-1] + 5:
                self.interrupt(reschedule=False)

    class Paced(User):
        wait_time = constant_pacing(10)

        @task
        def visit(self) -> None:
            begun.append(clock.now)
            if len(begun) == 3:
                raise StopUser
            Nested(self).run()

    Paced(Environment()).run()
    assert [moment - begun[0] for moment in begun] == [0, 10, 20]


def test_a_pace_of_a_task_sets_own_counts_its_tasks(clock: Clock) -> None:
    begun: list[float] = []

    class Nested(TaskSet):
        wait_time = constant_pacing(10)

        @task
        def work(self) -> None:
            begun.append(clock.now)
            clock.now += 3
            if len(begun) == 3:
                raise StopUser

    class Paced(User):
        tasks = [Nested]

    Paced(Environment()).run()
    assert [moment - begun[0] for moment in begun] == [0, 10, 20]


def test_a_wait_time_may_be_a_method_of_the_users_own(clock: Clock) -> None:
    class Slower(User):
        last_wait_time = 0
        begun: list[float] = []

        def wait_time(self) -> float:
            self.last_wait_time += 1
            return self.last_wait_time

        @task
        def work(self) -> None:
            self.begun.append(clock.now)
            if len(self.begun) == 4:
                raise StopUser

    Slower(Environment()).run()
    assert [moment - Slower.begun[0] for moment in Slower.begun] == [0, 1, 3, 6]


def test_a_user_may_wait_in_the_middle_of_a_task(clock: Clock) -> None:
    class Shopper(User):
        wait_time = constant(7)

        @task
        def work(self) -> None:
            before = clock.now
            self.wait()
            assert clock.now - before == 7
            raise StopUser

    Shopper(Environment(catch_exceptions=False)).run()


def test_a_user_may_wait_in_its_on_start_and_on_stop(life: Life, clock: Clock) -> None:
    class Shopper(User):
        wait_time = constant(7)
        on_stop = on_start = lambda self: self.wait()

        @task
        def work(self) -> None:
            raise StopUser

    before = clock.now
    life.lead(Shopper)
    assert clock.now - before == 14
    assert life.runner.exceptions == []


def test_rescheduling_at_once_does_not_wait(clock: Clock) -> None:
    class Shopper(User):
        wait_time = constant(7)
        tries = 0

        @task
        def work(self) -> None:
            self.tries += 1
            raise StopUser if self.tries == 3 else RescheduleTaskImmediately

    before = clock.now
    Shopper(Environment()).run()
    assert clock.now == before


@pytest.mark.parametrize("make", [constant_throughput, poisson])
@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_that_is_none_is_an_error(make: Any, rate: float) -> None:
    with pytest.raises(ValueError, match="the rate must be more than 0 a second"):
        make(rate)


def test_the_old_settings_in_milliseconds_still_count_and_say_what_to_write(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Old(User):
        min_wait = 1000
        max_wait = 3000

    class Older(TaskSet):
        def wait_function(self) -> float:
            return 500

    user = Old(Environment())
    assert 1 <= user.wait_time() <= 3
    assert Older(user).wait_time() == 0.5
    assert "write wait_time = between(1, 3)" in caplog.text
    assert "write a method wait_time that returns seconds" in caplog.text
