"""Runs seeds of the simulation and names the command that replays each one that breaks a promise."""

from __future__ import annotations

import gc

from swarm import _gevent
from tests.runner.control import simulation

_gevent.statemachine_queue()


def run_seeds(seeds: range, workers: int) -> None:
    broken: list[str] = []
    for seed in seeds:
        gc.disable()  # a swarm is garbage as a whole; looking for some of it meanwhile takes a fifth of the time
        try:
            simulation.of(seed, workers).run()
        except Exception as error:  # noqa: BLE001  whatever broke, its seed is to be printed
            broken.append(
                f"scripts/replay-seed {seed} --workers {workers}    {type(error).__name__}: {error}"[:400]
            )
        finally:
            gc.enable()
            gc.collect()
    assert not broken, "\n".join(["replay with one of:", *broken])
