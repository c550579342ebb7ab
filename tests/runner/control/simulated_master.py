"""The master's process in the simulation: its core, and models of its journal, its registry and its death."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from swarm.control import effects as effect
from swarm.control import happenings as happen
from swarm.control import instructions as do
from swarm.control.accounting import Accounting
from swarm.control.instructions import Target
from swarm.control.lifecycle import LifecycleError
from swarm.control.master import MasterCore
from swarm.control.messages import Assignment, Message, Pulse
from swarm.control.records import RunRecord, WorkerRecord
from swarm.control.settings import MasterSettings
from tests.runner.control.promises import Mail, SampleRegistry

if TYPE_CHECKING:
    from tests.runner.control.simulated_worker import SimulatedWorker
    from tests.runner.control.simulation import Simulation


class Journal:
    """What was committed survives the master."""

    def __init__(self) -> None:
        self.run: RunRecord | None = None
        self.workers: dict[tuple[str, int], WorkerRecord] = {}

    def remember(self, run: RunRecord) -> None:
        """Commit the run; another number begins an empty book."""
        if self.run is None or self.run.run != run.run:
            self.workers.clear()
        self.run = run

    def remember_worker(self, worker: WorkerRecord) -> None:
        """Commit that a worker has part, or that it was told to leave; of its deltas the journal knows best."""
        key = (worker.identity, worker.incarnation)
        known = self.workers.get(key)
        self.workers[key] = worker if known is None else replace(known, draining=worker.draining)

    def commit(self, applied: effect.Apply) -> None:
        """Commit that a delta is merged."""
        key = (applied.identity, applied.incarnation)
        before, delta = self.workers[key], applied.delta
        assert delta.number == before.applied + 1, "a delta was committed out of its order"
        self.workers[key] = replace(
            before, applied=delta.number, merged=before.merged + delta.samples, final=delta.final
        )

    def commit_discarded(self, discarded: effect.Discard) -> None:
        """Commit that a delta came which was recorded before the last reset."""
        key = (discarded.identity, discarded.incarnation)
        before, delta = self.workers[key], discarded.delta
        assert delta.number == before.applied + 1, "a delta was committed out of its order"
        self.workers[key] = replace(
            before, applied=delta.number, reset=before.reset + delta.samples, final=delta.final
        )

    def reset(self, uncommitted: list[effect.Apply | effect.Discard]) -> None:
        """Commit a reset, with the deltas that were merged until then."""
        for each in uncommitted:
            self.commit(each) if isinstance(each, effect.Apply) else self.commit_discarded(each)
        for key, record in self.workers.items():
            self.workers[key] = replace(record, merged=0, reset=record.reset + record.merged)


class SimulatedMaster:
    """The shell round a MasterCore."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.core: MasterCore | None = None
        self.journal = Journal()
        self.registry = SampleRegistry()
        self.mail = Mail()
        self.accounting: Accounting | None = None
        self.target = Target()
        self.drained: list[SimulatedWorker] = []
        """The workers that it has let go, and has not forgotten that by its death."""
        self._life = 0
        self._stalled_until = 0.0
        self._effects_left: int | None = None
        self._uncommitted: list[effect.Apply | effect.Discard] = []
        self._committed: set[int] = set()  # by a reset, ahead of their turn

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self.core is not None

    @property
    def state(self) -> str:
        """The state of the run, or dead."""
        return self.core.state if self.core else "dead"

    def begin(self) -> None:
        """The process starts, and finds what its journal holds."""
        plan = self.simulation.plan
        self._life += 1
        settings = MasterSettings(final_deadline=plan.final_deadline)
        self.core = MasterCore(settings, self.simulation.dice.randbytes(16).hex())
        self._stalled_until = 0.0
        self._uncommitted.clear()
        self._committed.clear()
        self.registry.recover(self.journal)
        if self.journal.run is not None:
            self._bring(happen.Restored(self.journal.run, list(self.journal.workers.values())))
        self._tick(self._life)

    def die_soon(self) -> None:
        """SIGKILL, perhaps in the midst of carrying out what the core asked for."""
        self._effects_left = self.simulation.dice.randrange(30)

    def come_back(self) -> None:
        """Start again, if it has died."""
        self._effects_left = None
        if not self.alive:
            self.begin()

    def stall(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after `seconds`: what comes meanwhile waits."""
        self._stalled_until = self.simulation.now + seconds

    def ask(self, name: str, target: Target | None = None) -> None:
        """Ask the run for something; a state that does not allow it refuses."""
        if self.core is None or self.simulation.now < self._stalled_until:
            self.simulation.after(0.5, self.ask, name, target)
            return
        if target is not None and (name == "start" or self.core.state in ("spawning", "running", "paused")):
            self.target = target
        try:
            self._bring(happen.Asked(name, target))
        except LifecycleError:
            if name in ("start", "stop", "quit"):
                raise

    def drain(self, worker: SimulatedWorker) -> None:
        """Let a worker go, unless it cannot go now."""
        core = self.core
        if core is None or self.simulation.now < self._stalled_until:
            return
        member = core.fleet.named(worker.identity)
        try:
            self._bring(happen.DrainAsked(worker.identity))
        except LifecycleError:
            return
        if self.core is core and member is not None and member.key == worker.key:
            self.drained.append(worker)

    def say_something(self, identity: str) -> None:
        """Send a message of the user's own to a worker."""
        if self.core is not None:
            data = self.mail.write(self.core.session, identity)
            self._bring(happen.CustomAsked("greeting", data, identity))

    def hear(self, peer: bytes, place: int, message: Message) -> None:
        """The transport brings a message."""
        self.mail.address(peer, place)
        self._bring(happen.Received(peer, message))

    def _tick(self, life: int) -> None:
        if life == self._life and self.core is not None:
            self.simulation.after(self.simulation.plan.tick_s, self._tick, life)
            if self.simulation.now >= self._stalled_until:
                self._bring(happen.MasterTick())

    def _bring(self, happening: happen.Happening) -> None:
        if self.core is None:
            return
        now = self.simulation.now
        if now < self._stalled_until:
            self.simulation.after(self._stalled_until - now, self._bring, happening)
            return
        spread = False
        for instruction in self.core.handle(now, happening):
            if self._effects_left is not None:
                self._effects_left -= 1
                if self._effects_left < 0:
                    self._die()
                    return
            self._carry_out(instruction)
            spread = spread or (
                isinstance(instruction, effect.Send) and isinstance(instruction.message, Assignment)
            )
        if spread:
            self._check_shares()

    def _die(self) -> None:
        self.core = None
        self._effects_left = None

    def _carry_out(self, instruction: do.Instruction) -> None:
        simulation = self.simulation
        match instruction:
            case effect.Send(peer, message):
                self._send(peer, message)
            case effect.Apply() | effect.Discard():
                self.registry.merge(self.core.run if self.core else 0, instruction)
                self._uncommitted.append(instruction)
                if len(self._uncommitted) == 1:
                    simulation.after(0.05 * simulation.dice.random(), self._transact, self._life)
            case effect.ResetStatistics():
                self.registry.reset()
                self.journal.reset([each for each in self._uncommitted if id(each) not in self._committed])
                self._committed.update(map(id, self._uncommitted))
            case effect.Remember(run):
                self.journal.remember(run)
            case effect.RememberWorker(_, worker):
                self.journal.remember_worker(worker)
            case do.ClearStatistics():
                self.registry.clear()
            case effect.RunClosed(accounting):
                self.accounting = accounting
            case effect.DeliverCustom(identity, _, data):
                assert self.core is not None
                place, number = data
                assert simulation.workers[place].identity == identity
                self.mail.arrive(self.core.session, place, number)

    def _send(self, peer: bytes, message: Message) -> None:
        simulation = self.simulation
        if isinstance(message, Pulse):
            self._check_acknowledgement(peer, message)
        place = self.mail.place_of(peer)
        if simulation.workers[place].peer == peer and simulation.workers[place].alive:
            simulation.network.carry(place, False, simulation.workers[place].hear, peer, message)
        elif simulation.dice.random() < 0.3:
            simulation.after(0.001, self._bring, happen.Disconnected(peer))

    def _transact(self, life: int) -> None:
        """Commit what has been merged, in one transaction."""
        if life == self._life and self.core is not None:
            batch, self._uncommitted = self._uncommitted, []
            for dealt_with in batch:
                self._commit(dealt_with)

    def _commit(self, dealt_with: effect.Apply | effect.Discard) -> None:
        delta = dealt_with.delta
        if id(dealt_with) in self._committed:
            self._committed.discard(id(dealt_with))
        elif self.journal.run is not None and self.journal.run.run == delta.run:
            if isinstance(dealt_with, effect.Apply):
                self.journal.commit(dealt_with)
            else:
                assert not dealt_with.refused
                self.journal.commit_discarded(dealt_with)
        self._bring(happen.Journaled(dealt_with.identity, dealt_with.incarnation, delta.run, delta.number))

    # -- promises ----------------------------------------------------------------------------------------------

    def _check_shares(self) -> None:
        """No user is assigned twice."""
        if self.core is None:
            return
        assigned: dict[str, int] = {}
        for member in self.core.fleet.takers():
            for name, count in member.share.items():
                assigned[name] = assigned.get(name, 0) + count
        for name, count in assigned.items():
            assert count <= self.target.users.get(name, 0), (
                f"{count} users {name} are assigned, {self.target.users.get(name, 0)} wanted"
            )

    def check_departures(self) -> None:
        """Who was told to leave has left, and is not taken for lost."""
        assert self.core is not None
        for worker in self.simulation.workers:
            record = self.journal.workers.get(worker.key)
            if record is not None and record.draining:
                assert not worker.alive, f"{worker} was drained and is still there"
        for worker in self.drained:
            member = self.core.fleet.members.get(worker.key)
            if worker.has_left and member is not None:
                assert member.state == "quit", f"{worker} has left and is {member.state}"

    def _check_acknowledgement(self, peer: bytes, pulse: Pulse) -> None:
        """An acknowledgement leaves only after the commit."""
        if self.core is None or self.journal.run is None or pulse.run != self.journal.run.run:
            return
        member = self.core.fleet.at(peer)
        if member is not None and not member.closed and member.key in self.journal.workers:
            assert pulse.applied <= self.journal.workers[member.key].applied, (
                "acknowledged before it was safe"
            )
