"""Tags on tasks, and leaving out the tasks whose tags were not asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.exceptions import SwarmError
from swarm.users.taskset import TaskSetMeta

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from swarm.users.tasks import Task, TaskT

_TAGS = "_swarm_tags"


def tag(*tags: str) -> Callable[[TaskT], TaskT]:
    """Tag a task, or a TaskSet class and so all tasks in it, for `--tags` and `--exclude-tags`.

    Stands above or below `@task`. Raises ValueError without a tag.
    """
    if not tags or not all(isinstance(name, str) for name in tags):
        raise ValueError('@tag needs the names of the tags: @tag("slow") or @tag("slow", "login").')

    def decorate(tagged: TaskT) -> TaskT:
        setattr(tagged, _TAGS, tags_of(tagged) | set(tags))
        return tagged

    return decorate


def tags_of(tagged: Any) -> frozenset[str]:
    """Return the tags of a task or a TaskSet class."""
    return frozenset(getattr(tagged, _TAGS, ()))


def filter_tasks_by_tags(
    holder: Any, tags: Collection[str] | None = None, exclude_tags: Collection[str] | None = None
) -> None:
    """Leave in a user class (or TaskSet class) only tasks with one of `tags` and none of `exclude_tags`.

    None or nothing lets all pass. The tags of a TaskSet class count for all tasks in it; one that is left
    without tasks goes. Changes the classes' `tasks` for good. Raises SwarmError when none is left.
    """
    if not tags and not exclude_tags:
        return
    holder.tasks = _Filter(frozenset(tags or ()), frozenset(exclude_tags or ())).kept(
        holder.tasks, frozenset()
    )
    if not holder.tasks:
        wanted = [f"--tags {' '.join(sorted(tags))}"] if tags else []
        unwanted = [f"--exclude-tags {' '.join(sorted(exclude_tags))}"] if exclude_tags else []
        raise SwarmError(
            f"{holder.__name__} has no task left with {' '.join(wanted + unwanted)}: tag one of its tasks so, or "
            "leave the class out by naming the others on the command line."
        )


class _Filter:
    """One pass over the tasks of a class and of all that are nested in it."""

    def __init__(self, tags: frozenset[str], exclude_tags: frozenset[str]) -> None:
        self._tags = tags
        self._exclude_tags = exclude_tags
        self._originals: dict[Task, Any] = {}
        self._cut: dict[tuple[Task, frozenset[str]], Any] = {}

    def kept(self, tasks: Collection[Task], inherited: frozenset[str]) -> list[Task]:
        """Return what is left of `tasks` in a set whose own tags are `inherited`."""
        return [left for task in tasks if (left := self._left(task, inherited)) is not None]

    def _left(self, task: Task, inherited: frozenset[str]) -> Task | None:
        tags = inherited | tags_of(task)
        # A chain stays whole: it counts as one task.
        if not isinstance(task, TaskSetMeta) or is_markov_taskset(task):
            return task if self._passes(tags) else None
        left = self._cut.get((task, tags))
        if left is None:
            left = self._cut[task, tags] = self._same_or_copy(task)
            left.tasks = self.kept(self._originals[task], tags)
        return left if left.tasks else None

    def _same_or_copy(self, taskset: Any) -> Any:
        """Return `taskset` itself to be cut; inside sets with other tags it is cut otherwise, so a subclass then."""
        if taskset not in self._originals:
            self._originals[taskset] = taskset.tasks
            return taskset
        named = {"__module__": taskset.__module__, "__qualname__": taskset.__qualname__}
        return type(taskset)(taskset.__name__, (taskset,), named)

    def _passes(self, tags: frozenset[str]) -> bool:
        return (not self._tags or bool(tags & self._tags)) and not tags & self._exclude_tags


def is_markov_taskset(task: Any) -> bool:
    """Tell whether `task` is a MarkovTaskSet class."""
    from swarm.users.markov import MarkovTaskSetMeta

    return isinstance(task, MarkovTaskSetMeta)
