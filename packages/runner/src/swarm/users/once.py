"""Runs a user through each of its tasks once: what a load test is as a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.event import events
from swarm.exceptions import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from swarm.users.taskset import TaskSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swarm.users.user import User

_ON = (InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately)


def run_once(user_class: type[User], host: str | None = None) -> list[str]:
    """Run `on_start`, each task once in the order written, nested ones too, and `on_stop`, without waits.

    Returns what failed of its requests, a line each. Raises what the user's code raises. The listeners of
    `init`, `test_start` and `test_stop` are called. `host` goes before the class's own.
    """
    from swarm.environment import Environment

    environment = Environment(user_classes=[user_class], events=events, host=host, catch_exceptions=False)
    try:
        events.init.fire(environment=environment, runner=None, web_ui=None)
        events.test_start.fire(environment=environment)
        _live(user_class(environment))
        events.test_stop.fire(environment=environment)
    finally:
        events.request.bind(None)
    failures = environment.stats.errors.values()
    return [f"{each.method} {each.name}: {each.error} ({each.occurrences})" for each in failures]


def _live(user: User) -> None:
    try:
        user.on_start()
        try:
            _run_all(user, user._swarm_taskset, user.tasks)
        except (StopUser, StopTest):
            pass
        finally:
            user.on_stop()
    finally:
        for session in user._swarm_sessions:
            session.close()


def _run_all(owner: User | TaskSet, runner: TaskSet, tasks: Iterable[Any]) -> None:
    """Run the tasks of `owner` through `runner`, whose `execute_task` a file may have replaced."""
    for task in dict.fromkeys(tasks):
        try:
            if isinstance(task, type) and issubclass(task, TaskSet):
                _run_set(task(owner))
            else:
                runner.execute_task(task)
        except _ON:
            continue


def _run_set(taskset: TaskSet) -> None:
    taskset.on_start()
    try:
        _run_all(taskset, taskset, taskset.tasks)
    finally:
        taskset.on_stop()
