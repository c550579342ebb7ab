"""Locust's functions that check a chain, for scripts that call them; a MarkovTaskSet is checked when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.users import markov
from swarm.users.tags import tags_of
from swarm.users.tasks import warn_of_its_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swarm.users.tasks import Task


def is_markov_task(task: Callable[..., Any]) -> bool:
    """Tell whether a function has transitions."""
    return bool(markov.transitions_of(task))


def get_markov_tasks(class_dict: Mapping[str, Any]) -> list[Task]:
    """Return the functions of a class body that have transitions, as written."""
    return [value for value in class_dict.values() if callable(value) and is_markov_task(value)]


def to_weighted_list(transitions: Mapping[str, int]) -> list[str]:
    """Return each name as often as its weight says."""
    return [name for name, weight in transitions.items() for _ in range(weight)]


def validate_has_markov_tasks(tasks: list[Task], classname: str) -> None:
    """Raise NoMarkovTasksError when there are no tasks."""
    if not tasks:
        raise markov.NoMarkovTasksError(f"{classname} has no methods with @transition or @transitions.")


def validate_transitions(tasks: list[Task], class_dict: Mapping[str, Any], classname: str) -> None:
    """Check that each transition leads to a method that has transitions itself.

    Raises InvalidTransitionError for a name that is not there, else NonMarkovTaskTransitionError.
    """
    for task in tasks:
        for name in markov.transitions_of(task):
            if name not in class_dict:
                raise markov.InvalidTransitionError(
                    f"{classname}.{task.__name__} leads to {name!r}, which the class does not have."
                )
            if not is_markov_task(class_dict[name]):
                raise markov.NonMarkovTaskTransitionError(
                    f"{classname}.{task.__name__} leads to {name}, which has no transitions itself."
                )


def validate_no_unreachable_tasks(tasks: list[Task], class_dict: Mapping[str, Any], classname: str) -> None:
    """Warn of tasks to which no transition leads from the first one."""
    named = {task.__name__: task for task in tasks}
    reached = markov.reachable({name: class_dict.get(name, task) for name, task in named.items()})
    if lost := sorted(set(named) - reached):
        markov.logger.warning("%s: no transition leads to %s.", classname, ", ".join(lost))


def validate_no_tags(task: Task, classname: str) -> None:
    """Raise MarkovTaskTagError when the task is tagged."""
    if tags_of(task):
        raise markov.MarkovTaskTagError(f"{classname}.{task.__name__} is tagged; tag the whole class.")


def validate_markov_chain(tasks: list[Task], class_dict: Mapping[str, Any], classname: str) -> None:
    """Do all of the checks above."""
    validate_has_markov_tasks(tasks, classname)
    for task in tasks:
        warn_of_its_name(task)
        validate_no_tags(task, classname)
    validate_transitions(tasks, class_dict, classname)
    validate_no_unreachable_tasks(tasks, class_dict, classname)
