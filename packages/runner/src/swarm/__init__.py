"""What a locustfile imports: users, tasks, waits, events, shapes.

The names are imported at their first use, so that starting the command line costs little.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from swarm import _gevent as _gevent  # patches the process, before everything else

if TYPE_CHECKING:
    from swarm.debug import run_single_user
    from swarm.environment import Environment
    from swarm.event import Events, events
    from swarm.exceptions import (
        CatchResponseError,
        InterruptTaskSet,
        RescheduleTask,
        RescheduleTaskImmediately,
        ResponseError,
        StopTest,
        StopUser,
        SwarmError,
    )
    from swarm.http.on_requests.session import HttpSession
    from swarm.http.session import FastHttpSession
    from swarm.log import setup_logging
    from swarm.shape import LoadTestShape
    from swarm.stats import stats_history, stats_printer
    from swarm.users.fast_http_user import FastHttpUser
    from swarm.users.http_user import HttpUser
    from swarm.users.markov import MarkovTaskSet, transition, transitions
    from swarm.users.sequential import SequentialTaskSet
    from swarm.users.tags import tag
    from swarm.users.taskset import TaskSet, task
    from swarm.users.user import User
    from swarm.users.wait_time import between, constant, constant_pacing, constant_throughput, poisson

__version__ = "0.1.0"

_HOME = {
    "run_single_user": "swarm.debug",
    "Environment": "swarm.environment",
    "Events": "swarm.event",
    "events": "swarm.event",
    "CatchResponseError": "swarm.exceptions",
    "InterruptTaskSet": "swarm.exceptions",
    "RescheduleTask": "swarm.exceptions",
    "RescheduleTaskImmediately": "swarm.exceptions",
    "ResponseError": "swarm.exceptions",
    "StopTest": "swarm.exceptions",
    "StopUser": "swarm.exceptions",
    "SwarmError": "swarm.exceptions",
    "HttpSession": "swarm.http.on_requests.session",
    "FastHttpSession": "swarm.http.session",
    "setup_logging": "swarm.log",
    "LoadTestShape": "swarm.shape",
    "stats_history": "swarm.stats",
    "stats_printer": "swarm.stats",
    "FastHttpUser": "swarm.users.fast_http_user",
    "HttpUser": "swarm.users.http_user",
    "MarkovTaskSet": "swarm.users.markov",
    "transition": "swarm.users.markov",
    "transitions": "swarm.users.markov",
    "SequentialTaskSet": "swarm.users.sequential",
    "tag": "swarm.users.tags",
    "TaskSet": "swarm.users.taskset",
    "task": "swarm.users.taskset",
    "User": "swarm.users.user",
    "between": "swarm.users.wait_time",
    "constant": "swarm.users.wait_time",
    "constant_pacing": "swarm.users.wait_time",
    "constant_throughput": "swarm.users.wait_time",
    "poisson": "swarm.users.wait_time",
}

__all__ = [
    "CatchResponseError",
    "Environment",
    "Events",
    "FastHttpSession",
    "FastHttpUser",
    "HttpSession",
    "HttpUser",
    "InterruptTaskSet",
    "LoadTestShape",
    "MarkovTaskSet",
    "RescheduleTask",
    "RescheduleTaskImmediately",
    "ResponseError",
    "SequentialTaskSet",
    "StopTest",
    "StopUser",
    "SwarmError",
    "TaskSet",
    "User",
    "__version__",
    "between",
    "constant",
    "constant_pacing",
    "constant_throughput",
    "events",
    "poisson",
    "run_single_user",
    "setup_logging",
    "stats_history",
    "stats_printer",
    "tag",
    "task",
    "transition",
    "transitions",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'swarm' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
