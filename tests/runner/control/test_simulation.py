"""The whole control plane from seeds: what it promises holds whatever the network, the clocks and the processes do."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from swarm import _gevent
from swarm.control.instructions import Target
from swarm.control.messages import Delta, Heartbeat, Message, Pulse
from tests.runner.control import simulation
from tests.runner.control.seeds import run_seeds

_gevent.statemachine_queue()

BLOCKS = 10
"""The seeds come in so many tests, so that a process that runs out of time says where."""


@pytest.mark.parametrize("block", range(BLOCKS))
def test_twenty_workers_keep_every_promise(block):
    run_seeds(range(20 * block, 20 * (block + 1)), workers=20)


@pytest.mark.parametrize("seed", range(2))
def test_a_thousand_workers_with_a_hundred_thousand_users_keep_every_promise(seed):
    run_seeds(range(seed, seed + 1), workers=1000)


def test_while_nothing_changes_only_heartbeats_pulses_and_deltas_travel():
    swarm = simulation.small(3)
    swarm.network.heal()
    swarm.master.begin()
    swarm.go_on(2.5)
    swarm.master.ask("start", Target({"Shopper": 60}, 30.0))
    assert swarm.go_on(20, swarm._has_converged)
    swarm.go_on(3)
    sent: Counter[type[Message]] = Counter()
    carry = swarm.network.carry
    swarm.network.carry = lambda *arguments: (sent.update([type(arguments[-1])]), carry(*arguments))

    swarm.go_on(20)

    assert set(sent) == {Heartbeat, Pulse, Delta}
    workers, seconds = 20, 20
    assert all(count <= 1.2 * workers * seconds for count in sent.values()), sent


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
