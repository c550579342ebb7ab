"""What the statistics cost: `python scripts/bench/stats.py` (pyperf; `--fast` for a first impression).

Each figure is for one request (or one entry, one copy), loop included.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pyperf

from swarm_stats import Registry, Snapshot
from swarm_stats.reports import csv

if TYPE_CHECKING:
    from collections.abc import Callable

N = 1_000
NOW = 1_700_000_000.5


def times() -> list[int]:
    chance = random.Random(7)
    return [int(chance.lognormvariate(7.5, 0.7)) for _ in range(N)]


def record(names: int, error: Exception | None = None, late_us: int = 0) -> Callable[[], None]:
    registry = Registry(lambda: NOW)
    record = registry.record
    requests = [(f"/{n % names}", us, us + late_us if late_us else None) for n, us in enumerate(times())]

    def run() -> None:
        for name, us, from_intent_us in requests:
            record("GET", name, us, 615, NOW, error, from_intent_us)

    return run


def record_other() -> Callable[[], None]:
    registry = Registry(lambda: NOW, max_names=10)
    record = registry.record
    requests = [(f"/{n}", us) for n, us in enumerate(times())]

    def run() -> None:
        for name, us in requests:
            record("GET", name, us, 615, NOW)

    return run


def record_each_second_anew() -> Callable[[], None]:
    registry = Registry(lambda: NOW)
    record = registry.record
    requests = times()
    second = [NOW]

    def run() -> None:
        now = second[0]
        for us in requests:
            now += 1.0
            record("GET", "/", us, 615, now)
        second[0] = now

    return run


def filled() -> Registry:
    registry = Registry(lambda: NOW)
    for n, us in enumerate(times() * 20):
        registry.record("GET", f"/{n % N}", us, 615, NOW)
    return registry


def main() -> None:
    runner = pyperf.Runner()
    runner.bench_func("record, one name", record(1), inner_loops=N)
    runner.bench_func("record, 1,000 names", record(1_000), inner_loops=N)
    runner.bench_func("record, names full", record_other(), inner_loops=N)
    runner.bench_func("record, a failure", record(1, ConnectionRefusedError(111, "refused")), inner_loops=N)
    runner.bench_func("record, later than intended", record(1, late_us=90), inner_loops=N)
    runner.bench_func("record, the first of its second", record_each_second_anew(), inner_loops=N)
    registry = filled()
    runner.bench_func("snapshot, an entry", Snapshot.of, registry, inner_loops=N)
    runner.bench_func("CSV row, an entry", csv.stats_rows, registry, inner_loops=N)


if __name__ == "__main__":
    main()
