"""Locust's dispatcher, step by step: towards a target, with workers that come and go."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import swarm.compat.locust  # noqa: F401
from swarm import User


@dataclass
class Worker:
    id: str


class Often(User):
    weight = 2


class Seldom(User):
    weight = 1


class Watcher(User):
    fixed_count = 1


def dispatcher(workers: int = 2, *classes: type[User]):
    from locust.dispatch import UsersDispatcher

    return UsersDispatcher([Worker(str(n)) for n in range(workers)], list(classes or (Often, Seldom)))


def users(step: dict[str, dict[str, int]]) -> list[int]:
    return [sum(counts.values()) for counts in step.values()]


def test_each_step_starts_as_many_users_as_the_rate_says_balanced_over_the_workers() -> None:
    dispatch = dispatcher()
    dispatch.new_dispatch(target_user_count=9, spawn_rate=4)
    assert dispatch.dispatch_in_progress

    steps = list(dispatch)

    assert [sum(users(step)) for step in steps] == [4, 8, 9]
    assert all(max(users(step)) - min(users(step)) <= 1 for step in steps)
    assert {name: sum(step[name] for step in steps[-1].values()) for name in ("Often", "Seldom")} == {
        "Often": 6,
        "Seldom": 3,
    }
    assert not dispatch.dispatch_in_progress
    assert dispatch.get_current_user_count() == 9
    assert len(dispatch.dispatch_iteration_durations) == 3


def test_a_second_target_below_the_first_stops_users() -> None:
    dispatch = dispatcher()
    dispatch.new_dispatch(target_user_count=6, spawn_rate=6)
    list(dispatch)
    dispatch.new_dispatch(target_user_count=2, spawn_rate=3)

    assert [sum(users(step)) for step in dispatch] == [3, 2]


def test_other_classes_take_the_place_of_those_before() -> None:
    dispatch = dispatcher(1)
    dispatch.new_dispatch(target_user_count=3, spawn_rate=3)
    list(dispatch)
    dispatch.new_dispatch(target_user_count=3, spawn_rate=10, user_classes=[Watcher, Seldom])

    assert list(dispatch)[-1] == {"0": {"Often": 0, "Seldom": 2, "Watcher": 1}}


@pytest.mark.parametrize("rate", [0.2, 1])
def test_a_rate_below_one_starts_one_user_a_step(rate: float) -> None:
    dispatch = dispatcher(1)
    dispatch.new_dispatch(target_user_count=3, spawn_rate=rate)
    assert [sum(users(step)) for step in dispatch] == [1, 2, 3]


def test_a_worker_that_comes_takes_its_share() -> None:
    dispatch = dispatcher(1)
    dispatch.new_dispatch(target_user_count=4, spawn_rate=4)
    list(dispatch)
    dispatch.add_worker(Worker("late"))
    assert dispatch.dispatch_in_progress

    assert users(next(dispatch)) == [2, 2]
    with pytest.raises(StopIteration):
        next(dispatch)


def test_a_worker_that_goes_leaves_its_users_to_the_others_at_the_spawn_rate() -> None:
    dispatch = dispatcher(2)
    dispatch.new_dispatch(target_user_count=8, spawn_rate=2)
    list(dispatch)
    dispatch.remove_worker(Worker("1"))
    assert dispatch.get_current_user_count() == 4

    assert [step["0"]["Often"] + step["0"]["Seldom"] for step in dispatch] == [6, 8]
