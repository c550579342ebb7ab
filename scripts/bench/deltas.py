"""What reporting costs: `python scripts/bench/deltas.py` (pyperf; `--fast` for a first impression).

A worker cuts what it recorded in a second, a master unpacks it, checks it and merges it. Each figure is for one
report; msgpack is what both ends do to a report besides.
"""

from __future__ import annotations

import random
import sys
from time import process_time
from typing import TYPE_CHECKING

import msgpack
import pyperf

from swarm_stats import Registry
from swarm_stats.deltas import apply, cut, pack

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_700_000_000.5
CASES = {
    "100 names": (100, 1_000),
    "1,000 names": (1_000, 5_000),
    "100 names, 20,000 requests": (100, 20_000),
}


def times(n: int) -> list[int]:
    chance = random.Random(7)
    return [int(chance.lognormvariate(8.5, 0.7)) for _ in range(n)]


def fill(registry: Registry, names: int, requests: int, now: float = NOW) -> None:
    record = registry.record
    for n, us in enumerate(times(requests)):
        record("GET", f"/shop/products/{n % names}", us, 615, now, "boom" if n % 500 == 0 else None)


def a_worker(names: int, requests: int) -> Callable[[int], float]:
    registry = Registry(lambda: NOW)
    samples = times(requests)

    def measure(loops: int) -> float:
        spent = 0.0
        for loop in range(loops):
            for n, us in enumerate(samples):
                registry.record("GET", f"/shop/products/{n % names}", us, 615, NOW + loop)
            begin = process_time()
            cut(registry)
            spent += process_time() - begin
        return spent

    return measure


def report(names: int, requests: int) -> dict[str, object]:
    registry = Registry(lambda: NOW)
    fill(registry, names, requests)
    return pack(registry)


def a_master(names: int, requests: int, offset_s: float) -> Callable[[int], float]:
    """The master's clock goes on by a second with each report, so its series grow and are folded."""
    now = [NOW]
    registry = Registry(lambda: now[0])
    received = report(names, requests)

    def measure(loops: int) -> float:
        spent = 0.0
        for _ in range(loops):
            now[0] += 1
            received["second"] += 1  # type: ignore[operator]
            begin = process_time()
            apply(registry, received, offset_s)
            spent += process_time() - begin
        return spent

    return measure


def main() -> None:
    runner = pyperf.Runner()
    for title, (names, requests) in CASES.items():
        runner.bench_time_func(f"cut, {title}", a_worker(names, requests))
        runner.bench_time_func(f"merge, {title}", a_master(names, requests, 0.0))
        runner.bench_time_func(f"merge, clocks apart, {title}", a_master(names, requests, 0.4))
        packed = msgpack.packb(report(names, requests))
        runner.bench_func(f"unpack, {title}", msgpack.unpackb, packed)
        if not runner.args.worker:
            print(f"a report of {title} has {len(packed):,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
