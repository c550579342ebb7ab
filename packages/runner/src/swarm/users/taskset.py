"""Tasks that belong together: choosing one, running it, waiting, and the ways out of it.

The loop in `TaskSet.run` is the hot path of a user. It calls `execute_task` through the class at every step,
so that a file may replace it, and gives way to the other users only when the task did not do so itself.
"""

from __future__ import annotations

from random import random
from time import perf_counter
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

import gevent
from gevent import GreenletExit, get_hub

from swarm.exceptions import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
    SwarmError,
)
from swarm.users import failures
from swarm.users.pause import pause
from swarm.users.states import KILLED, RUNNING, STOPPING, WAITING
from swarm.users.tasks import Task, collect_tasks, expand, task
from swarm.users.wait_time import adopt_old_settings

if TYPE_CHECKING:
    from swarm.users.user import User

__all__ = ["DefaultTaskSet", "TaskSet", "TaskSetMeta", "run_on_stop", "task"]

EXITS = (StopUser, StopTest, GreenletExit, SystemExit, KeyboardInterrupt)
"""What ends a user; anything else that a task raises ends the task only."""

FAILED_AT_ONCE_PAUSE_S = 0.1
"""A task that failed before it waited for anything would repeat, and fail, at full speed."""


class TaskSetMeta(type):
    """Collects a task set's tasks from its bases and its body."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        """Make the class; raises ValueError for a task's weight that is none."""
        namespace["tasks"] = collect_tasks(bases, namespace)
        cls = super().__new__(mcs, name, bases, namespace)
        adopt_old_settings(cls, namespace)
        return cls


class TaskSet(metaclass=TaskSetMeta):
    """Tasks of which a user runs one after the other, chosen by weight; a task itself of a user or another set.

    It goes on until a task interrupts it or the user stops. A wait lies between two tasks: `wait_time` of the
    set where it has one, else that of its user.
    """

    tasks: list[Any] | dict[Any, int]
    """Functions of the task set and TaskSet classes: a list, or a dict with weights."""
    min_wait: float | None = None
    """Shortest wait in ms; `wait_time = between(1, 3)` in seconds is the way to write it now."""
    max_wait: float | None = None
    """Longest wait in ms; see `min_wait`."""
    wait_function: Any = None
    """A function that returns a wait in ms; `wait_time` in seconds is the way to write it now."""

    _swarm_turn = -1
    """The hub's turn in which this set last gave way."""

    def __init__(self, parent: User | TaskSet) -> None:
        self._task_queue: list[Task] = []
        self._swarm_parent = parent
        self._swarm_user: User = parent._swarm_user if isinstance(parent, TaskSet) else parent

    @property
    def user(self) -> User:
        """The user that runs this task set."""
        return self._swarm_user

    @property
    def parent(self) -> Any:
        """The task set that this one is nested in, or the user."""
        return self._swarm_parent

    @property
    def client(self) -> Any:
        """The user's client."""
        return self._swarm_user.client  # type: ignore[attr-defined]  # a plain User has one if its file makes it

    def on_start(self) -> None:
        """Run when the user enters this task set; for a file to override."""

    def on_stop(self) -> None:
        """Run when the user leaves this task set, also by its end; for a file to override."""

    def run(self) -> NoReturn:
        """Run tasks until one interrupts the set (raises RescheduleTask…) or the user ends (raises StopUser …)."""
        user = self._swarm_user
        entered = user._swarm_task_start
        try:
            self._swarm_enter()
            rest = False
            while True:
                try:
                    if user._swarm_state == STOPPING or user._swarm_halt:
                        raise StopUser  # noqa: TRY301  a function call would cost more than the check
                    if rest:
                        self.wait()
                    if user._swarm_gate is not None:
                        user._swarm_hold()
                    rest = True
                    self.execute_next_task()
                except RescheduleTaskImmediately:
                    rest = False
                    self._swarm_give_way()
                except RescheduleTask:
                    pass
                except InterruptTaskSet as request:
                    self._swarm_interrupted(request)
                except EXITS:
                    raise
                except BaseException as error:  # noqa: BLE001  a task may raise anything, and its user goes on
                    self._swarm_failed(error)
        except (StopUser, StopTest, GreenletExit, SystemExit):
            user._swarm_leave()
            run_on_stop(user, self)
            raise
        finally:
            user._swarm_task_start = entered

    def execute_next_task(self) -> None:
        """Run the next scheduled task, or choose one."""
        queue = self._task_queue
        self.execute_task(queue.pop(0) if queue else self.get_next_task())

    def get_next_task(self) -> Task:
        """Choose a task by weight. Raises SwarmError when there is none."""
        return chosen(self)

    def execute_task(self, task: Task) -> None:
        """Run `task`: a function of the task set, a method bound to it, or a nested TaskSet class."""
        if type(task) is FunctionType:
            task(self)
        else:
            _execute_other(task, self)

    def schedule_task(self, task_callable: Task, first: bool = False) -> None:
        """Run this task next, after those scheduled before it or, with `first`, before them."""
        if first:
            self._task_queue.insert(0, task_callable)
        else:
            self._task_queue.append(task_callable)

    def wait_time(self) -> float:
        """Return the seconds to wait before the next task: the user's, unless this set has its own."""
        return self._swarm_user.wait_time()

    def wait(self) -> None:
        """Sleep for `wait_time`; without one, give way if no other user had its turn meanwhile.

        Raises SwarmError when `wait_time` returns no number, and what ends the user when it is stopped.
        """
        seconds = self.wait_time()
        try:
            sleeps = seconds > 0
        except TypeError:
            raise SwarmError(
                f"wait_time of {type(self._swarm_user).__name__} returned {seconds!r}; it must return seconds."
            ) from None
        if not sleeps:
            self._swarm_give_way()
            return
        user = self._swarm_user
        if user._swarm_state == RUNNING:
            user._swarm_state = WAITING
        pause(seconds)
        if user._swarm_state == WAITING:
            user._swarm_state = RUNNING
        elif user._swarm_state == STOPPING and not user._swarm_leaving:
            raise StopUser
        user._swarm_task_start = perf_counter()

    def interrupt(self, reschedule: bool = True) -> NoReturn:
        """Leave this task set; its parent picks its next task at once, without `reschedule` after its wait."""
        raise InterruptTaskSet(reschedule)

    def _swarm_enter(self) -> None:
        try:
            self.on_start()
        except InterruptTaskSet as request:
            raise _rescheduled(request) from None
        self._swarm_user._swarm_task_start = perf_counter()

    def _swarm_give_way(self) -> None:
        loop = get_hub().loop
        turn = loop.iteration
        if turn == self._swarm_turn:
            # Not gevent.sleep(0), after which the hub runs other greenlets for 5 ms before it looks for answers.
            pause(0)
            turn = loop.iteration
        self._swarm_turn = turn

    def _swarm_interrupted(self, request: InterruptTaskSet) -> None:
        run_on_stop(self._swarm_user, self)
        raise _rescheduled(request) from None

    def _swarm_failed(self, error: BaseException) -> None:
        user = self._swarm_user
        failures.report(user, error, "a task")
        if not user.environment.catch_exceptions:
            raise error
        turn = get_hub().loop.iteration
        if turn == self._swarm_turn:
            gevent.sleep(FAILED_AT_ONCE_PAUSE_S)
        self._swarm_turn = turn


