"""A day of 1,000 names on the master, with everything it keeps, stays under its ceiling of memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CEILING_MB = 300
DAY_S = 86_400

MASTER = """
import json, random, sys
from pathlib import Path
import psutil
from swarm.runners.journal import Journal, MergedDelta
from swarm_stats import Exceptions, Registry
from swarm_stats.deltas import apply, cut
import msgpack

seconds, step, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
now = [1_700_000_000.0]
master, worker, raised, exceptions = Registry(lambda: now[0]), Registry(lambda: now[0]), Exceptions(), Exceptions()
journal = Journal(folder / "run.journal", master, exceptions)
journal.begin(1, {})
chance = random.Random(1)
names = [f"/shop/products/{n}" for n in range(1_000)]
times = [int(chance.lognormvariate(9, 1.2)) for _ in range(10_000)]

def report(number):
    for n, name in enumerate(names):
        us = times[(number * 7 + n) % 10_000]
        failed = f"status {n} of {number % 50}" if n % 2 else None
        worker.record("GET", name, us, 615, now[0], failed, from_intent_us=us + 50)
    raised.log("worker", f"error {number % 700}", "Traceback … " * 50)
    return msgpack.packb(cut(worker, raised))

reports = [report(number) for number in range(40)]
memory, number = [], 0
for second in range(0, seconds, step):
    now[0] += step
    number += 1
    # What was recorded at the beginning, on a clock that is as far behind as the day is old.
    payload = msgpack.unpackb(reports[number % len(reports)])
    offset = 0.3 - second - step
    apply(master, payload, offset, exceptions)
    journal.add(MergedDelta("one", 7, number, 1_000, False, offset, payload))
    journal.commit()
    if second % 5 < step:
        master.add_history_row(1_000, [0.5, 0.95])
    if number % 200 == 0:
        memory.append(psutil.Process().memory_info().rss / 1e6)
assert master.num_requests == number * 1_000
cells = max(len(entry.num_reqs_per_sec) for entry in master.entries.values())
print(json.dumps({"memory_mb": memory, "cells": cells, "failures": len(master.errors), "history": len(master.history)}))
"""


def a_day(step: int, folder: object, timeout: float) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", MASTER, str(DAY_S), str(step), str(folder)],
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def memory_of(found: dict[str, object]) -> list[float]:
    memory = found["memory_mb"]
    assert isinstance(memory, list)
    return memory


def test_a_day_seen_each_72_seconds_stays_under_the_ceiling(tmp_path: object) -> None:
    assert max(memory_of(a_day(72, tmp_path, 110))) < CEILING_MB


@pytest.mark.soak
@pytest.mark.timeout(3_000)
def test_a_day_seen_each_second_stays_under_the_ceiling_and_ceases_to_grow(tmp_path: object) -> None:
    memory = memory_of(a_day(1, tmp_path, 2_900))

    assert max(memory) < CEILING_MB
    assert max(memory) < 1.2 * max(memory[: len(memory) // 2])
