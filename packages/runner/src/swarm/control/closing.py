"""How a run ends on the master, and how the master itself does: who is waited for, until when, and the account.

The rule: a run ends when every worker that had part in it has delivered its last delta or has left, and at the
latest at its deadline; what comes later is acknowledged and not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.control.accounting import Accounting
from swarm.control.effects import RunClosed, Send
from swarm.control.lifecycle import LifecycleError
from swarm.control.messages import Quit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swarm.control.fleet import Fleet
    from swarm.control.instructions import Instruction
    from swarm.control.member import Member
    from swarm.control.plan import Plan
    from swarm.control.settings import MasterSettings


class Closing:
    """Closes the run of `plan` with the workers of `fleet`."""

    def __init__(self, settings: MasterSettings, fleet: Fleet, plan: Plan) -> None:
        self._settings = settings
        self._fleet = fleet
        self._plan = plan
        self._awaited: set[tuple[str, int]] = set()
        self._deadline = 0.0
        self._word = "stop"  # what workers are told: that, or to cut off what drains
        self._quit_by: float | None = None
        self.there_at_quit = 0
        """The workers that were there when the master was asked to quit."""

    # -- of the run --------------------------------------------------------------------------------------------

    @property
    def participants(self) -> list[Member]:
        """The workers that have, or had, part in the run."""
        run = self._plan.run
        return [member for member in self._fleet if member.run == run and run]

    def accounting(self) -> Accounting:
        """Return the account of the present run, or of the last one, as far as it has come."""
        rows = [member.account() for member in self.participants]
        return Accounting(self._plan.run, tuple(sorted(rows, key=lambda row: row.identity)))

    def begin(self, now: float) -> list[Instruction]:
        """Tell all who have part to stop, and wait for them from now on."""
        self._deadline = now + (self._plan.stop_timeout or 0) + self._settings.final_deadline
        # Of whom has left, all that there is has come.
        self._awaited = {m.key for m in self.participants if not m.final and m.state != "quit"}
        effects: list[Instruction] = []
        for member in self.participants:
            if member.state not in ("missing", "quit"):
                effects += self.halt(now, member)
        return effects

    def halt(self, now: float, member: Member) -> list[Instruction]:
        """Tell a worker to stop."""
        turned = member.turn("halting") if member.state in ("ready", "spawning", "running") else []
        return turned + self.tell(now, member)

    def tell(self, now: float, member: Member) -> list[Instruction]:
        """Tell a worker that its part in the run is over."""
        return self._plan.tell_all(now, [member], self._word)

    def force(self, now: float) -> list[Instruction]:
        """Tell all who are waited for to cut off what drains."""
        self._word = "cut"
        self._deadline = min(self._deadline, now + self._settings.final_deadline)
        effects: list[Instruction] = []
        for member in self.participants:
            if member.state not in ("missing", "quit") and not member.final:
                effects += self.tell(now, member)
        return effects

    def awaited_workers(self) -> list[Member]:
        """Return the workers that have their last delta still to deliver."""
        return [member for member in self.participants if member.key in self._awaited]

    def left(self, now: float) -> float:
        """Seconds until nobody is waited for any more."""
        return max(0.0, self._deadline - now)

    def await_no_longer(self, member: Member) -> None:
        """All that there is of this worker has come."""
        self._awaited.discard(member.key)

    def is_due(self, now: float) -> bool:
        """Whether nobody is waited for any more, or for too long."""
        return not self._awaited or now >= self._deadline

    def close(self) -> list[Instruction]:
        """Close the account."""
        self._word = "stop"
        effects: list[Instruction] = []
        for member in self.participants:
            member.closed = True
            if member.state == "stopping":
                effects += member.turn("delivered")
        return [*effects, RunClosed(self.accounting())]

    # -- of the master -----------------------------------------------------------------------------------------

    @property
    def is_quitting(self) -> bool:
        """Whether the master was asked to quit."""
        return self._quit_by is not None

    def quit(self, now: float) -> list[Instruction]:
        """Tell all workers to end. Raises LifecycleError when they were told."""
        if self._quit_by is not None:
            raise LifecycleError("The master is quitting already.")
        self._quit_by = now + self._settings.quit_grace
        self.there_at_quit = self._fleet.there
        return [effect for member in self._present() for effect in self.dismiss(member)]

    def dismiss(self, member: Member) -> list[Instruction]:
        """Tell a worker to end."""
        return [] if member.peer is None else [Send(member.peer, Quit(self._plan.session))]

    def may_quit(self, now: float) -> bool:
        """Whether the master was asked to quit, and everybody has said goodbye or had the time for it."""
        return self._quit_by is not None and (now >= self._quit_by or next(self._present(), None) is None)

    def _present(self) -> Iterator[Member]:
        """Yield who can be told, and who may just be connecting again, as those may that lived at the run's end."""
        for member in self._fleet:
            may_come = member.state != "missing" or (member.final and member.run == self._plan.run)
            if member.state != "quit" and (member.peer is not None or may_come):
                yield member
