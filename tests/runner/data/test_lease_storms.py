"""Leases over a network that loses, doubles and delays, with workers that stall, die, and have no users any more."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm.data.errors import Exhausted
from swarm.data.leases import ASK_AGAIN_S
from tests.runner.data.lease_wire import Wire, book_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 4_000
"""More than any storm of these takes to end once the network is well."""


class Storm:
    """Workers whose users take rows one after the other until they hear that there are none."""

    def __init__(self, seed: int, rows: int, *, at_least_once: bool = False, known: bool = True) -> None:
        self.chance = random.Random(seed)
        self.rows = rows
        count = self.chance.randrange(1, 6)
        self.wire = Wire(book_of(rows, at_least_once=at_least_once, workers=count, known=known), count)
        self.alive = set(self.wire.names)
        self.users = {name: self.chance.randrange(4) for name in self.wire.names}
        self.users[self.chance.choice(self.wire.names)] += 1  # somebody must want rows
        self.used: Counter[int] = Counter()
        self.used_when_first_told: int | None = None
        self.with_the_dead: set[int] = set()
        self.flying: list[tuple[str, Any, bool]] = []  # worker, message, towards the master
        self.loss = self.doubling = 0.1

    def rage(self, rounds: int, silence: float = 0.0, death: float = 0.0) -> None:
        """Let time go by; workers are silent for a while, or for ever, as likely as that in each round."""
        for _ in range(rounds):
            self.wire.now += self.chance.random() / 4
            worker = self.chance.choice(self.wire.names)
            if worker in self.alive:
                self.live(worker)
            if self.chance.random() < silence:
                self.lose(worker)
            if self.chance.random() < death and len(self.alive) > 1 and worker in self.alive:
                self.die(worker)
            self.chance.shuffle(self.flying)
            for _ in range(min(self.chance.randrange(8), len(self.flying))):
                self.fly(*self.flying.pop())

    def live(self, worker: str) -> None:
        """Let some of its users take a row each; those that find none wait."""
        holding, waiting = self.wire.holdings[worker], 0
        for _ in range(self.chance.randrange(self.users[worker] + 1)):
            try:
                row = holding.take()
            except IndexError:
                try:
                    holding.check(self.wire.now)
                except Exhausted:
                    if self.used_when_first_told is None:
                        self.used_when_first_told = len(self.used)
                    continue
                waiting += 1
            else:
                self.used[row] += 1
        if self.chance.random() < 0.02 and self.users[worker] and sum(self.users.values()) > 1:
            self.users[worker] -= 1  # a user ends, perhaps while it waits
            waiting = min(waiting, self.users[worker])
        self.wire.waiting[worker] = waiting
        if not self.users[worker] and self.chance.random() < 0.2:
            self.flying += [(worker, message, True) for message in holding.give_back("s")]
        said = holding.due(self.wire.now, "s", waiting)
        self.flying += [(worker, message, True) for message in said]

    def lose(self, worker: str) -> None:
        self.send(self.wire.book.lose(worker, self.wire.now))

    def die(self, worker: str) -> None:
        self.alive.discard(worker)
        self.users[worker] = 0
        book = self.wire.book
        for block in (*book._blocks.values(), *book._uncertain.values()):
            if block.worker == worker:
                self.with_the_dead.update(block.rows[: block.left])
        if not any(self.users.values()):
            self.users[min(self.alive)] = 1

    def send(self, said: Any) -> None:
        self.flying += [(worker, message, False) for worker, message in said]

    def fly(self, worker: str, message: Any, up: bool) -> None:
        if self.chance.random() < self.loss:
            return
        if self.chance.random() < self.doubling:
            self.flying.append((worker, message, up))
        if up:
            self.send(self.wire.at_master(worker, message))
        elif worker in self.alive:
            answer = self.wire.at_worker(worker, message)
            if answer is not None:
                self.flying.append((worker, answer, True))

    def calm(self) -> None:
        """The network is well again, and the dead are known to be dead; go on until nothing is left."""
        self.loss = self.doubling = 0.0
        self.flying = [each for each in self.flying if each[0] in self.alive]
        for worker in sorted(self.wire.holdings.keys() - self.alive):
            self.lose(worker)
        for worker in sorted(self.alive):
            self.wire.book.welcome_back(worker)
        for _ in range(2):  # an answer of before may still be on its way
            self.wire.now += ASK_AGAIN_S
            for _ in self.rounds():
                self.rage(1)
        if self.used_when_first_told is None:
            self.used_when_first_told = len(self.used)

    def rounds(self) -> Iterator[None]:
        for _ in range(ROUNDS):
            if all(self.has_ended(worker) for worker in self.alive):
                return
            yield
        raise AssertionError(f"no end: {self.rows - len(self.used)} rows are left")

    def has_ended(self, worker: str) -> bool:
        if not self.users[worker]:
            return True
        try:
            self.wire.holdings[worker].check(self.wire.now)
        except Exhausted:
            return not self.wire.holdings[worker]._ready
        return False


seeds = given(st.integers(0, 10**9), st.integers(1, 150))


@settings(max_examples=100)
@seeds
@pytest.mark.parametrize("known", [True, False])
def test_nobody_hears_that_there_are_none_left_before_every_row_was_handed_out(
    known: bool, seed: int, rows: int
) -> None:
    storm = Storm(seed, rows, known=known)
    storm.rage(4 * rows)
    storm.calm()

    assert storm.used == Counter(range(rows))
    assert storm.used_when_first_told == rows


@settings(max_examples=100)
@seeds
def test_once_is_at_most_once_and_what_is_missing_was_with_the_dead(seed: int, rows: int) -> None:
    storm = Storm(seed, rows)
    storm.rage(4 * rows + 200, silence=0.02, death=0.005)
    storm.calm()

    assert set(storm.used.values()) <= {1}
    assert set(range(rows)) - storm.used.keys() <= storm.with_the_dead


@settings(max_examples=100)
@seeds
def test_at_least_once_leaves_no_row_out(seed: int, rows: int) -> None:
    storm = Storm(seed, rows, at_least_once=True)
    storm.rage(4 * rows + 200, silence=0.02, death=0.005)
    storm.calm()

    assert storm.used.keys() == set(range(rows))
