"""The waits between two tasks: each function here returns one to be set as `wait_time` of a user or task set."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

logger = logging.getLogger("swarm.users")

WaitTime = Callable[[Any], float]


def between(min_wait: float, max_wait: float) -> WaitTime:
    """Wait a random time from `min_wait` to `max_wait` seconds, all equally likely."""
    span = max_wait - min_wait
    return lambda _: min_wait + random.random() * span


def constant(wait_time: float) -> WaitTime:
    """Wait `wait_time` seconds."""
    return lambda _: wait_time


def constant_pacing(wait_time: float) -> WaitTime:
    """Let a user begin a task every `wait_time` seconds, however long the tasks take.

    It counts from the start of the previous task. After a task that took longer the next one begins at once,
    and the lost time is not caught up.
    """

    def paced(owner: Any) -> float:
        user = getattr(owner, "_swarm_user", owner)
        now = perf_counter()
        began = getattr(user, "_swarm_task_start", now)
        left = began + wait_time - now
        if left > 0:
            return left
        user._swarm_task_start = now
        return 0.0

    return paced


def constant_throughput(task_runs_per_second: float) -> WaitTime:
    """Let a user begin at most this many tasks a second: `constant_pacing(1 / task_runs_per_second)`.

    Raises ValueError when that is not more than 0.
    """
    _check_positive("constant_throughput", task_runs_per_second)
    return constant_pacing(1 / task_runs_per_second)


def poisson(rate: float) -> WaitTime:
    """Wait an exponentially distributed time of 1 / `rate` seconds on average, as independent arrivals do.

    Raises ValueError when `rate` is not more than 0.
    """
    _check_positive("poisson", rate)
    return lambda _: random.expovariate(rate)


def _check_positive(function: str, rate: float) -> None:
    if not rate > 0:
        raise ValueError(f"{function}({rate!r}): the rate must be more than 0 a second.")


def adopt_old_settings(cls: type, namespace: Mapping[str, Any]) -> None:
    """Give `cls` a `wait_time` if its body has only one of the settings that came before, which are in ms."""
    if "wait_time" in namespace or not {"min_wait", "max_wait", "wait_function"} & set(namespace):
        return
    shortest, longest = getattr(cls, "min_wait", None), getattr(cls, "max_wait", None)
    function = namespace.get("wait_function")
    if function is not None:
        cls.wait_time = lambda self: self.wait_function() / 1000  # type: ignore[attr-defined]
        advice = "a method wait_time that returns seconds"
    elif shortest is not None and longest is not None:
        cls.wait_time = between(shortest / 1000, longest / 1000)  # type: ignore[attr-defined]
        advice = f"wait_time = between({shortest / 1000:g}, {longest / 1000:g})"
    else:
        return
    logger.warning("%s sets its wait in ms by an old name: write %s.", cls.__name__, advice)
