"""The whole control plane from seeds: what it promises holds whatever the network, the clocks and the processes do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from swarm import _gevent
from tests.runner.control import simulation

_gevent.statemachine_queue()

BLOCKS = 10
"""The seeds come in so many tests, so that a process that runs out of time says where."""


def run_seeds(seeds: range, workers: int) -> None:
    broken: list[str] = []
    for seed in seeds:
        try:
            simulation.of(seed, workers).run()
        except Exception as error:  # noqa: BLE001  whatever broke, its seed is to be printed
            broken.append(
                f"scripts/replay-seed {seed} --workers {workers}    {type(error).__name__}: {error}"[:400]
            )
    assert not broken, "\n".join(["replay with one of:", *broken])


@pytest.mark.parametrize("block", range(BLOCKS))
def test_twenty_workers_keep_every_promise(block):
    run_seeds(range(20 * block, 20 * (block + 1)), workers=20)


@pytest.mark.parametrize("seed", range(2))
def test_a_thousand_workers_with_a_hundred_thousand_users_keep_every_promise(seed):
    run_seeds(range(seed, seed + 1), workers=1000)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("block", range(50))
def test_a_thousand_workers_keep_every_promise_for_many_seeds(block):
    run_seeds(range(1000 + 10 * block, 1000 + 10 * (block + 1)), workers=1000)


def test_a_seed_gives_the_same_life_each_time():
    first, second = (simulation.of(7, 20) for _ in range(2))
    first.run()
    second.run()
    assert (first.steps, first.now) == (second.steps, second.now)
    assert first.master.accounting == second.master.accounting


def test_a_seed_is_replayed_by_one_command():
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, root / "scripts" / "replay-seed", "3", "--workers", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "seed 3 with 5 workers: every promise held" in done.stdout
