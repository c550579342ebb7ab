"""Keeps the users of a run where the plan wants them while workers come, go and lag."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swarm.control.fleet import Fleet
    from swarm.control.instructions import Instruction
    from swarm.control.plan import Plan
    from swarm.control.settings import MasterSettings


class Spreading:
    """Looks, as time goes by, whether the users of `plan` are to be apportioned to `fleet` again."""

    def __init__(self, settings: MasterSettings, fleet: Fleet, plan: Plan) -> None:
        self._interval = settings.heartbeat_interval
        self._fleet = fleet
        self._plan = plan
        self._looked_at = 0.0

    def look(self, now: float, *, goes_on: bool) -> list[Instruction]:
        """Apportion again when it is time for it; `goes_on` says whether users are to run."""
        plan = self._plan
        effects: list[Instruction] = []
        if plan.due_at is not None and now >= plan.due_at:
            effects += self._apportion_again(now, goes_on)
        if now - self._looked_at >= 2 * self._interval:
            self._looked_at = now
            if goes_on and plan.due_at is None:
                effects += self._push_laggards(now)
        return effects

    @property
    def is_complete(self) -> bool:
        """Whether every worker runs exactly what it was told last, and nothing else is to be told."""
        takers = self._fleet.takers()
        if self._plan.due_at is not None or not all(member.at_target for member in takers):
            return False
        return bool(takers) or not self._plan.target.user_count

    def _apportion_again(self, now: float, goes_on: bool) -> list[Instruction]:
        if not goes_on:
            self._plan.due_at = None
        elif now >= self._plan.hold_until or all(member.state != "missing" for member in self._fleet):
            return self._plan.spread(now, self._fleet.takers())
        return []

    def _push_laggards(self, now: float) -> list[Instruction]:
        workers = self._fleet.takers()
        if self._plan.is_lagging(workers, 2 * self._interval):
            return self._plan.spread(now, workers)
        return []
