"""One worker as the master knows it: its state, what it was told, what it has reported, and its statistics' account."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swarm.control.accounting import WorkerAccount
from swarm.control.clocks import ClockOffset
from swarm.control.custom import Inbox, Outbox
from swarm.control.records import WorkerRecord
from swarm.control.worker_states import WorkerStates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swarm.control.instructions import Instruction
    from swarm.control.messages import Assignment, Delta, Heartbeat

TAKES_USERS = frozenset({"ready", "spawning", "running"})
"""The states in which a worker gets a share of the users."""
GONE = frozenset({"connecting", "quit"})
"""The states of a worker that is no part of the swarm yet, or no longer."""
NOT_THERE = GONE | {"draining", "missing"}
"""The states of a worker that cannot run users."""

AHEAD = 32
"""So many deltas that have overtaken others are kept; a worker has half as many under way."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a worker's last heartbeat said of its process: percent of a core, bytes, ms of loop lag."""

    cpu_percent: float = 0.0
    memory_bytes: int = 0
    lag_p99_ms: float = 0.0


class Member:
    """A worker of the swarm. Read it freely; only the master's core writes to it."""

    def __init__(self, identity: str, incarnation: int, index: int, now: float) -> None:
        self.identity = identity
        self.incarnation = incarnation
        self.index = index
        self.peer: bytes | None = None
        """Where it can be reached; None when it can't."""
        self.heard_from = b""
        """Where it is heard from: there, or where it could be reached last."""
        self.chart = WorkerStates(identity, index)
        self.heard_at = now
        self.hello_at = 0.0
        self.beat_at = 0.0
        self.clock = ClockOffset()
        self.vitals = Vitals()
        self.users: Mapping[str, int] = {}
        """The users that it last said to run, by class."""
        self.outbox, self.inbox = Outbox(), Inbox()
        # what it was told
        self.share: Mapping[str, int] = {}
        self.assignment: Assignment | None = None
        self.number = 0
        self.taken = 0
        self.reached = 0
        self.assigned_at = 0.0
        self.pulse_at = 0.0
        self.pulse_due = False
        self.dismissed_at = float("-inf")
        self.ramp = 0  # the ramp of the SpawningComplete that it is to know of
        self.ramp_known = 0
        self.ramp_said_at = 0.0
        self.options_version = 0  # that of the options which its assignments carry or have carried
        self.options_since = 0  # the number of the first of those
        # its part in a run
        self.run = 0
        self.closed = False
        self.received = self.applied = 0
        self.heard = 0
        self.merged = self.reset = self.refused = 0
        self.resets = 0
        self.final = False
        self._ahead: dict[int, Delta] = {}
        self._unsafe: deque[Delta] = deque()

    @property
    def key(self) -> tuple[str, int]:
        """The identity and the incarnation, which together are this very process."""
        return self.identity, self.incarnation

    @property
    def state(self) -> str:
        """Where its chart stands."""
        return self.chart.state

    @property
    def is_draining(self) -> bool:
        """Whether it was told to leave, be it missing meanwhile or not."""
        return self.chart.is_draining

    @property
    def user_count(self) -> int:
        """The users that it last said to run."""
        return sum(self.users.values())

    @property
    def is_there(self) -> bool:
        """Whether it can be spoken to."""
        return self.peer is not None and self.state != "missing"

    @property
    def at_target(self) -> bool:
        """Whether it has done what it was last told."""
        return self.assignment is not None and self.reached >= self.number

    def turn(self, event: str) -> list[Instruction]:
        """Send an event to its chart."""
        return self.chart.handle(event)

    def join_run(self, run: int, resets: int) -> WorkerRecord:
        """Begin its account in a run whose statistics were reset so many times."""
        self.run, self.closed, self.final = run, False, False
        self.received = self.applied = self.heard = 0
        self.merged = self.reset = self.refused = 0
        self.resets = resets
        self.ramp = self.ramp_known = 0
        self._ahead.clear()
        self._unsafe.clear()
        return self.record()

    def record(self) -> WorkerRecord:
        """Return what a journal is to know of it."""
        return WorkerRecord(
            self.identity,
            self.incarnation,
            self.index,
            self.applied,
            self.merged,
            self.final,
            self.reset,
            self.refused,
            self.is_draining,
        )

    def restore(self, run: int, resets: int, record: WorkerRecord) -> None:
        """Take over what a journal knows of it."""
        self.run, self.resets, self.final = run, resets, record.final
        self.received = self.applied = record.applied
        self.merged, self.reset, self.refused = record.merged, record.reset, record.refused
        self.heard = self.arrived
        self.chart.is_draining = record.draining

    def running(self) -> Mapping[str, int]:
        """The users that it runs, for the plan: at its target exactly those, though some may have ended since."""
        return self.share if self.at_target else self.users

    def beat(self, now: float, message: Heartbeat) -> list[Instruction]:
        """Take in a heartbeat, unless it is older than one that has come, or tells of fewer users than none."""
        if message.sent_at <= self.beat_at or any(count < 0 for count in message.users.values()):
            return []
        self.beat_at = message.sent_at
        self.users = message.users
        self.vitals = Vitals(message.cpu_percent, message.memory_bytes, message.lag_p99_ms)
        self.taken = max(self.taken, message.applied)
        self.reached = max(self.reached, message.reached)
        if message.run == self.run:
            self.heard = max(self.heard, message.samples)
            self.ramp_known = max(self.ramp_known, message.complete)
        if message.master_time:
            self.clock.add(message.master_time, message.heard_at, message.sent_at, now)
        if message.run == self.run and self.taken >= self.number:
            return self._follow(message.state)
        return []

    def _follow(self, reported: str) -> list[Instruction]:
        if reported == "spawning" and self.state in ("ready", "running"):
            return self.turn("ramping")
        if reported in ("running", "paused") and self.state in ("ready", "spawning"):
            return self.turn("reached")
        if reported in ("ready", "stopped") and self.state in ("spawning", "running"):
            return self.turn("delivered")
        return []

    def receive(self, delta: Delta) -> list[Delta]:
        """Return the deltas that are to be merged now, in order; they stay unsafe until `commit`.

        One that has overtaken others waits for them.
        """
        if not self.received < delta.number <= self.received + AHEAD or delta.samples < 0:
            self.pulse_due = True  # it may not know yet how far we are
            return []
        self._ahead[delta.number] = delta
        ready = []
        while (following := self._ahead.pop(self.received + 1, None)) is not None:
            self.received += 1
            ready.append(following)
        self._unsafe += ready
        return ready

    def commit(self, number: int, *, refused: bool = False) -> None:
        """Count all deltas up to `number` as safe; the last of them was perhaps refused."""
        while self._unsafe and self._unsafe[0].number <= number:
            delta = self._unsafe.popleft()
            self.applied = delta.number
            self.final = delta.final
            self.pulse_due = True
            if refused and delta.number == number:
                self.refused += delta.samples
            elif delta.resets < self.resets:
                self.reset += delta.samples
            else:
                self.merged += delta.samples
        self.heard = max(self.heard, self.arrived)

    def reset_statistics(self, resets: int) -> None:
        """Count what was merged as recorded before the reset of this number."""
        self.resets = resets
        self.reset += self.merged
        self.merged = 0
        self.pulse_due = True

    @property
    def arrived(self) -> int:
        """Samples in all deltas that are safe."""
        return self.merged + self.reset + self.refused

    def account(self) -> WorkerAccount:
        """Return its account in the run."""
        known = self.clock.known
        return WorkerAccount(
            self.identity,
            self.incarnation,
            self.heard,
            self.merged,
            self.final,
            self.clock.offset if known else None,
            self.clock.uncertainty if known else None,
            self.reset,
            self.refused,
        )
