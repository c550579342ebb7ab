"""What an iteration of a user costs beside the user's own function: choice, execution, checks, no wait.

    .venv/bin/python scripts/bench/task_loop.py           # pyperf: nanoseconds an iteration
    .venv/bin/python scripts/bench/task_loop.py --quick   # the best of five, at once

`gives way` has tasks that never touch the hub, so that the loop gives way after each; in `turned` the tasks
look to the loop as if they had waited for an answer, which is what a task with a request does.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import count
from types import SimpleNamespace
from typing import Any

# pyperf waits for its workers with a blocking read, which a patched process never finishes.
os.environ["SWARM_SKIP_MONKEY_PATCH"] = "1"

from swarm import Events, SequentialTaskSet, StopUser, TaskSet, User, constant_throughput, task

ITERATIONS = 20_000


def environment() -> Any:
    return SimpleNamespace(events=Events(), runner=None, catch_exceptions=True, host=None)


class Loop(User):
    abstract = True
    left = 0

    def step(self) -> None:
        self.left -= 1
        if not self.left:
            raise StopUser


class Plain(Loop):
    @task
    def first(self) -> None:
        self.step()

    @task(3)
    def second(self) -> None:
        self.step()


class Nested(Loop):
    @task
    class Inner(TaskSet):
        @task
        def only(self) -> None:
            self.user.step()


class InOrder(Loop):
    @task
    class Inner(SequentialTaskSet):
        @task
        def first(self) -> None:
            self.user.step()

        @task
        def second(self) -> None:
            self.user.step()


class Paced(Plain):
    wait_time = constant_throughput(1e9)


class _Loop:
    """A hub's loop that turns at each look."""

    def __init__(self) -> None:
        self._turns = count()

    @property
    def iteration(self) -> int:
        return next(self._turns)


def once(user_class: type[Loop], turned: bool, iterations: int) -> float:
    """Return the seconds that `iterations` took."""
    from swarm.users import taskset

    user = user_class(environment())
    user.left = iterations
    real = taskset.get_hub
    hub = SimpleNamespace(loop=_Loop())
    if turned:
        taskset.get_hub = lambda: hub
    try:
        begin = time.perf_counter()
        user.run()
        return time.perf_counter() - begin
    finally:
        taskset.get_hub = real


def own(iterations: int) -> float:
    """Return the seconds that the functions alone take."""
    user = Plain(environment())
    user.left = iterations + 1
    begin = time.perf_counter()
    for _ in range(iterations):
        user.first()
    return time.perf_counter() - begin


CASES = {
    "plain, turned": (Plain, True),
    "plain, gives way": (Plain, False),
    "nested, turned": (Nested, True),
    "sequential, turned": (InOrder, True),
    "paced, turned": (Paced, True),
}


def quick() -> None:
    alone = min(own(ITERATIONS) for _ in range(5)) / ITERATIONS * 1e9
    print(f"the functions alone: {alone:.0f} ns")
    for name, (user_class, turned) in CASES.items():
        best = min(once(user_class, turned, ITERATIONS) for _ in range(5)) / ITERATIONS * 1e9
        print(f"{name}: {best:.0f} ns, {best - alone:.0f} beside the functions")


def main() -> None:
    import pyperf

    runner = pyperf.Runner()
    runner.bench_time_func("the functions alone", own)
    for name, (user_class, turned) in CASES.items():
        runner.bench_time_func(name, lambda n, c=user_class, t=turned: once(c, t, n))


if __name__ == "__main__":
    if "--quick" in sys.argv:
        quick()
    else:
        main()
