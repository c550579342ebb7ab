"""Locust's names for how a class comes by its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from swarm.users.tasks import collect_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from swarm.users.tasks import Task


class TaskHolder(Protocol):
    """What has tasks: users and task sets."""

    tasks: list[Task]


def get_tasks_from_base_classes(bases: Iterable[type], class_dict: Mapping[str, Any]) -> list[Task]:
    """Return the tasks of a class about to be made: those of its bases, then its own in the order written."""
    return collect_tasks(bases, class_dict)