class DefaultTaskSet(TaskSet):
    """The task set at the root of each user: it runs the tasks of the user's own class."""

    def get_next_task(self) -> Task:
        """Choose one of the user's tasks by weight. Raises SwarmError when there is none."""
        return chosen(self._swarm_user)

    def execute_task(self, task: Task) -> None:
        """Run `task`: a function of the user, a method bound to it, or a TaskSet class."""
        if type(task) is FunctionType:
            task(self._swarm_user)
        else:
            _execute_other(task, self._swarm_user)

    def _swarm_interrupted(self, request: InterruptTaskSet) -> None:
        self._swarm_failed(
            SwarmError(
                f"A task of {type(self._swarm_user).__name__} interrupted its task set, but it belongs to the user "
                "itself, so there is nothing to go back to. Raise StopUser to end the user, RescheduleTask to end "
                "the task."
            ).with_traceback(request.__traceback__)
        )


def _execute_other(task: Task, owner: User | TaskSet) -> None:
    if isinstance(task, TaskSetMeta):
        task(owner).run()
    elif getattr(task, "__self__", None) is owner:
        task()  # a method bound to it already
    else:
        task(owner)


def chosen(holder: User | TaskSet) -> Task:
    """Return one of the tasks of a user or task set at random. Raises SwarmError when there is none."""
    tasks: Any = holder.tasks
    try:
        return tasks[int(random() * len(tasks))]  # type: ignore[no-any-return]
    except IndexError:
        raise SwarmError(no_tasks(holder)) from None
    except (KeyError, TypeError):
        holder.tasks = expand(tasks or ())  # a dict or a tuple of the instance's own
        return chosen(holder)


def no_tasks(holder: User | TaskSet | type) -> str:
    """Return the message that tells how to give a class its tasks."""
    name = holder.__name__ if isinstance(holder, type) else type(holder).__name__
    return f"{name} has no tasks: decorate its methods with @task, or set its `tasks` attribute."


def run_on_stop(user: User, owner: User | TaskSet) -> None:
    """Call `on_stop` of the user or of one of its task sets; an error is reported and goes no further.

    A kill of a user that is leaving ends it for good: the `on_stop` of the sets around are left out.
    """
    if user._swarm_state == KILLED:
        return
    try:
        owner.on_stop()
    except GreenletExit:
        if user._swarm_leaving:
            user._swarm_state = KILLED
        raise
    except EXITS:
        raise
    except BaseException as error:  # noqa: BLE001  a user's code may raise anything, and the user is to end
        failures.report(user, error, f"on_stop of {type(owner).__name__}")


def _rescheduled(request: InterruptTaskSet) -> Exception:
    return RescheduleTaskImmediately() if request.reschedule else RescheduleTask()
