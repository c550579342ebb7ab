"""How a worker leaves while the others go on: it ends its part in the run, delivers all of it, and may go then.

The rule: a worker that was told to leave gets no users any more, whatever is heard of it; it is told to stop as at
the end of a run, and dismissed, as often as it takes, when its last delta is safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.control.effects import RememberWorker
from swarm.control.lifecycle import LifecycleError
from swarm.control.member import GONE, TAKES_USERS

if TYPE_CHECKING:
    from swarm.control.closing import Closing
    from swarm.control.fleet import Fleet
    from swarm.control.instructions import Instruction
    from swarm.control.member import Member
    from swarm.control.plan import Plan
    from swarm.control.settings import MasterSettings


class Draining:
    """Lets workers of `fleet` go out of the run of `plan`."""

    def __init__(self, settings: MasterSettings, fleet: Fleet, plan: Plan, closing: Closing) -> None:
        self._interval = settings.heartbeat_interval
        self._fleet = fleet
        self._plan = plan
        self._closing = closing

    def refusal(self, identity: str, *, goes_on: bool) -> str:
        """Return why this worker cannot leave now, empty when it can; `goes_on` says whether users are to run."""
        member = self._fleet.named(identity)
        if member is None or member.state in GONE:
            return f"There is no worker {identity!r}."
        if member.is_draining:
            return f"The worker {identity} is draining already."
        if member.state not in TAKES_USERS:
            return (
                f"The worker {identity} is {member.state}; it can be drained when it is ready or runs users."
            )
        if goes_on and self._fleet.takers() == [member]:
            return (
                f"{identity} is the last worker of the run: stop the run, or let another worker come first."
            )
        return ""

    def begin(self, now: float, identity: str, *, goes_on: bool) -> list[Instruction]:
        """Let a worker go. Raises LifecycleError when it cannot leave now."""
        refusal = self.refusal(identity, goes_on=goes_on)
        member = self._fleet.named(identity)
        if refusal or member is None:
            raise LifecycleError(refusal)
        effects = member.turn("drain")
        if self._owes(member):
            effects.append(RememberWorker(self._plan.run, member.record()))
        self._plan.postpone(now)
        return effects + self.go_on(now, member)

    def go_on(self, now: float, member: Member) -> list[Instruction]:
        """Tell a worker that leaves what it has still to do: to end its part in the run, or nothing but to go."""
        if self._owes(member):
            return self._closing.tell(now, member)
        member.dismissed_at = now
        return self._closing.dismiss(member)

    def take_back(self, now: float, member: Member) -> list[Instruction]:
        """A worker that was to leave was silent, and is there again."""
        return member.turn("drain") + self.go_on(now, member)

    def due(self, now: float, member: Member) -> list[Instruction]:
        """Tell a worker again that it may go, if it is time."""
        if member.state != "draining" or self._owes(member) or now - member.dismissed_at < self._interval:
            return []
        return self.go_on(now, member)

    def has_done(self, member: Member) -> bool:
        """Whether this worker has nothing left to do but to go: when it falls silent, it has gone."""
        return member.is_draining and not self._owes(member)

    def _owes(self, member: Member) -> bool:
        """Whether something of the run may come from it still."""
        run = self._plan.run
        return bool(run) and member.run == run and not member.final and not member.closed
