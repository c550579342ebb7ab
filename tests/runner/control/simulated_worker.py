"""A worker process in the simulation: its core, and models of its users, its statistics and its clock."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from swarm.control import effects as effect
from swarm.control import happenings as happen
from swarm.control import instructions as do
from swarm.control.instructions import Target
from swarm.control.settings import WorkerSettings
from swarm.control.worker import WorkerCore

if TYPE_CHECKING:
    from swarm.control.messages import Message
    from tests.runner.control.simulation import Simulation

SAMPLES_A_USER_AND_S = 5


class Pool:
    """Users as counts: a ramp is a straight line from what ran to the target."""

    def __init__(self) -> None:
        self._from: dict[str, int] = {}
        self._target: dict[str, int] = {}
        self._begin, self._rate, self._steps = 0.0, 1.0, 0

    def ramp(self, now: float, target: Target) -> float:
        """Begin a ramp; return the seconds that it takes."""
        self._from, self._target = self.at(now), dict(target.users)
        names = {*self._from, *self._target}
        self._steps = sum(abs(self._target.get(n, 0) - self._from.get(n, 0)) for n in names)
        self._begin, self._rate = now + target.start_after, target.spawn_rate
        if self._steps <= self._rate:
            self._rate = 1e9
        return target.start_after + self._steps / self._rate

    def set(self, users: dict[str, int]) -> None:
        """Have exactly these users."""
        self._from, self._target, self._steps = users, users, 0

    def at(self, now: float) -> dict[str, int]:
        """Return the users that run now, by class."""
        if not self._steps or now - self._begin >= self._steps / self._rate:
            return dict(self._target)
        done = max(0.0, now - self._begin) * self._rate / self._steps
        names = {*self._from, *self._target}
        return {
            name: self._from.get(name, 0) + int((self._target.get(name, 0) - self._from.get(name, 0)) * done)
            for name in names
        }


class SimulatedWorker:
    """The shell round a WorkerCore."""

    def __init__(self, simulation: Simulation, place: int, identity: str) -> None:
        dice = simulation.dice
        self.simulation, self.place, self.identity = simulation, place, identity
        self.incarnation = dice.getrandbits(63)
        self.core = WorkerCore(
            WorkerSettings(orphan_after=simulation.plan.orphan_after), identity, self.incarnation
        )
        self.pool = Pool()
        self.alive = False
        self.has_left = False
        """Whether its process ended in order, because it was told that it may go."""
        self.peer = b""
        self.recorded = 0
        """Samples of the present run."""
        self.recorded_in: dict[int, int] = {}
        self.delivered: list[tuple[str, str, int]] = []
        """(session, sender, counter) of each message of the users' own."""
        self.said = 0
        self.clock_offset = dice.uniform(-5, 5)
        self._drift = dice.uniform(-1e-4, 1e-4)
        self.completions: list[int] = []
        """The ramp of each time that the listeners of the run heard that all users of the swarm were there."""
        self._run = 0
        self._resets = 0
        self._cut = 0
        self._moment = simulation.now
        self._fraction = 0.0
        self._held = False
        self._stalled_until = 0.0
        self._backlog: deque[happen.Happening] = deque()

    @property
    def key(self) -> tuple[str, int]:
        """What the master knows it by."""
        return self.identity, self.incarnation

    def begin(self) -> None:
        """The process starts."""
        self.alive = True
        self._moment = self.simulation.now
        self._reconnect()
        self._tick()

    def die(self) -> None:
        """SIGKILL."""
        self._measure()
        self.alive = False

    def stall(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after `seconds`."""
        self._measure()
        self._stalled_until = max(self._stalled_until, self.simulation.now + seconds)
        self.simulation.after(seconds, self._wake)

    def hear(self, peer: bytes, message: Message) -> None:
        """The transport brings a message to the socket that has this routing id."""
        if self.alive and peer == self.peer:
            self._bring(happen.Heard(message))

    def say_something(self) -> None:
        """One of its users sends a message of its own to the master."""
        self.said += 1
        self._bring(happen.CustomAsked("greeting", (self.place, self.said)))

    def users(self) -> dict[str, int]:
        """Return the users that run now."""
        return {name: count for name, count in self.pool.at(self.simulation.now).items() if count}

    # -- the shell ---------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        if not self.alive:
            return
        plan = self.simulation.plan
        self.simulation.after(plan.tick_s * (0.9 + 0.2 * self.simulation.dice.random()), self._tick)
        if self.simulation.now >= self._stalled_until:
            self._measure()
            self._bring(happen.WorkerTick(self.recorded - self._cut, self.users()))

    def _wake(self) -> None:
        self._moment = self.simulation.now
        while self.alive and self._backlog and self.simulation.now >= self._stalled_until:
            self._bring(self._backlog.popleft())

    def _bring(self, happening: happen.Happening) -> None:
        if self.simulation.now < self._stalled_until:
            self._backlog.append(happening)
            return
        clock = self.simulation.now * (1 + self._drift) - self._drift * 1.8e9 + self.clock_offset
        inbox = deque([happening])
        while inbox and self.alive:
            for instruction in self.core.handle(clock, inbox.popleft()):
                self._carry_out(instruction, inbox)

    def _carry_out(self, instruction: do.Instruction, inbox: deque[happen.Happening]) -> None:
        simulation = self.simulation
        match instruction:
            case effect.Say(message):
                simulation.network.carry(
                    self.place, True, simulation.master.hear, self.peer, self.place, message
                )
            case effect.Reconnect():
                self._reconnect()
            case effect.Cut(run, final):
                self._measure()
                if run == self._run and (final or self.recorded > self._cut):
                    self._cut_off(run, final, inbox)
            case effect.PrepareRun():
                self._resets = instruction.resets
            case effect.Reset(run, resets):
                assert run == self._run
                self._measure()
                self._cut_off(run, False, inbox)
                assert resets > self._resets, "a reset is told twice"
                self._resets = resets
            case effect.DeliverCustom(_, _, data):
                self.delivered.append((self.core.contact.session, *data))
            case effect.End(reason):
                self._measure()
                self.alive = False
                self.has_left = not reason
            case _:
                self._carry_out_of_run(instruction)

    def _carry_out_of_run(self, instruction: do.Instruction) -> None:
        simulation = self.simulation
        match instruction:
            case do.ClearStatistics():
                self.completions.clear()
                assert not self.users(), "statistics are cleared while users run"
                self._run = self.core.run
                self.recorded = self._cut = 0
                self.recorded_in[self._run] = 0
            case do.Spawn(phase, target):
                self._measure()
                simulation.after(self.pool.ramp(simulation.now, target), self._report_spawned, phase)
            case do.FireSpawningComplete():
                assert self.core.part.ramp not in self.completions, "the end of a ramp is told twice"
                self.completions.append(self.core.part.ramp)
            case do.HoldUsers():
                self._measure()
                self._held = True
                self.pool.set(self.pool.at(simulation.now))
            case do.ReleaseUsers():
                self._measure()
                self._held = False
            case do.StopUsers(phase):
                self._measure()
                seconds = 300.0 if simulation.drags else 0.05 + 0.5 * simulation.dice.random()
                simulation.after(seconds, self._report_stopped, phase)
            case do.CutUsers(phase):
                simulation.after(0.01, self._report_stopped, phase)

    def _cut_off(self, run: int, final: bool, inbox: deque[happen.Happening]) -> None:
        payload = {"from": self._cut, "to": self.recorded}
        inbox.append(happen.DeltaCut(run, final, self.recorded - self._cut, payload, self._resets))
        self._cut = self.recorded

    def _report_spawned(self, phase: int) -> None:
        if self.alive:
            self._bring(happen.Spawned(phase))

    def _report_stopped(self, phase: int) -> None:
        if not self.alive:
            return
        if self.simulation.now < self._stalled_until:
            self.simulation.after(self._stalled_until - self.simulation.now, self._report_stopped, phase)
            return
        if phase == self.core.phase:
            self._measure()
            self.pool.set({})
        self._bring(happen.UsersStopped(phase))

    def _reconnect(self) -> None:
        self.peer = self.simulation.dice.randbytes(8)

    def _measure(self) -> None:
        """Count the samples of the users since the last time."""
        now = self.simulation.now
        if not self.alive or now < self._stalled_until:
            return
        if not self._held:
            self._fraction += sum(self.pool.at(now).values()) * (now - self._moment) * SAMPLES_A_USER_AND_S
            whole = int(self._fraction)
            self._fraction -= whole
            self.recorded += whole
            if self._run:
                self.recorded_in[self._run] = self.recorded
        self._moment = now

    def offset_at_end(self) -> float:
        """How far its clock is ahead of the master's now."""
        return self.clock_offset + (self.simulation.now - 1.8e9) * self._drift

    def __repr__(self) -> str:
        return f"<{self.identity} {self.core.state} run {self.core.run} recorded {self.recorded}>"


def ranges(payload: Any) -> tuple[int, int]:
    """Return which samples of its worker a delta holds: after the first number, up to the second."""
    return payload["from"], payload["to"]
