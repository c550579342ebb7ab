"""Users under a real local runner: what files do to the run from inside a task."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent import GreenletExit

from swarm import Environment, StopTest, StopUser, TaskSet, User, constant, task
from swarm.users.taskset import DefaultTaskSet
from tests.runner.users.living import until


class Visitor(User):
    abstract = True
    wait_time = constant(0.001)
    started = 0
    stopped = 0
    done = 0

    def on_start(self) -> None:
        type(self).started += 1

    def on_stop(self) -> None:
        type(self).stopped += 1


@pytest.fixture
def runners() -> Iterator[list[Any]]:
    made: list[Any] = []
    yield made
    for runner in made:
        runner.quit()


def start(runners: list[Any], user_class: type[User], count: int = 10) -> Any:
    runner = Environment(user_classes=[user_class]).create_local_runner()
    runners.append(runner)
    runner.start(count, spawn_rate=count)
    return runner


def test_every_user_stops_once(runners: list[Any]) -> None:
    class Shopper(Visitor):
        @task
        def browse(self) -> None:
            pass

    runner = start(runners, Shopper, 50)
    until(lambda: runner.user_count == 50)
    runner.quit()
    assert (Shopper.started, Shopper.stopped, runner.user_count) == (50, 50, 0)


def test_the_last_user_knows_that_it_is_the_last(runners: list[Any]) -> None:
    counts: list[int] = []

    class Leaver(Visitor):
        def on_stop(self) -> None:
            counts.append(self.environment.runner.user_count)

        @task
        def leave(self) -> None:
            raise StopUser

    start(runners, Leaver, 5)
    until(lambda: len(counts) == 5)
    assert counts == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("how", ["quit", "StopTest", "sys.exit", "spawn_later"])
def test_a_task_may_end_the_run(runners: list[Any], how: str) -> None:
    class Judge(Visitor):
        @task
        def judge(self) -> None:
            runner = self.environment.runner
            assert runner is not None
            if how == "quit":
                runner.quit()
            if how == "StopTest":
                raise StopTest
            if how == "sys.exit":
                sys.exit(3)
            gevent.spawn_later(0.01, runner.quit)
            gevent.sleep(60)

    runner = start(runners, Judge)
    with gevent.Timeout(20):
        runner.greenlet.join()
    assert runner.user_count == 0
    assert Judge.stopped == Judge.started
    assert runner.environment.process_exit_code == (3 if how == "sys.exit" else None)
    assert runner.exceptions == {}


def test_a_limit_of_iterations_by_a_replaced_execute_task_and_attributes_on_the_runner(
    runners: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for engine in (TaskSet, DefaultTaskSet):
        original = engine.execute_task

        def limited(self: TaskSet, task: Any, original: Any = original) -> None:
            runner: Any = self.user.environment.runner
            if runner.iterations_started == runner.iteration_target:
                runner.quit()
                raise GreenletExit
            runner.iterations_started += 1
            original(self, task)

        monkeypatch.setattr(engine, "execute_task", limited)

    class Shopper(Visitor):
        @task
        def browse(self) -> None:
            type(self).done += 1

    runner: Any = Environment(user_classes=[Shopper]).create_local_runner()
    runners.append(runner)
    runner.iterations_started, runner.iteration_target = 0, 100
    runner.start(7, spawn_rate=7)
    with gevent.Timeout(20):
        runner.greenlet.join()
    assert Shopper.done == 100
    assert Shopper.stopped == 7


def test_errors_of_tasks_are_in_the_runners_exceptions(runners: list[Any]) -> None:
    class Clumsy(Visitor):
        @task
        def fall(self) -> None:
            raise ValueError("ouch")

    runner = start(runners, Clumsy, 3)
    until(lambda: sum(row["count"] for row in runner.exceptions.values()) >= 9)
    [row] = runner.exceptions.values()
    assert (row["msg"], row["nodes"]) == ("ouch", {"local"})
    assert "in fall" in row["traceback"]
