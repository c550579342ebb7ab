"""The worker's decisions: what happens comes in through `handle`, what is to be done goes out as values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.control.lifecycle import RunLifecycle

if TYPE_CHECKING:
    from swarm.control.happenings import Happening
    from swarm.control.instructions import Instruction
    from swarm.control.settings import WorkerSettings


class WorkerCore:
    """A worker's part in the swarm. One greenlet calls `handle`, and it never blocks."""

    def __init__(self, settings: WorkerSettings, identity: str, incarnation: int) -> None:
        """Begin without a master; `identity` names the worker, `incarnation` (random, 63 bits) its process."""
        self.settings = settings
        self.identity = identity
        self.incarnation = incarnation
        self.lifecycle = RunLifecycle()
        self.run = 0

    @property
    def state(self) -> str:
        """The state of the worker's own lifecycle."""
        return self.lifecycle.state

    @property
    def phase(self) -> int:
        """The number of the lifecycle's phase."""
        return self.lifecycle.phase

    def handle(self, now: float, happening: Happening) -> list[Instruction]:
        """Take in what happened at `now` and return what is to be done, in order."""
        raise NotImplementedError
