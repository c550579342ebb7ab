from __future__ import annotations

from typing import Any

import pytest

from swarm import Environment, RescheduleTask, SequentialTaskSet, StopUser, SwarmError, User, task
from tests.runner.users.living import Life


class Visitor(User):
    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.log: list[str] = []

    def did(self, what: str) -> None:
        self.log.append(what)
        if len(self.log) == 9:
            raise StopUser


def fourth(taskset: Any) -> None:
    taskset.user.did("fourth")


def test_tasks_run_in_the_order_written_and_begin_again(life: Life) -> None:
    class Steps(SequentialTaskSet):
        @task
        def first(self) -> None:
            self.user.did("first")

        @task(2)
        def second(self) -> None:
            self.user.did("second")

        tasks = [fourth]

        @task
        def last(self) -> None:
            self.user.did("last")
            raise RescheduleTask

    class Shopper(Visitor):
        tasks = [Steps]

    row = ["first", "second", "second", "fourth", "last"]
    assert life.lead(Shopper).log == (row * 2)[:9]


def test_the_tasks_of_a_base_come_first() -> None:
    class Login(SequentialTaskSet):
        @task
        def login(self) -> None:
            pass

    class Journey(Login):
        @task
        def buy(self) -> None:
            pass

    assert [entry.__name__ for entry in Journey.tasks] == ["login", "buy"]


def test_each_instance_begins_with_the_first_task() -> None:
    class Steps(SequentialTaskSet):
        tasks = [print, repr]

    user = User(Environment())
    one, other = Steps(user), Steps(user)
    assert (one.get_next_task(), one.get_next_task(), other.get_next_task()) == (print, repr, print)


def test_an_instance_may_have_tasks_of_its_own() -> None:
    steps = SequentialTaskSet(User(Environment()))
    steps.tasks = {print: 2, repr: 1}
    assert [steps.get_next_task() for _ in range(4)] == [print, print, repr, print]


def test_an_empty_sequence_says_how_to_fill_it() -> None:
    with pytest.raises(SwarmError, match="SequentialTaskSet has no tasks: decorate"):
        SequentialTaskSet(User(Environment())).get_next_task()
