"""What the simulation holds the cores to: every sample exactly once, every message of a user once and in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.control.effects import Apply

if TYPE_CHECKING:
    from swarm.control.effects import Discard
    from tests.runner.control.simulated_master import Journal
    from tests.runner.control.simulation import Simulation

Key = tuple[str, int]


class SampleRegistry:
    """Stands for the master's statistics: knows of each worker which of its samples came, and how many it holds."""

    def __init__(self) -> None:
        self.held: dict[Key, int] = {}
        self.merged: dict[Key, int] = {}

    def clear(self) -> None:
        """Forget a run."""
        self.held.clear()
        self.merged.clear()

    def reset(self) -> None:
        """Hold nothing."""
        self.merged.clear()

    def recover(self, journal: Journal) -> None:
        """Hold what was committed, as a master does that starts again."""
        self.held = {key: worker.merged + worker.reset for key, worker in journal.workers.items()}
        self.merged = {key: worker.merged for key, worker in journal.workers.items()}

    def merge(self, run: int, applied: Apply | Discard) -> None:
        """Take a delta; raises AssertionError for a sample that is there already or that has a hole before it."""
        key = (applied.identity, applied.incarnation)
        payload = applied.delta.payload
        assert applied.delta.run == run, "a delta of another run is merged"
        assert payload["from"] == self.held.get(key, 0), (
            f"{key[0]}: samples are merged twice, or were left out"
        )
        assert payload["to"] - payload["from"] == applied.delta.samples
        self.held[key] = payload["to"]
        if isinstance(applied, Apply):
            self.merged[key] = self.merged.get(key, 0) + applied.delta.samples

    def check_account(self, simulation: Simulation) -> None:
        """At the end of a run: exact for who lives, bounded for who died, and the account says so."""
        master = simulation.master
        core = master.core
        assert core is not None
        run = core.run
        rows = {(row.identity, row.incarnation): row for row in core.accounting().workers}
        for worker in simulation.workers:
            recorded = worker.recorded_in.get(run, 0)
            held = self.held.get(worker.key, 0)
            if worker.alive or worker.has_left:
                assert held == recorded, (
                    f"seed {simulation.seed}: {worker} recorded {recorded}, merged {held}"
                )
            assert held <= recorded
            row = rows.get(worker.key)
            if row is None:
                assert not held
                continue
            assert row.merged == self.merged.get(worker.key, 0)
            assert row.arrived == held
            assert row.closed or not (worker.alive or worker.has_left)
            assert row.arrived + row.missing <= recorded
            if row.offset_s is not None and worker.alive:
                error = abs(row.offset_s - worker.offset_at_end())
                assert row.uncertainty_s is not None
                assert error <= row.uncertainty_s + 0.02, (
                    f"the offset is off by {error} s, said {row.uncertainty_s}"
                )
        assert sum(self.merged.values()) == core.accounting().merged
        assert sum(self.held.values()) == core.accounting().merged + core.accounting().reset


class Mail:
    """The users' own messages, and which worker is behind which routing id."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._written: dict[tuple[str, str], int] = {}
        self._arrived: dict[tuple[str, int], list[int]] = {}

    def address(self, peer: bytes, place: int) -> None:
        """Note where a routing id leads."""
        self._places[peer] = place

    def place_of(self, peer: bytes) -> int:
        """Return the place of the worker behind a routing id."""
        return self._places[peer]

    def write(self, session: str, identity: str) -> tuple[str, int]:
        """Return the data of the next message to this worker."""
        number = self._written.get((session, identity), 0) + 1
        self._written[session, identity] = number
        return session, number

    def arrive(self, session: str, place: int, number: int) -> None:
        """A message of the worker at that place, which is one life of a process, is delivered on the master."""
        arrived = self._arrived.setdefault((session, place), [])
        assert not arrived or number != arrived[-1], "a message was delivered twice"
        arrived.append(number)

    def check(self, simulation: Simulation) -> None:
        """At the end: everything arrived, in order, in the same session never twice."""
        core = simulation.master.core
        assert core is not None
        for worker in simulation.alive:
            arrived = [n for (_, place), ns in self._arrived.items() if place == worker.place for n in ns]
            assert set(arrived) == set(range(1, worker.said + 1)), (
                f"{worker.identity}: {arrived} of {worker.said}"
            )
            for (_, place), numbers in self._arrived.items():
                if place == worker.place:
                    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
            heard = [number for session, _, number in worker.delivered if session == core.session]
            assert heard == sorted(set(heard)), heard
