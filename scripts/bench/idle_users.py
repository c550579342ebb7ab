"""What users cost that only wait: seconds to start them, KB of memory each, seconds to stop them.

.venv/bin/python scripts/bench/idle_users.py FastHttpUser 20000
"""

from __future__ import annotations

import gc
import sys
import time

import psutil

import swarm
from swarm import Environment, User, constant, task


def measure(base: type[User], count: int) -> tuple[float, float, float]:
    """Return seconds to start, KB a user, seconds to stop."""

    class Idle(base):  # type: ignore[misc, valid-type]  # the base is an argument
        host = "http://127.0.0.1:1"
        wait_time = constant(1000)

        @task
        def nothing(self) -> None:
            pass

    runner = Environment(user_classes=[Idle]).create_local_runner()
    gc.collect()
    before = psutil.Process().memory_info().rss
    begin = time.perf_counter()
    runner.start(count, spawn_rate=count, wait=True)
    started = time.perf_counter() - begin
    gc.collect()
    memory = (psutil.Process().memory_info().rss - before) / count / 1024
    begin = time.perf_counter()
    runner.quit()
    return started, memory, time.perf_counter() - begin


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "FastHttpUser"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    started, memory, stopped = measure(getattr(swarm, name), count)
    print(f"{count} {name}: started in {started:.2f} s, {memory:.1f} KB each, stopped in {stopped:.2f} s")


if __name__ == "__main__":
    main()
