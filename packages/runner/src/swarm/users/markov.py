"""Tasks that each say which may follow them, and how likely: a Markov chain.

A chain is checked when its class is made, so that a misspelt name is an error at the start and not in the run.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from swarm.exceptions import SwarmError
from swarm.users.tags import tags_of
from swarm.users.tasks import Task, TaskT, whole_weight
from swarm.users.taskset import TaskSet, TaskSetMeta

logger = logging.getLogger("swarm.users")

_TRANSITIONS = "_swarm_transitions"


class NoMarkovTasksError(SwarmError):
    """A MarkovTaskSet has no method decorated by @transition."""


class InvalidTransitionError(SwarmError):
    """A transition leads to a name that the class does not have, or says nothing of where it leads."""


class NonMarkovTaskTransitionError(SwarmError):
    """A transition leads to a method that has no transitions itself, so the chain would end there."""


class MarkovTaskTagError(SwarmError):
    """A task of a chain is tagged; filtering by tags would tear the chain."""


def transition(func_name: str, weight: int = 1) -> Callable[[TaskT], TaskT]:
    """Let the method named `func_name` follow the decorated one; may be given several times, with weights.

    Raises ValueError when the weight is negative or no whole number.
    """
    return transitions([(func_name, weight)])


def transitions(
    weights: Mapping[str, int] | Iterable[tuple[str, int] | str],
) -> Callable[[TaskT], TaskT]:
    """Let several methods follow the decorated one: `{"buy": 1, "browse": 3}` or `[("browse", 3), "buy"]`.

    Raises InvalidTransitionError for what is neither, ValueError for a weight that is none.
    """
    if callable(weights) or isinstance(weights, str):
        raise InvalidTransitionError(
            f"@transitions({getattr(weights, '__name__', repr(weights))}): it needs the names of the methods that "
            'may follow, as {"buy": 1, "browse": 3} or ["buy", "browse"].'
        )
    pairs = weights.items() if isinstance(weights, Mapping) else map(_pair, weights)
    added = [name for name, weight in pairs for _ in range(whole_weight(weight, f"the transition to {name}"))]

    def decorate(function: TaskT) -> TaskT:
        # Decorators run from the bottom up; the chart reads from the top down.
        setattr(function, _TRANSITIONS, added + transitions_of(function))
        return function

    return decorate


def _pair(entry: tuple[str, int] | str) -> tuple[str, int]:
    name, weight = (entry, 1) if isinstance(entry, str) or callable(entry) else entry
    if not isinstance(name, str):
        raise InvalidTransitionError(
            f"A transition leads to {name!r}; write the name of the method as a text."
        )
    return name, weight


def transitions_of(function: Any) -> list[str]:
    """Return the names of the methods that may follow `function`, each as often as its weight says."""
    return list(getattr(function, _TRANSITIONS, ()))


class MarkovTaskSetMeta(TaskSetMeta):
    """Collects the methods that have transitions, and checks the chain unless the class is abstract."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        """Make the class; raises one of this module's errors when the chain is none."""
        namespace.setdefault("abstract", False)
        cls: Any = super().__new__(mcs, name, bases, namespace)
        named = {
            attribute: getattr(cls, attribute)
            for attribute in chain.from_iterable(vars(base) for base in cls.__mro__)
            if transitions_of(getattr(cls, attribute, None))
        }
        cls.tasks = list(named.values())
        if not namespace["abstract"]:
            _check(cls, named)
        return cls


class MarkovTaskSet(TaskSet, metaclass=MarkovTaskSetMeta):
    """A task set in which each task says by `@transition` or `@transitions` which may follow it.

    It begins with the first one written. `current` is the task that runs.
    """

    abstract = True
    current: Any = None

    def get_next_task(self) -> Task:
        """Return the first task, later one of those that may follow the last one."""
        tasks: Any = self.tasks
        following = transitions_of(self.current)
        self.current = getattr(type(self), random.choice(following)) if following else tasks[0]
        return self.current  # type: ignore[no-any-return]  # a method of this class


def _check(cls: type, tasks: Mapping[str, Task]) -> None:
    if not tasks:
        raise NoMarkovTasksError(
            f"{cls.__name__} has no tasks: decorate its methods with @transition or @transitions, which say what "
            "may follow them."
        )
    for name, function in tasks.items():
        if tags_of(function):
            raise MarkovTaskTagError(
                f"{cls.__name__}.{name} is tagged. Leaving out a task would tear the chain: tag the whole class."
            )
        for successor in transitions_of(function):
            _check_successor(cls, name, successor, tasks)
    if unreachable := sorted(set(tasks) - reachable(tasks)):
        logger.warning("%s: no transition leads to %s.", cls.__name__, ", ".join(unreachable))


def _check_successor(cls: type, name: str, successor: str, tasks: Mapping[str, Task]) -> None:
    if successor in tasks:
        return
    if hasattr(cls, successor):
        raise NonMarkovTaskTransitionError(
            f"{cls.__name__}.{name} leads to {successor}, which has no transitions itself: the chain would end there."
        )
    raise InvalidTransitionError(
        f"{cls.__name__}.{name} leads to {successor!r}, which the class does not have. It has: {', '.join(tasks)}."
    )


def reachable(tasks: Mapping[str, Task]) -> set[str]:
    """Return the names to which transitions lead from the first of `tasks` (name to method), itself included."""
    reached: set[str] = set()
    open_ends = [next(iter(tasks))]
    while open_ends:
        name = open_ends.pop()
        if name in tasks and name not in reached:
            reached.add(name)
            open_ends += transitions_of(tasks[name])
    return reached
