"""A swarm in one process, from one seed, in virtual time: the cores that ship, with all round them replaced.

What is real: MasterCore, WorkerCore and everything below them. What is a model: the transport (it drops, delays,
doubles, reorders and cuts), the clocks (they disagree), the users (a count that ramps), the journal (what was
committed survives the master), and death, stalls and late arrivals.

The promises are checked as things happen (`promises.py`), not only at the end.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from swarm.control.instructions import Target
from tests.runner.control.simulated_master import SimulatedMaster
from tests.runner.control.simulated_worker import SimulatedWorker

START = 1_800_000_000.0
SOAK_FROM = 1000
"""Seeds of a thousand workers from here on are the soak's."""


@dataclass(frozen=True)
class Plan:
    """What a seed goes through; times are virtual seconds."""

    workers: int
    users: int
    spawn_rate: float
    chaos_s: float = 12.0
    tick_s: float = 0.3
    faults: int = 11
    upheavals: int = 4
    final_deadline: float = 12.0
    orphan_after: float = 5.0
    second_run: bool = False


class Network:
    """Carries messages between the two sides, badly while it is bad."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.bad = True
        self.cut_up: set[int] = set()
        self.cut_down: set[int] = set()

    def carry(self, worker: int, up: bool, deliver: Callable[..., None], *arguments: Any) -> None:
        """Deliver after a while, perhaps never, perhaps twice; `worker` is the place of the one at the far end."""
        simulation, dice = self._simulation, self._simulation.dice
        if worker in (self.cut_up if up else self.cut_down):
            return
        if not self.bad:
            simulation.after(0.001 + 0.004 * dice.random(), deliver, *arguments)
            return
        luck = dice.random()
        if luck < 0.05:
            return
        simulation.after(self._delay(), deliver, *arguments)
        if luck > 0.95:
            simulation.after(self._delay(), deliver, *arguments)

    def _delay(self) -> float:
        dice = self._simulation.dice
        return 0.001 + 0.02 * dice.random() if dice.random() < 0.8 else 1.5 * dice.random()

    def heal(self) -> None:
        """Be quiet from now on."""
        self.bad = False
        self.cut_up.clear()
        self.cut_down.clear()


class Simulation:
    """One swarm from one seed; `run` goes through all of it and raises AssertionError where a promise is broken."""

    def __init__(self, seed: int, plan: Plan) -> None:
        self.seed, self.plan = seed, plan
        self.dice = random.Random(seed)
        self.now = START
        self.steps = 0
        self.drags = False
        """Whether users that are stopped take ages."""
        self.network = Network(self)
        self._agenda: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0
        self.master = SimulatedMaster(self)
        self.workers: list[SimulatedWorker] = []
        for _ in range(plan.workers):
            self.add_worker(self.dice.random())

    # -- time --------------------------------------------------------------------------------------------------

    def after(self, delay: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call something `delay` virtual seconds from now."""
        self._sequence += 1
        heapq.heappush(self._agenda, (self.now + delay, self._sequence, call, arguments))

    def go_on(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Let time go by; say whether `until` came true within it."""
        end = self.now + seconds
        agenda = self._agenda
        while agenda and agenda[0][0] <= end:
            self.now, _, call, arguments = heapq.heappop(agenda)
            self.steps += 1
            call(*arguments)
            if until is not None and self.steps % 64 == 0 and until():
                return True
        self.now = end
        return until is not None and until()

    # -- who is there ------------------------------------------------------------------------------------------

    def add_worker(self, delay: float = 0.0, identity: str | None = None) -> None:
        """Start another worker process after `delay` seconds."""
        place = len(self.workers)
        worker = SimulatedWorker(self, place, identity or f"worker-{place}")
        self.workers.append(worker)
        self.after(delay, worker.begin)

    @property
    def alive(self) -> list[SimulatedWorker]:
        """The worker processes that have not died or ended."""
        return [worker for worker in self.workers if worker.alive]

    # -- faults ------------------------------------------------------------------------------------------------

    def _schedule_faults(self) -> None:
        to_some: list[tuple[Callable[[], None], int]] = [
            (self._kill, 3),
            (self._stall, 4),
            (self._cut, 5),
            (self._join, 2),
            (self._drain, 2),
            (self._say_something, 6),
        ]
        to_all: list[tuple[Callable[[], None], int]] = [
            (self._retarget, 3),
            (self._pause, 1),
            (self._reset, 2),
            (self._kill_master, 3),
            (self._stall_master, 1),
            (self._cut_all, 1),
        ]
        for faults, count in ((to_some, self.plan.faults), (to_all, self.plan.upheavals)):
            calls, weights = [call for call, _ in faults], [weight for _, weight in faults]
            for _ in range(count):
                self.after(self.plan.chaos_s * self.dice.random(), self.dice.choices(calls, weights)[0])

    def _kill(self) -> None:
        alive = self.alive
        if len(alive) > max(1, self.plan.workers // 2):
            victim = self.dice.choice(alive)
            victim.die()
            if self.dice.random() < 0.4:  # and another process of the same name takes its place
                self.add_worker(3 * self.dice.random(), victim.identity)

    def _stall(self) -> None:
        self.dice.choice(self.alive).stall(self.dice.choice((0.5, 2.5, 6.0)))

    def _cut(self) -> None:
        self._cut_off([self.dice.choice(self.alive)])

    def _cut_all(self) -> None:
        self._cut_off(self.alive)

    def _cut_off(self, workers: list[SimulatedWorker]) -> None:
        places = {worker.place for worker in workers}
        ways = self.dice.choice(
            ([self.network.cut_up], [self.network.cut_down], [self.network.cut_up, self.network.cut_down])
        )
        for way in ways:
            way.update(places)
        self.after(self.dice.choice((0.5, 2.0, 5.0, 14.0)), self._mend, places)

    def _mend(self, places: set[int]) -> None:
        self.network.cut_up -= places
        self.network.cut_down -= places

    def _drain(self) -> None:
        """An operator lets a worker go; while the master is away nobody can ask."""
        present = [worker for worker in self.alive if worker not in self.master.drained]
        if len(present) > max(1, self.plan.workers // 2):
            self.master.drain(self.dice.choice(present))

    def _join(self) -> None:
        self.add_worker()

    def _retarget(self) -> None:
        self.master.ask("retarget", self._any_target())

    def _pause(self) -> None:
        self.master.ask("pause")
        self.after(2 * self.dice.random(), self._resume)

    def _reset(self) -> None:
        self.master.ask("reset")

    def _resume(self) -> None:
        if self.master.state == "paused":
            self.master.ask("resume")

    def _kill_master(self) -> None:
        if self.master.alive:
            self.master.die_soon()
            self.after(self.dice.choice((0.3, 2.0, 8.0)), self.master.come_back)

    def _stall_master(self) -> None:
        self.master.stall(self.dice.choice((1.0, 4.0)))

    def _say_something(self) -> None:
        self.dice.choice(self.alive).say_something()
        self.master.say_something(self.dice.choice(self.alive).identity)

    # -- a whole life ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Go through it all: start, chaos, quiet, stop with faults of its own, perhaps another run, and quit."""
        plan = self.plan
        self.master.begin()
        self.go_on(2.5)
        self.master.ask("start", Target(self._users(plan.users), plan.spawn_rate))
        assert self.master.core is not None
        self._schedule_faults()
        self.go_on(plan.chaos_s)
        self._quieten()
        self._expect_convergence()
        self._stop()
        if plan.second_run:
            self.master.ask("start", self._any_target())
            self._expect_convergence()
            self._stop()
        self._expect_customs()
        self.master.ask("quit")
        assert self.go_on(10, lambda: not self.alive), f"still there: {self.alive}"
        assert self.go_on(2, lambda: self.master.state == "quit"), f"the master is {self.master.state}"

    def _quieten(self) -> None:
        self.network.heal()
        self.go_on(8.5)  # who had died or was stalled is back
        assert self.master.alive
        self._resume()
        self.network.heal()

    def _expect_convergence(self) -> None:
        target = self.master.target
        rest = 2 * target.user_count / target.spawn_rate
        bound = 15 + rest
        begin = self.now
        converged = self.go_on(bound, self._has_converged)
        assert converged, (
            f"not converged {self.now - begin:.0f} s after the network was quiet: "
            f"the run is {self.master.state}, {self._running()} run, wanted {dict(target.users)}; "
            f"{[(w.identity, w.core.state, w.core.contact.greeting) for w in self.alive][:30]}"
        )

    def _has_converged(self) -> bool:
        core = self.master.core
        return (
            core is not None
            and core.state == "running"
            and all(worker.core.state == "running" for worker in self.alive)
            and all(core.plan.ramp in worker.completions for worker in self.alive)
            and self._running() == {name: count for name, count in self.master.target.users.items() if count}
        )

    def _running(self) -> dict[str, int]:
        running: dict[str, int] = {}
        for worker in self.alive:
            for name, count in worker.pool.at(self.now).items():
                if count:
                    running[name] = running.get(name, 0) + count
        return running

    def _stop(self) -> None:
        self.network.bad = True
        self.after(0.5 * self.dice.random(), self._stall)
        self.after(1.0 * self.dice.random(), self._cut)
        dies = self.dice.random() < 0.4
        if dies:
            self.after(0.8 * self.dice.random(), self._kill_master)
        self.after(6.0, self.network.heal)
        self.drags = self.seed % 4 == 1
        self.master.ask("stop")
        if self.drags:  # users take longer than anybody waits, until they are cut off
            self.after(1.0, self._force)
        limit = self.plan.final_deadline + 25
        assert self.go_on(limit, lambda: self.master.state in ("stopped", "ready")), (
            f"the run is {self.master.state} {limit} s after it was stopped"
        )
        self.network.heal()
        self.drags = False
        self.go_on(3)
        self.master.registry.check_account(self)
        self.master.check_departures()

    def _force(self) -> None:
        """Force the stop, again and again: a master that died in the midst of being asked does not know of it."""
        if self.drags and self.master.state in ("stopping", "dead"):
            if self.master.alive:
                self.master.ask("force")
            self.after(1.0, self._force)

    def _expect_customs(self) -> None:
        self.go_on(6)
        self.master.mail.check(self)

    def _users(self, count: int) -> dict[str, int]:
        shop = count * 3 // 5
        return {"Shopper": shop, "Reader": count - shop}

    def _any_target(self) -> Target:
        users = int(self.plan.users * self.dice.choice((0.1, 0.5, 1.0, 1.5)))
        return Target(self._users(users), self.plan.spawn_rate * self.dice.choice((0.5, 1.0, 3.0)))


def small(seed: int, workers: int = 20) -> Simulation:
    """A swarm of some tens of workers that goes through everything."""
    return Simulation(seed, Plan(workers, 20 * workers, 10.0 * workers, second_run=seed % 3 == 0))


def large(seed: int, workers: int = 1000) -> Simulation:
    """A swarm of a thousand workers with a hundred thousand users.

    An upheaval costs a second of CPU, since all of its charts move: the many seeds of the soak have one each.
    """
    upheavals, chaos_s = (1, 6.0) if seed >= SOAK_FROM else (3, 12.0)
    plan = Plan(workers, 100 * workers, 20.0 * workers)
    plan = replace(plan, chaos_s=chaos_s, tick_s=0.5, faults=workers // 10, upheavals=upheavals)
    return Simulation(seed, plan)


def of(seed: int, workers: int) -> Simulation:
    """The swarm that the tests make of this seed and number of workers."""
    return large(seed, workers) if workers >= 500 else small(seed, workers)
