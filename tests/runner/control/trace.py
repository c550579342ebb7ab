"""Prints what one worker of a simulation goes through, for whoever replays a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.control import effects as effect
from tests.runner.control.simulation import START

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runner.control.simulation import Simulation


def follow(simulation: Simulation, identity: str) -> None:
    """From now on print all that concerns the worker of this identity, and the run's own effects."""
    master = simulation.master

    def line(who: str, what: object) -> None:
        print(f"{simulation.now - START:9.3f} {who:<10} {str(what)[:220]}")

    def of_master(instruction: Any) -> None:
        if isinstance(instruction, effect.Send):
            concerned = simulation.workers[master.mail.place_of(instruction.peer)].identity
        else:
            concerned = getattr(instruction, "identity", identity)
        if concerned == identity:
            line("master", instruction)

    _watch(master, "_carry_out", of_master)
    _watch(master, "_die", lambda: line("master", "dies"))
    for worker in simulation.workers:
        if worker.identity == identity:
            _watch(worker, "_carry_out", lambda instruction, _: line(identity, instruction))
            _watch(worker, "stall", lambda seconds: line(identity, f"stalls for {seconds} s"))
            _watch(worker, "die", lambda: line(identity, "dies"))


def _watch(owner: object, method: str, look: Callable[..., None]) -> None:
    original = getattr(owner, method)

    def watched(*arguments: Any) -> None:
        look(*arguments)
        original(*arguments)

    setattr(owner, method, watched)
