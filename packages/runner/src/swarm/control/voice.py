"""What the master says to one worker besides its assignments: welcome, heartbeat, the ramp's end, users' messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.control.effects import Send
from swarm.control.messages import Message, Pulse, SpawningComplete, Welcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swarm.control.instructions import Instruction
    from swarm.control.member import Member
    from swarm.control.messages import Hello
    from swarm.control.plan import Plan
    from swarm.control.settings import MasterSettings


class Voice:
    """Makes the messages, and knows when each is due again.

    `report_interval` is what workers that come from now on are told (seconds).
    """

    def __init__(self, session: str, settings: MasterSettings, plan: Plan) -> None:
        self._session = session
        self._settings = settings
        self.report_interval = settings.report_interval
        self._plan = plan

    def welcome(self, now: float, worker: Member, hello: Hello) -> list[Instruction]:
        """Answer a hello."""
        worker.pulse_at = now
        settings = self._settings
        welcome = Welcome(
            self._session,
            now,
            worker.index,
            worker.run,
            worker.applied,
            settings.heartbeat_interval,
            self.report_interval,
            self._plan.options,
            hello.sent_at,
        )
        return _to(worker, welcome)

    def due(self, now: float, worker: Member) -> list[Instruction]:
        """Say the heartbeat if it is time, and whatever the worker may not know."""
        interval = self._settings.heartbeat_interval
        effects: list[Instruction] = []
        if worker.pulse_due or now - worker.pulse_at >= interval:
            effects += self.pulse(now, worker)
        if worker.taken < worker.number and now - worker.assigned_at >= interval:
            effects += self._plan.repeat(now, worker)
        is_unheard = worker.ramp_known < worker.ramp == self._plan.ramp and not worker.final
        if is_unheard and not worker.closed and now - worker.ramp_said_at >= interval:
            effects += self.complete(now, worker)
        if len(worker.outbox):
            effects += self.customs(now, worker)
        return effects

    def pulse(self, now: float, worker: Member) -> list[Instruction]:
        """Say the heartbeat, with the acknowledgement of the deltas that are safe."""
        worker.pulse_due, worker.pulse_at = False, now
        return _to(worker, Pulse(self._session, now, worker.run, worker.applied, worker.resets))

    def complete(self, now: float, worker: Member) -> list[Instruction]:
        """Say that all users of the swarm are there."""
        plan = self._plan
        worker.ramp, worker.ramp_said_at = plan.ramp, now
        return _to(worker, SpawningComplete(self._session, plan.run, plan.target.user_count, plan.ramp))

    def late(self, now: float, workers: Iterable[Member]) -> list[Instruction]:
        """Say so to workers that came when it was said, and have their own users now."""
        ramp = self._plan.ramp
        effects: list[Instruction] = []
        for worker in workers:
            if (
                max(worker.ramp, worker.ramp_known) < ramp
                and worker.run == self._plan.run
                and worker.at_target
            ):
                effects += self.complete(now, worker)
        return effects

    def customs(self, now: float, worker: Member) -> list[Instruction]:
        """Say the users' messages that are due; one that is missing gets them when it is back."""
        if worker.peer is None or not worker.is_there:
            return []
        messages = worker.outbox.due(now, self._session, 2 * self._settings.heartbeat_interval)
        return [Send(worker.peer, message) for message in messages]


def _to(worker: Member, message: Message) -> list[Instruction]:
    return [] if worker.peer is None else [Send(worker.peer, message)]
