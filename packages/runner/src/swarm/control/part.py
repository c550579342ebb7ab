"""A worker's part in the run: its own lifecycle, led by the master's assignments, and the reports of what it measured.

The rule: an assignment says what is wanted in the end, and `pursue` goes one step towards it from whatever state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.control.effects import Cut, Log, PrepareRun, Reset
from swarm.control.instructions import ClearStatistics, FireSpawningComplete, Instruction, Target
from swarm.control.lifecycle import RunLifecycle
from swarm.control.reporting import Reports

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from swarm.control.messages import Assignment

ACTIVE = frozenset({"spawning", "running", "paused"})
ENDS = frozenset({"stop", "cut"})
"""The phases of an assignment that end the worker's part in the run."""


class Part:
    """What this worker does of the swarm's run. Whatever is to be done is appended to `out`."""

    def __init__(self) -> None:
        self.lifecycle = RunLifecycle()
        self.reports = Reports()
        self.out: list[Instruction] = []
        self.applied = 0
        """The number of the last assignment that was taken."""
        self.reached = 0
        """The number of the last assignment whose users all run, or have all stopped."""
        self.leaving = False
        self.ramp = 0
        """How many times the master has said in this run that all users of the swarm were there."""
        self.resets = 0
        """How many resets of the run's statistics are known here."""
        self._wanted: Assignment | None = None
        self._options: Mapping[str, Any] = {}  # that came and have not been taken over yet
        self._final_asked = False
        self._foreign = False  # the run that goes on is none of the master's

    @property
    def state(self) -> str:
        """The state of the lifecycle."""
        return self.lifecycle.state

    @property
    def run(self) -> int:
        """The number of the run; 0 for none."""
        return self.reports.run

    @property
    def stop_timeout(self) -> float:
        """Seconds that users have to end their running task, 0 for none of that."""
        return (self._wanted.stop_timeout or 0.0) if self._wanted is not None else 0.0

    def take(self, assignment: Assignment) -> None:
        """Take in an assignment, unless it is one that was taken before."""
        if assignment.number > self.applied:
            self.applied = assignment.number
            self._wanted = assignment
            self._options = assignment.options or self._options
            self.take_reset(assignment.run, assignment.resets)
            self.pursue()

    def take_reset(self, run: int, resets: int) -> None:
        """The master has reset the run's statistics so many times; what was recorded until now lies before that."""
        if run == self.run and run and resets > self.resets:
            self.resets = resets
            self.out.append(Reset(run, resets))

    def stop_alone(self) -> None:
        """Stop the users although no master says so; the run may go on when there is one again."""
        self._wanted = None
        self.turn("stop")

    def leave(self) -> None:
        """End for good, with everything delivered."""
        self.leaving = True
        if self.state in ACTIVE:
            self.turn("stop")
        elif self.state != "stopping" and self.run:
            self.cut_final()

    @property
    def is_delivered(self) -> bool:
        """Whether the users have ended, the last delta was cut, and the master has all of them."""
        if self.state in ACTIVE or self.state == "stopping":
            return False
        return not len(self.reports) and self.reports.closed == bool(self.run)

    def pursue(self) -> None:
        """Go one step towards what the last assignment asks for; each report of work done leads to the next."""
        wanted = self._wanted
        if wanted is None:
            return
        if self.state == "stopping":
            self._cut_if_wanted(wanted)
        if self.state == "stopping" or self.leaving:
            return
        if wanted.run != self.run:
            self._change_runs(wanted)
        elif wanted.phase == "run":
            self._run(wanted)
        elif wanted.phase == "pause":
            if self.state in ("spawning", "running"):
                self.turn("pause")
            self.reached = wanted.number
        elif self.state in ACTIVE:
            self.turn("stop")
            self._cut_if_wanted(wanted)
        else:
            self.reached = wanted.number
            self.cut_final()

    def _cut_if_wanted(self, wanted: Assignment) -> None:
        if wanted.phase == "cut" and wanted.run == self.run:
            self.turn("force")

    def _change_runs(self, wanted: Assignment) -> None:
        if wanted.run < self.run:  # an assignment of a run that is over for us
            return
        if self.state in ACTIVE:
            self.turn("stop")
            return
        self.reports.begin(wanted.run)
        self._final_asked = False
        self.ramp, self.resets = 0, wanted.resets
        self._prepare(wanted)
        if (
            wanted.phase in ENDS
        ):  # nothing of this run was heard before its end; the master waits for that word
            self.out.append(ClearStatistics())
            self.reached = wanted.number
            self.cut_final()
            return
        self.turn("start", _target(wanted))
        if wanted.phase == "pause":
            self.turn("pause")
            self.reached = wanted.number

    def _prepare(self, wanted: Assignment) -> None:
        options, self._options = self._options, {}
        self.out.append(PrepareRun(wanted.host, wanted.stop_timeout, options, self.resets))

    def _run(self, wanted: Assignment) -> None:
        same = dict(wanted.users) == dict(self.lifecycle.target.users)
        if self._options and self.state in ACTIVE:
            self._prepare(wanted)
        if self.state in ("ready", "stopped"):  # we had stopped without a master; the run has gone on
            self._final_asked = False
            self._prepare(wanted)
            self.turn("adopt", _target(wanted))
        elif self.state == "paused" and same:
            self.turn("resume")
        elif self.state != "running" or not same:
            self.turn("retarget", _target(wanted))
        if self.state == "running":
            self.reached = wanted.number

    def turn(self, event: str, target: Target | None = None) -> None:
        """Send an event to the lifecycle and pass on what it asks for; completion is the swarm's to announce."""
        instructions = self.lifecycle.handle(event, target=target)
        self.out += [each for each in instructions if not isinstance(each, FireSpawningComplete)]

    def abandon(self) -> None:
        """The master knows nothing of our run: nobody will ever take its samples."""
        self.out.append(
            Log("warning", "the master does not know this run; it is given up", {"run": self.run})
        )
        self._wanted = None
        self.reports.begin(self.run)
        self._foreign = True
        if self.state in ACTIVE:
            self.turn("stop")
        elif self.state != "stopping":
            self._forget_run()

    def _forget_run(self) -> None:
        self._foreign = False
        self.reports.begin(0)
        self.pursue()

    def spawned(self, phase: int) -> bool:
        """The ramp of this phase is over; say whether that was the one under way."""
        if phase != self.lifecycle.phase or self.state != "spawning":
            return False
        self.turn("spawned")
        if self._wanted is not None:
            self.reached = self._wanted.number
        return True

    def users_stopped(self, phase: int) -> None:
        """All users have ended: close the run, leave it open, or go on to the next one."""
        if phase != self.lifecycle.phase or self.state != "stopping":
            return
        wanted = self._wanted
        if self._foreign:
            self.turn("users_stopped")
            self._forget_run()
            return
        if self.leaving or (wanted is not None and wanted.run == self.run and wanted.phase in ENDS):
            self.cut_final()
        elif wanted is None or wanted.run == self.run:
            self.out.append(Cut(self.run, final=False))  # stopped without a master; the run may go on
        self.turn("users_stopped")
        self.pursue()

    def cut_final(self) -> None:
        """Ask for the last delta of the run, once."""
        if not self._final_asked:
            self._final_asked = True
            self.out.append(Cut(self.run, final=True))


def _target(wanted: Assignment) -> Target:
    return Target(wanted.users, wanted.spawn_rate, wanted.start_after)
