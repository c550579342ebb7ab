"""Leases: pure bookkeeping on both sides, run against each other over a network that loses, doubles and delays."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm.control.messages import Lease, LeaseProgress, LeaseRequest
from swarm.data.errors import Exhausted, FeedError
from swarm.data.leases import BEGIN, BEGUN, BLOCK_ROWS, DONE, FIRST_ROWS, REVOKED, SHARES, Holding, LeaseBook
from swarm.data.supply import Policy, Supply


class Rows:
    """The numbers below `n`."""

    name = "the numbers"

    def __init__(self, n: int) -> None:
        self.count: int | None = n

    def rows(self) -> Any:
        return iter(range(self.count or 0))


def book_of(n: int, policy: Policy = "once", at_least_once: bool = False) -> LeaseBook:
    return LeaseBook("feed", Supply(Rows(n), policy), at_least_once)


def ask(book: LeaseBook, worker: str, number: int, rows: int = 10, workers: int = 1) -> Lease:
    lease = book.lease(worker, LeaseRequest("s", "feed", number, rows), workers)
    assert lease is not None
    return lease


def begin(book: LeaseBook, worker: str, number: int, rows: int = 10, workers: int = 1) -> Lease:
    lease = ask(book, worker, number, rows, workers)
    assert say(book, worker, lease.block, BEGIN) == BEGUN
    return lease


def say(book: LeaseBook, worker: str, block: int, state: str) -> str | None:
    answer = book.progress(worker, LeaseProgress("s", "feed", block, state))
    return None if answer is None else answer.state


# -- the master's book --


def test_rows_go_to_workers_in_blocks_in_their_order() -> None:
    book = book_of(1_000)

    assert begin(book, "one", 1).rows == list(range(10))
    assert begin(book, "two", 1).rows == list(range(10, 20))
    assert begin(book, "one", 2).rows == list(range(20, 30))


def test_the_same_request_gets_the_same_answer_and_an_older_one_none() -> None:
    book = book_of(1_000)
    first = ask(book, "one", 1)
    assert ask(book, "one", 1) == first

    ask(book, "one", 2)
    assert book.lease("one", LeaseRequest("s", "feed", 1, 10), 1) is None


def test_a_block_is_no_larger_than_a_small_part_of_an_even_share_of_what_is_left() -> None:
    book = book_of(1_000)

    assert len(ask(book, "one", 1, rows=1_000, workers=4).rows) == 1_000 // (4 * SHARES)
    assert len(ask(book_of(20), "one", 1, rows=1_000, workers=4).rows) == 1
    assert len(ask(book_of(10**6, "cycle"), "one", 1, rows=10**6, workers=4).rows) == BLOCK_ROWS


def test_a_worker_that_asks_anew_without_having_begun_is_told_of_its_block_again() -> None:
    book = book_of(1_000)
    first = ask(book, "one", 1)

    again = ask(book, "one", 2)
    assert (again.number, again.block, again.rows) == (2, first.block, first.rows)


def test_a_worker_begins_only_what_it_has() -> None:
    book = book_of(1_000)
    block = ask(book, "one", 1).block

    assert say(book, "two", block, BEGIN) == REVOKED
    assert say(book, "one", block + 1, BEGIN) == REVOKED
    assert say(book, "one", block, BEGIN) == BEGUN
    assert say(book, "one", block, BEGIN) == BEGUN
    assert say(book, "one", block, DONE) is None
    assert say(book, "one", block, BEGIN) == REVOKED
    assert say(book, "one", block, "nonsense") is None


def test_of_a_lost_worker_what_it_had_not_begun_comes_back_and_the_rest_is_uncertain() -> None:
    book = book_of(1_000)
    begin(book, "one", 1)
    held = ask(book, "one", 2)

    book.lose("one")

    assert book.uncertain == 10
    assert begin(book, "two", 1, rows=100).rows[0] == held.rows[0]
    everything = [*held.rows[1:], *range(20, 1_000)]
    assert [begin(book, "two", n, rows=1).rows[0] for n in range(2, 991)] == everything
    assert ask(book, "two", 991).exhausted


def test_a_lost_worker_that_comes_back_may_not_begin_what_others_have_and_is_certain_of_what_it_did() -> None:
    book = book_of(1_000)
    begun, held = begin(book, "one", 1), ask(book, "one", 2)
    book.lose("one")

    assert say(book, "one", held.block, BEGIN) == REVOKED
    assert say(book, "one", begun.block, BEGIN) == BEGUN
    assert say(book, "two", begun.block, DONE) is None
    assert book.uncertain == 10
    assert say(book, "one", begun.block, DONE) is None
    assert book.uncertain == 0


def test_at_least_once_gives_all_rows_of_a_lost_worker_out_again() -> None:
    book = book_of(20, at_least_once=True)
    blocks = [begin(book, "one", number) for number in range(1, 15)]
    ask(book, "one", 15)
    for lease in blocks[:5]:
        say(book, "one", lease.block, DONE)

    book.lose("one")

    assert book.uncertain == 0
    again = [begin(book, "two", number).rows[0] for number in range(1, 16)]
    assert sorted(again) == list(range(5, 20))
    assert ask(book, "two", 16).exhausted


def test_rows_that_a_worker_sits_on_are_taken_back_for_one_that_has_none() -> None:
    book = book_of(1_000)
    held = ask(book, "one", 1)
    for number in range(1, 991):
        begin(book, "two", number, rows=1)

    assert begin(book, "two", 991).rows == held.rows
    assert say(book, "one", held.block, BEGIN) == REVOKED
    assert ask(book, "two", 992).exhausted


# -- a worker's holding --


class Wire:
    """A book and holdings, with every message in between under control."""

    def __init__(self, book: LeaseBook, workers: int = 1) -> None:
        self.book = book
        self.now = 0.0
        self.holdings = {f"worker {n}": Holding("feed") for n in range(workers)}

    def talk(self, worker: str = "worker 0", waiting: int = 1) -> list[Any]:
        said = self.holdings[worker].due(self.now, "s", waiting)
        for message in said:
            self.deliver(worker, message)
        return said

    def deliver(self, worker: str, message: LeaseRequest | LeaseProgress) -> None:
        if isinstance(message, LeaseRequest):
            lease = self.book.lease(worker, message, len(self.holdings))
            if lease is not None:
                self.holdings[worker].leased(lease, self.now)
        else:
            answer = self.book.progress(worker, message)
            if answer is not None:
                self.holdings[worker].answered(answer)

    def take(self, worker: str = "worker 0") -> Any:
        holding = self.holdings[worker]
        for _ in range(4):
            try:
                return holding.take()
            except IndexError:
                holding.check(self.now)
                self.talk(worker)
        raise AssertionError("no row and no end")


def test_a_worker_takes_every_row_once_and_learns_of_the_end() -> None:
    wire = Wire(book_of(2_500))

    assert [wire.take() for _ in range(2_500)] == list(range(2_500))
    with pytest.raises(Exhausted):
        wire.take()


def test_no_row_is_used_before_its_block_is_begun() -> None:
    holding = Holding("feed")
    (request,) = holding.due(0, "s", 1)
    holding.leased(Lease("s", "feed", request.number, 7, [1, 2], exhausted=False), 0)  # type: ignore[union-attr]
    with pytest.raises(IndexError):
        holding.take()

    assert holding.due(0, "s", 1) == [LeaseProgress("s", "feed", 7, BEGIN)]
    holding.answered(LeaseProgress("s", "feed", 6, BEGUN))
    with pytest.raises(IndexError):
        holding.take()
    holding.answered(LeaseProgress("s", "feed", 7, BEGUN))
    assert holding.take() == 1


def test_what_is_not_answered_is_said_again_after_a_second() -> None:
    holding = Holding("feed")
    holding.due(0, "s", 1)
    assert holding.due(0.9, "s", 1) == []
    (again,) = holding.due(1.0, "new session", 1)
    assert again == LeaseRequest("new session", "feed", 1, FIRST_ROWS)

    holding.leased(Lease("s", "feed", 1, 7, [1], exhausted=False), 1)
    assert holding.due(1.0, "s", 1) == [LeaseProgress("s", "feed", 7, BEGIN)]
    assert holding.due(1.5, "s", 1) == []
    assert holding.due(2.0, "s", 1) == [LeaseProgress("s", "feed", 7, BEGIN)]


def test_answers_to_what_was_not_asked_are_ignored() -> None:
    holding = Holding("feed")
    holding.leased(Lease("s", "feed", 1, 7, [1], exhausted=False), 0)
    holding.answered(LeaseProgress("s", "feed", 7, BEGUN))
    holding.due(0, "s", 1)
    holding.leased(Lease("s", "feed", 9, 7, [1], exhausted=False), 0)

    with pytest.raises(IndexError):
        holding.take()


def test_the_next_block_is_there_before_the_last_is_used_up() -> None:
    wire = Wire(book_of(10**6, "cycle"))
    wire.take()
    for _ in range(5):
        wire.talk(waiting=0)
    taken = [wire.holdings["worker 0"].take() for _ in range(9)]
    assert taken == list(range(1, 10))

    wire.talk(waiting=0)
    assert wire.holdings["worker 0"].take() == 10


def test_scarce_rows_are_asked_for_only_when_somebody_needs_one() -> None:
    wire = Wire(book_of(10), workers=2)
    wire.take()

    assert [message.state for message in wire.talk(waiting=0)] == [DONE]


def test_a_feed_that_was_exhausted_is_asked_again_after_a_while() -> None:
    wire = Wire(book_of(20), workers=2)
    for _ in range(20):
        wire.take("worker 0")
    with pytest.raises(Exhausted):
        wire.take("worker 1")

    wire.book._returned.append("came back")
    with pytest.raises(Exhausted):
        wire.take("worker 1")
    wire.now += 1
    assert wire.take("worker 1") == "came back"


def test_an_error_of_the_master_is_one_of_the_worker() -> None:
    holding = Holding("feed")
    holding.due(0, "s", 1)
    holding.leased(Lease("s", "feed", 1, 0, [], exhausted=True, error="users.csv cannot be read"), 0)

    with pytest.raises(FeedError, match=r"users\.csv cannot be read"):
        holding.check(0)
    assert holding.due(1.1, "s", 1)


def test_a_fast_worker_asks_for_about_a_second_of_rows() -> None:
    wire = Wire(book_of(10**9, "cycle"))
    asked = []
    for _ in range(3_000):
        wire.now += 0.005  # 200 a second
        wire.take()
        asked += [each.rows for each in wire.talk(waiting=0) if isinstance(each, LeaseRequest)]

    assert 100 <= asked[-1] <= 300


# -- everything that a network and dying workers can do --


class Storm:
    """Workers that take rows, stall, die and come back, and a network that loses, doubles and delays."""

    def __init__(self, seed: int, rows: int, at_least_once: bool) -> None:
        self.chance = random.Random(seed)
        self.rows = rows
        self.wire = Wire(book_of(rows, at_least_once=at_least_once), workers=self.chance.randrange(1, 5))
        self.alive = set(self.wire.holdings)
        self.used: Counter[int] = Counter()
        self.with_the_dead: set[int] = set()
        self.flying: list[tuple[str, Any, bool]] = []  # worker, message, towards the master

    def rage(self) -> None:
        for _ in range(4 * self.rows + 200):
            self.wire.now += self.chance.random() / 4
            worker = self.chance.choice(list(self.wire.holdings))
            if worker in self.alive:
                self.live(worker)
            if self.chance.random() < 0.02:
                self.wire.book.lose(worker)  # it is silent, dead or not
                if self.chance.random() < 0.3 and len(self.alive) > 1:
                    self.die(worker)
            self.chance.shuffle(self.flying)
            for _ in range(min(self.chance.randrange(8), len(self.flying))):
                self.fly(*self.flying.pop())

    def live(self, worker: str) -> None:
        holding = self.wire.holdings[worker]
        for _ in range(self.chance.randrange(6)):
            try:
                self.used[holding.take()] += 1
            except IndexError:
                break
        said = holding.due(self.wire.now, "s", self.chance.randrange(2))
        self.flying += [(worker, message, True) for message in said]

    def die(self, worker: str) -> None:
        self.alive.discard(worker)
        holding = self.wire.holdings[worker]
        self.with_the_dead.update(holding._ready)
        if holding._next is not None:  # begun perhaps, and the answer is under way
            self.with_the_dead.update(holding._next.rows)

    def fly(self, worker: str, message: Any, up: bool) -> None:
        if self.chance.random() < 0.1:
            return
        if self.chance.random() < 0.1:
            self.flying.append((worker, message, up))
        holding, book = self.wire.holdings[worker], self.wire.book
        answer: Any = None
        if not up:
            holding.leased(message, self.wire.now) if isinstance(message, Lease) else holding.answered(
                message
            )
        elif isinstance(message, LeaseRequest):
            answer = book.lease(worker, message, len(self.wire.holdings))
        else:
            answer = book.progress(worker, message)
        if answer is not None:
            self.flying.append((worker, answer, False))

    def calm(self) -> None:
        """The network is well again, the dead are known to be dead, and the others use up what there is."""
        for worker in self.wire.holdings.keys() - self.alive:
            self.wire.book.lose(worker)
        for worker in sorted(self.alive):
            while self.use_one(worker):
                pass

    def use_one(self, worker: str) -> bool:
        for _ in range(5):
            try:
                self.used[self.wire.holdings[worker].take()] += 1
            except IndexError:
                self.wire.now += 2
                self.wire.talk(worker)
                try:
                    self.wire.holdings[worker].check(self.wire.now)
                except Exhausted:
                    return False
            else:
                return True
        raise AssertionError("no row and no end")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 150))
def test_once_is_at_most_once_and_what_is_missing_was_with_the_dead(seed: int, rows: int) -> None:
    storm = Storm(seed, rows, at_least_once=False)
    storm.rage()
    storm.calm()

    assert set(storm.used.values()) <= {1}
    assert set(range(rows)) - storm.used.keys() <= storm.with_the_dead


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 150))
def test_at_least_once_leaves_no_row_out(seed: int, rows: int) -> None:
    storm = Storm(seed, rows, at_least_once=True)
    storm.rage()
    storm.calm()

    assert storm.used.keys() == set(range(rows))
