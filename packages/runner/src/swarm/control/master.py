"""The master's decisions: what happens comes in through `handle`, what is to be done goes out as values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.control.lifecycle import RunLifecycle

if TYPE_CHECKING:
    from swarm.control.happenings import Happening
    from swarm.control.instructions import Instruction
    from swarm.control.settings import MasterSettings


class MasterCore:
    """The run, its workers, and who runs which users. One greenlet calls `handle`, and it never blocks."""

    def __init__(self, settings: MasterSettings, session: str) -> None:
        """Begin with no worker and no run; `session` is a random token of this life of the master."""
        self.settings = settings
        self.session = session
        self.lifecycle = RunLifecycle()
        self.run = 0

    @property
    def state(self) -> str:
        """The state of the run's lifecycle."""
        return self.lifecycle.state

    @property
    def phase(self) -> int:
        """The number of the lifecycle's phase."""
        return self.lifecycle.phase

    def handle(self, now: float, happening: Happening) -> list[Instruction]:
        """Take in what happened at `now` and return what is to be done, in order.

        Raises LifecycleError for an Asked that the run's state does not allow.
        """
        raise NotImplementedError
