"""How often each task will be chosen: shares by class and in total, as a tree, as text and as JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from swarm.control.apportion import ClassShare, users_per_class
from swarm.users.tasks import expand
from swarm.users.taskset import TaskSetMeta

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from swarm.users.tasks import Task
    from swarm.users.user import User

Ratio = dict[str, dict[str, Any]]
"""Name of a class or task to `ratio` (0 to 1) and, where there are tasks in it, `tasks`: the same again."""


def get_ratio(user_classes: Iterable[type[User]], user_spawned: Mapping[str, float], total: bool) -> Ratio:
    """Return the share of each user class among the users, and of each task within its class.

    `user_spawned` has the number of users, or any weight, by class name. With `total` a
    task's share is that of all tasks.
    """
    users = sum(user_spawned.values())
    ratios: Ratio = {}
    for user_class in user_classes:
        share = user_spawned.get(user_class.__name__, 0) / users if users else 0.0
        tasks = _tasks(expand(user_class.tasks or ()), share if total else 1.0, total)
        ratios[user_class.__name__] = {"ratio": share, "tasks": tasks}
    return ratios


def _tasks(tasks: list[Task], parent: float, total: bool) -> Ratio:
    ratios: Ratio = {}
    for task, count in Counter(tasks).items():
        share = count / len(tasks) * (parent if total else 1.0)
        entry: dict[str, Any] = {"ratio": share}
        if isinstance(task, TaskSetMeta):
            entry["tasks"] = _tasks(expand(task.tasks or ()), share, total)  # type: ignore[attr-defined]  # TaskSet's
        ratios[getattr(task, "__name__", repr(task))] = entry
    return ratios


def task_ratio_json(
    user_classes: Iterable[type[User]], user_spawned: Mapping[str, float]
) -> dict[str, Ratio]:
    """Return the shares as `--show-task-ratio-json` prints them: `per_class` and `total`."""
    classes = list(user_classes)
    return {
        "per_class": get_ratio(classes, user_spawned, False),
        "total": get_ratio(classes, user_spawned, True),
    }


def task_ratio_lines(
    user_classes: Iterable[type[User]], user_spawned: Mapping[str, float], total: bool
) -> list[str]:
    """Return the shares in percent as lines of text, tasks indented below their class."""
    return list(_lines(get_ratio(user_classes, user_spawned, total), 0))


def shares(user_classes: Iterable[type[User]], users: int | None) -> Mapping[str, float]:
    """Return how many of so many users each class gets, by its name; its weight when `users` is None or 0."""
    classes = list(user_classes)
    if not users:
        return {user_class.__name__: user_class.weight for user_class in classes}
    return users_per_class([ClassShare(c.__name__, c.weight, c.fixed_count) for c in classes], users)


def print_task_ratio(user_classes: Iterable[type[User]], num_users: int | None, total: bool) -> None:
    """Print the shares of `num_users` users (None: by weight) to stdout, as lines."""
    classes = list(user_classes)
    _write("\n".join(task_ratio_lines(classes, shares(classes, num_users), total)))


def print_task_ratio_json(user_classes: Iterable[type[User]], num_users: int | None) -> None:
    """Print the shares to stdout as one JSON object, with the keys per_class and total."""
    classes = list(user_classes)
    _write(json.dumps(task_ratio_json(classes, shares(classes, num_users)), indent=4))


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _lines(ratios: Ratio, level: int) -> Iterator[str]:
    for name, entry in ratios.items():
        yield f"{' ' * (level + 1)}* {entry['ratio'] * 100:.1f} {name}"
        yield from _lines(entry.get("tasks", {}), level + 1)
