from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import gevent
import pytest

from swarm import Environment, SequentialTaskSet, StopUser, TaskSet, User, constant, task
from swarm.users.taskset import DefaultTaskSet
from tests.runner.users.living import Life, until


class Visitor(User):
    """Keeps a log and ends when the log is `length` long."""

    abstract = True
    length = 10

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.log: list[str] = []

    def did(self, what: str) -> None:
        self.log.append(what)
        if len(self.log) >= self.length:
            raise StopUser

    def on_stop(self) -> None:
        self.log.append("end")


def one(user: Any) -> None:
    user.did("one")


def two(user: Any) -> None:
    user.did("two")


# the list of tasks ------------------------------------------------------------------------------------------


def test_tasks_may_be_a_list_of_functions(life: Life) -> None:
    class Shopper(Visitor):
        tasks = [one, two]

    assert set(life.lead(Shopper).log) <= {"one", "two", "end"}


def test_tasks_may_be_a_dict_with_weights_and_task_sets_in_it() -> None:
    class Nested(TaskSet):
        pass

    class Shopper(User):
        tasks = {one: 3, Nested: 1, two: 0}

    assert Shopper.tasks == [one, one, one, Nested]


def test_task_decorated_methods_and_classes_count_by_their_weight() -> None:
    class Shopper(User):
        @task
        def browse(self) -> None:
            pass

        @task(3)
        def buy(self) -> None:
            pass

        @task(2)
        class Checkout(TaskSet):
            pass

        @task(0)
        def never(self) -> None:
            pass

    names = [entry.__name__ for entry in Shopper.tasks]
    assert names == ["browse", "buy", "buy", "buy", "Checkout", "Checkout"]


def test_the_decorator_leaves_the_function_as_it_is() -> None:
    def browse() -> int:
        return 1

    assert task(browse) is browse
    assert task(3)(browse) is browse


@pytest.mark.parametrize("weight", [-1, 0.5, "3"])
def test_a_task_weight_that_is_none_is_an_error_that_names_it(weight: Any) -> None:
    with pytest.raises(ValueError, match=r"must be a whole number, 0 or more"):
        task(weight)
    with pytest.raises(ValueError, match=r"The weight of one is"):
        type("Shopper", (User,), {"tasks": {one: weight}})


def test_tasks_add_up_through_inheritance() -> None:
    class Base(User):
        abstract = True
        tasks = [one]

        @task
        def browse(self) -> None:
            pass

    class Mixin(TaskSet):
        tasks = [two]

    class Shopper(Base):
        tasks = {two: 2}

    class Set(Mixin):
        @task
        def inner(self) -> None:
            pass

    assert Shopper.tasks == [one, Base.browse, two, two]
    assert Base.tasks == [one, Base.browse]
    assert Set.tasks == [two, Set.inner]


def test_an_object_in_the_body_that_answers_to_any_name_is_no_task() -> None:
    class Proxy:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("not connected")

    class Shopper(User):
        stub = Proxy()
        tasks = [one]

    assert Shopper.tasks == [one]


def test_tasks_appended_to_the_class_after_its_making_are_chosen(life: Life) -> None:
    class Shopper(Visitor):
        length = 60

    for name in ("a", "b"):
        Shopper.tasks.append(lambda user, name=name: user.did(name))
    assert set(life.lead(Shopper).log) == {"a", "b", "end"}


@pytest.mark.parametrize("own", [[one], {one: 3}, (one,)])
def test_an_instance_may_have_tasks_of_its_own(life: Life, own: Any) -> None:
    class Shopper(Visitor):
        tasks = [two]

        def __init__(self, environment: Environment) -> None:
            super().__init__(environment)
            self.tasks = own

    assert set(life.lead(Shopper).log) == {"one", "end"}
    assert Shopper.tasks == [two]


def test_tasks_are_chosen_by_weight(life: Life) -> None:
    class Shopper(Visitor):
        length = 4000
        tasks = {one: 3, two: 1}

    chosen = Counter(life.lead(Shopper).log)
    n, p = Shopper.length, 0.25
    assert abs(chosen["two"] - n * p) < 5 * math.sqrt(n * p * (1 - p))  # five standard deviations


# running them -----------------------------------------------------------------------------------------------


