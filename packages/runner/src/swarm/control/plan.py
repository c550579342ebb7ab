"""Who is to run which users, and what each worker has been told of it: the one owner of the apportionment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.control.apportion import Pace, changes, paces, users_per_worker
from swarm.control.effects import RememberWorker, Send
from swarm.control.instructions import Instruction, Target
from swarm.control.messages import Assignment
from swarm.control.records import RunRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from swarm.control.happenings import Asked
    from swarm.control.member import Member

RATE_TOLERANCE = 0.2
"""A worker on its way is told a new pace when it differs by more than this share from the one that it has."""


class Plan:
    """The target of the run, and its assignments to the workers."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.run = 0
        self.target = Target()
        self.host: str | None = None
        self.stop_timeout: float | None = None
        self.began_at = 0.0
        self.options: Mapping[str, Any] = {}
        self.options_version = 0
        self.ramp = 0
        """How many times in the run all users of the swarm were there."""
        self.resets = 0
        """How many times the run's statistics were reset."""
        self.reset_when_complete = False
        self.due_at: float | None = None
        """When the users are to be apportioned again, because workers came or went."""
        self.hold_until = 0.0
        """Until then that waits for workers that are missing."""

    def begin_run(self, now: float) -> None:
        """Count another run."""
        self.run += 1
        self.began_at = now
        self.ramp = self.resets = 0

    def aim(self, asked: Asked) -> None:
        """Take over what a start or a new target asks for."""
        self.target = asked.target or Target()
        self.host, self.stop_timeout = asked.host, asked.stop_timeout
        self.reset_when_complete = asked.reset_when_complete
        if asked.options is not None:
            self.offer(asked.options)

    def offer(self, options: Mapping[str, Any]) -> None:
        """Give workers these options from now on."""
        if options != self.options:
            self.options = options
            self.options_version += 1

    def record(self, state: str, *, complete: bool, forced: bool) -> RunRecord:
        """Return what a journal is to know of the run, whose lifecycle is in this state."""
        return RunRecord(
            self.run,
            state,
            dict(self.target.users),
            self.target.spawn_rate,
            self.host,
            self.stop_timeout,
            self.began_at,
            complete,
            self.ramp,
            self.resets,
            self.reset_when_complete,
            forced,
        )

    def restore(self, record: RunRecord) -> None:
        """Take over what a journal knows of the run."""
        self.run, self.host, self.stop_timeout = record.run, record.host, record.stop_timeout
        self.target = Target(record.users, record.spawn_rate)
        self.began_at, self.ramp, self.resets = record.began_at, record.ramp, record.resets
        self.reset_when_complete = record.reset_when_complete

    def postpone(self, due_at: float) -> None:
        """Apportion again at `due_at`, or when it is due already before that."""
        self.due_at = due_at if self.due_at is None else min(self.due_at, due_at)

    def spread(self, now: float, workers: Sequence[Member]) -> list[Instruction]:
        """Apportion the target's users to these workers and tell those whose part or pace has changed."""
        self.due_at = None
        if not workers:
            return []
        shares = users_per_worker(self.target.users, [worker.share for worker in workers])
        running = [worker.running() for worker in workers]
        pace_of = paces(shares, running, self.target.spawn_rate)
        effects: list[Instruction] = []
        for worker, share, pace in zip(workers, shares, pace_of, strict=True):
            if self._is_news(worker, share, pace):
                effects += self.tell(now, worker, "run", share, pace or Pace(self.target.spawn_rate))
        return effects

    def is_lagging(self, workers: Sequence[Member], patience: float) -> bool:
        """Whether one of these workers, at the pace that it was given, arrives long after the others.

        A pace rests on what was last reported, and a worker whose reports were lost may have more to change.
        """
        on_their_way = [w for w in workers if w.assignment is not None and not w.at_target]
        starts, stops = changes([w.share for w in on_their_way], [w.users for w in on_their_way])
        needed = max(sum(starts), sum(stops)) / self.target.spawn_rate
        for worker, start, stop in zip(on_their_way, starts, stops, strict=True):
            rate = worker.assignment.spawn_rate if worker.assignment else self.target.spawn_rate
            if (start + stop - 1) / rate > 1.5 * needed + patience:
                return True
        return False

    def tell(
        self, now: float, worker: Member, phase: str, users: Mapping[str, int], pace: Pace
    ) -> list[Instruction]:
        """Give a worker a new assignment; the first one of a run makes it take part in the run."""
        effects: list[Instruction] = []
        if worker.run != self.run:
            effects.append(RememberWorker(self.run, worker.join_run(self.run, self.resets)))
        worker.number += 1
        worker.share = users
        if worker.options_version != self.options_version:
            worker.options_version, worker.options_since = self.options_version, worker.number
        worker.assignment = Assignment(
            self.session,
            worker.number,
            self.run,
            phase,
            users,
            pace.spawn_rate,
            self.host,
            self.stop_timeout,
            pace.start_after,
            self.options if worker.taken < worker.options_since else {},
            self.resets,
        )
        return effects + self.repeat(now, worker)

    def tell_all(self, now: float, workers: Iterable[Member], phase: str) -> list[Instruction]:
        """Tell workers that have part in the run to pause, to stop, or to cut off what drains."""
        effects: list[Instruction] = []
        for worker in workers:
            users = worker.share if phase == "pause" else {}
            effects += self.tell(now, worker, phase, users, Pace(self.target.spawn_rate))
        return effects

    def repeat(self, now: float, worker: Member) -> list[Instruction]:
        """Say a worker's last assignment again."""
        worker.assigned_at = now
        if worker.assignment is None or worker.peer is None:
            return []
        return [Send(worker.peer, worker.assignment)]

    def _is_news(self, worker: Member, share: Mapping[str, int], pace: Pace | None) -> bool:
        told = worker.assignment
        if told is None or told.run != self.run or told.phase != "run" or told.users != share:
            return True
        if worker.options_version != self.options_version:
            return True
        if pace is None or worker.reached >= worker.number:
            return False
        return abs(pace.spawn_rate - told.spawn_rate) > RATE_TOLERANCE * told.spawn_rate
