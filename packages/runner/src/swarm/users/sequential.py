"""Tasks that are run in the order in which they are written."""

from __future__ import annotations

from typing import Any

from swarm.exceptions import SwarmError
from swarm.users.tasks import Task, expand
from swarm.users.taskset import TaskSet, TaskSetMeta, no_tasks


class SequentialTaskSetMeta(TaskSetMeta):
    """Keeps the tasks of a body in the order written, `tasks` and `@task` methods alike; a base's come first."""


class SequentialTaskSet(TaskSet, metaclass=SequentialTaskSetMeta):
    """A task set that runs its tasks one after the other and, after the last, begins again.

    A task of weight 3 is run three times in a row.
    """

    _swarm_position = 0

    def get_next_task(self) -> Task:
        """Return the task after the last one. Raises SwarmError when there is none."""
        tasks: Any = self.tasks
        if not isinstance(tasks, list):
            tasks = self.tasks = expand(tasks or ())
        if not tasks:
            raise SwarmError(no_tasks(self))
        task: Task = tasks[self._swarm_position % len(tasks)]
        self._swarm_position += 1
        return task