def test_functions_methods_and_task_sets_get_what_they_belong_to(life: Life) -> None:
    got: list[Any] = []

    class Inner(TaskSet):
        @task
        def leave(self) -> None:
            got.append((self.user, self.parent))
            self.interrupt()

    class Outer(TaskSet):
        tasks = [Inner]

        def on_start(self) -> None:
            self.schedule_task(Inner)
            self.schedule_task(got.append)
            self.schedule_task(self.last)

        def last(self) -> None:
            got.append(self)
            raise StopUser

    class Shopper(Visitor):
        tasks = [Outer]

    user = life.lead(Shopper)
    (inner_user, inner_parent), appended, outer = got
    assert inner_user is user
    assert inner_parent is outer
    assert appended is outer
    assert outer.parent is user


def test_a_bound_method_may_be_a_task(life: Life) -> None:
    class Shopper(Visitor):
        def __init__(self, environment: Environment) -> None:
            super().__init__(environment)
            self.tasks = [self.browse]

        def browse(self) -> None:
            self.did("browse")

    assert life.lead(Shopper).log == ["browse"] * 10 + ["end"]


def test_scheduled_tasks_come_before_chosen_ones_in_their_order(life: Life) -> None:
    class Inner(TaskSet):
        @task
        def chosen(self) -> None:
            self.user.did("chosen")

        def on_start(self) -> None:
            self.schedule_task(one_of_set)
            self.schedule_task(two_of_set)
            self.schedule_task(first_of_set, first=True)

    def one_of_set(inner: Any) -> None:
        inner.user.did("one")

    def two_of_set(inner: Any) -> None:
        inner.user.did("two")

    def first_of_set(inner: Any) -> None:
        inner.user.did("first")

    class Shopper(Visitor):
        length = 5
        tasks = [Inner]

    assert life.lead(Shopper).log == ["first", "one", "two", "chosen", "chosen", "end"]


def test_the_user_of_a_task_set_cannot_be_assigned(life: Life) -> None:
    class Inner(TaskSet):
        @task
        def assign(self) -> None:
            self.user = {"name": "x"}

    class Shopper(Visitor):
        tasks = [Inner]

    life.start(Shopper)
    until(lambda: life.runner.exceptions)
    assert "has no setter" in life.runner.exceptions[0][1]


def test_the_client_of_a_task_set_is_the_users(life: Life) -> None:
    class Shopper(Visitor):
        client = "the client"

    assert TaskSet(TaskSet(Shopper(life.environment))).client == "the client"


@pytest.mark.parametrize("engine", [DefaultTaskSet, TaskSet])
def test_a_replaced_execute_task_is_called_at_every_step(
    life: Life, monkeypatch: pytest.MonkeyPatch, engine: type[TaskSet]
) -> None:
    steps: list[str] = []

    class Inner(TaskSet):
        @task
        def browse(self) -> None:
            self.user.did("browse")

    class Shopper(Visitor):
        tasks = [one] if engine is DefaultTaskSet else [Inner]

    original: Callable[[TaskSet, Any], None] = engine.execute_task

    def counting(self: TaskSet, task: Any) -> None:
        steps.append(task.__name__)
        original(self, task)

    user = life.start(Shopper)
    monkeypatch.setattr(engine, "execute_task", counting)
    assert life.group.join(timeout=20)
    assert steps == ["one" if engine is DefaultTaskSet else "browse"] * 10
    assert len(user.log) == 11


def test_an_overridden_get_next_task_decides(life: Life) -> None:
    class Inner(TaskSet):
        def get_next_task(self) -> Any:
            return lambda inner: inner.user.did("mine")

    class Shopper(Visitor):
        length = 2
        tasks = [Inner]

    assert life.lead(Shopper).log == ["mine", "mine", "end"]


# in and out of nested sets ----------------------------------------------------------------------------------


