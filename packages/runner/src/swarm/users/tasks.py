"""What a task is: the `@task` decorator, and how a class's list of tasks comes together."""

from __future__ import annotations

import inspect
import logging
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

TaskT = TypeVar("TaskT", bound="Callable[..., Any]")
Task = Callable[..., Any]
"""A function of the user or the task set, or a TaskSet class."""

logger = logging.getLogger("swarm.users")

_WEIGHT = "_swarm_weight"


@overload
def task(weight: TaskT, /) -> TaskT: ...
@overload
def task(weight: int = 1) -> Callable[[TaskT], TaskT]: ...
def task(weight: TaskT | int = 1) -> TaskT | Callable[[TaskT], TaskT]:
    """Make a method or a nested TaskSet class a task: `@task`, or `@task(3)` to be chosen three times as often.

    A task of weight 0 is never chosen. Raises ValueError when the weight is negative or no whole number.
    """
    if not isinstance(weight, int) and callable(weight):
        return _weighted(weight, 1)
    count = whole_weight(weight, "@task")
    return lambda function: _weighted(function, count)


def _weighted(function: TaskT, weight: int) -> TaskT:
    warn_of_its_name(function)
    setattr(function, _WEIGHT, weight)
    return function


def warn_of_its_name(decorated_func: Callable[..., Any]) -> None:
    """Warn of a task named on_start or on_stop, which would be run as a task and at the start or end as well."""
    name = getattr(decorated_func, "__name__", "")
    if name in ("on_start", "on_stop"):
        logger.warning("%s is run at a user's %s anyhow: without @task, or by another name.", name, name[3:])


def whole_weight(weight: Any, of: str) -> int:
    """Return `weight` as int. Raises ValueError, naming `of`, when it is negative or no whole number."""
    try:
        count = operator.index(weight)
    except TypeError:
        count = -1
    if count < 0:
        raise ValueError(f"The weight of {of} is {weight!r}; it must be a whole number, 0 or more.")
    return count


def expand(tasks: Iterable[Task] | Mapping[Task, int]) -> list[Task]:
    """Return `tasks` as a list in which each stands as often as its weight says.

    Raises ValueError for a weight that is negative or no whole number.
    """
    if isinstance(tasks, Mapping):
        return [
            entry
            for entry, weight in tasks.items()
            for _ in range(whole_weight(weight, getattr(entry, "__name__", repr(entry))))
        ]
    return list(tasks)


def collect_tasks(bases: Iterable[type], namespace: Mapping[str, Any]) -> list[Task]:
    """Return the tasks of a class about to be made: those of its bases, then its own in the order written.

    Its own are the `tasks` in its body and whatever was decorated by `@task`.
    """
    collected: list[Task] = []
    for base in bases:
        collected += expand(getattr(base, "tasks", None) or ())
    for name, value in namespace.items():
        if name == "tasks":
            collected += expand(value or ())
        # Looked up without running code: an object in the body may answer to any name, or connect somewhere.
        elif (weight := inspect.getattr_static(value, _WEIGHT, None)) is not None:
            collected += [value] * weight
    return collected