def test_nested_sets_are_visited_in_order_with_interrupts_of_both_kinds(life: Life) -> None:
    class Journey(SequentialTaskSet):
        def on_start(self) -> None:
            self.user.did("journey starts")

        def wait_time(self) -> float:
            self.user.did("wait")
            return 0

        @task
        class AtOnce(TaskSet):
            def on_start(self) -> None:
                self.user.did("at once starts")

            @task
            def leave(self) -> None:
                self.user.did("at once leaves")
                self.interrupt()

            def on_stop(self) -> None:
                self.user.did("at once stops")

        @task
        class Later(TaskSet):
            @task
            def leave(self) -> None:
                self.user.did("later leaves")
                self.interrupt(reschedule=False)

            def on_stop(self) -> None:
                self.user.did("later stops")

        @task
        def last(self) -> None:
            self.user.did("last")
            raise StopUser

        def on_stop(self) -> None:
            self.user.did("journey stops")

    class Shopper(Visitor):
        length = 100
        tasks = [Journey]

    assert life.lead(Shopper).log == [
        "journey starts",
        *("at once starts", "at once leaves", "at once stops"),
        *("later leaves", "later stops"),
        "wait",
        "last",
        "journey stops",
        "end",
    ]


def test_a_stop_runs_the_on_stop_of_every_level_from_the_inside(life: Life) -> None:
    class Inner(TaskSet):
        wait_time = constant(1000)

        @task
        def browse(self) -> None:
            pass

        def on_stop(self) -> None:
            self.user.did("inner")

    class Outer(TaskSet):
        tasks = [Inner]

        def on_stop(self) -> None:
            self.user.did("outer")

    class Shopper(Visitor):
        tasks = [Outer]

    user = life.start(Shopper)
    until(lambda: user._swarm_state == "waiting")
    user.stop()
    assert life.group.join(timeout=20)
    assert user.log == ["inner", "outer", "end"]


def test_a_kill_during_the_on_stop_of_a_set_leaves_out_the_others(life: Life) -> None:
    class Inner(TaskSet):
        wait_time = constant(1000)

        @task
        def browse(self) -> None:
            pass

        def on_stop(self) -> None:
            self.user.did("inner")
            gevent.sleep(1000)

    class Shopper(Visitor):
        tasks = [Inner]

    user = life.start(Shopper)
    until(lambda: user._swarm_state == "waiting")
    user.stop()
    until(lambda: user.log)
    user.greenlet.kill()
    assert user.log == ["inner"]


def test_a_set_that_interrupts_in_its_on_start_was_not_entered(life: Life) -> None:
    class Closed(TaskSet):
        def on_start(self) -> None:
            self.user.log.append("closed")
            self.interrupt()

        def on_stop(self) -> None:
            self.user.log.append("never")

    class Shopper(Visitor):
        length = 40
        tasks = [Closed, one]

    user = life.lead(Shopper)
    assert "closed" in user.log
    assert "never" not in user.log
    assert life.runner.exceptions == []


def test_an_error_in_the_on_start_of_a_set_is_the_parents_and_the_user_goes_on(life: Life) -> None:
    class Faulty(TaskSet):
        def on_start(self) -> None:
            self.user.did("faulty")
            raise ValueError("no stock")

    class Shopper(Visitor):
        length = 3
        tasks = [Faulty]

    assert life.lead(Shopper).log == ["faulty", "faulty", "faulty", "end"]
    assert [text for _, text, _ in life.runner.exceptions] == ["no stock", "no stock"]


def test_an_empty_set_says_how_to_give_it_tasks(life: Life) -> None:
    class Hollow(TaskSet):
        pass

    class Shopper(Visitor):
        tasks = [Hollow]

    life.start(Shopper)
    until(lambda: life.runner.exceptions)
    assert life.runner.exceptions[0][1].startswith("Hollow has no tasks:")


# waits ------------------------------------------------------------------------------------------------------


def test_a_set_waits_as_its_user_unless_it_has_a_wait_of_its_own(life: Life) -> None:
    class Shopper(Visitor):
        wait_time = constant(1)

    class Own(TaskSet):
        wait_time = constant(2)

    user = Shopper(life.environment)
    assert TaskSet(user).wait_time() == 1
    assert Own(user).wait_time() == 2
    assert TaskSet(Own(user)).wait_time() == 1


def test_a_wait_time_on_the_instance_is_a_function_without_arguments(life: Life) -> None:
    class Shopper(Visitor):
        length = 3
        tasks = [one]

        def __init__(self, environment: Environment) -> None:
            super().__init__(environment)
            self.wait_time = lambda: self.log.append("wait") or 0

    assert life.lead(Shopper).log == ["one", "wait", "one", "end"]
