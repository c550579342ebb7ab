"""A book and holdings with every message between them under control."""

from __future__ import annotations

from collections import deque
from typing import Any

from swarm.control.messages import Lease, LeaseProgress, LeaseRequest
from swarm.data.book import LeaseBook, Said
from swarm.data.holding import Holding
from swarm.data.leases import RECALL
from swarm.data.supply import Policy, Supply


class Rows:
    """The numbers below `n`; `known` is whether it says how many there are."""

    name = "the numbers"

    def __init__(self, n: int, known: bool = True) -> None:
        self.count: int | None = n if known else None
        self._n = n

    def rows(self) -> Any:
        return iter(range(self._n))


def book_of(
    n: int, policy: Policy = "once", at_least_once: bool = False, workers: int = 1, known: bool = True
) -> LeaseBook:
    return LeaseBook("feed", Supply(Rows(n, known), policy), lambda: workers, at_least_once)


class Wire:
    """Workers with as many users that wait as `waiting` says; messages arrive at once, in their order."""

    def __init__(self, book: LeaseBook, workers: int = 1) -> None:
        self.book = book
        self.now = 0.0
        self.names = [f"worker {n}" for n in range(workers)]
        self.holdings = {name: Holding("feed") for name in self.names}
        self.waiting = dict.fromkeys(self.names, 0)

    def talk(self, worker: str = "worker 0", waiting: int = 1) -> list[Any]:
        """Let a worker say what is due, and everything happen that follows; return what it said."""
        self.waiting[worker] = waiting
        said = self.holdings[worker].due(self.now, "s", waiting)
        for message in said:
            self.carry(self.at_master(worker, message))
        return said

    def carry(self, said: Said) -> None:
        """Bring messages to workers, and their answers to the master, until nobody has more to say."""
        flying = deque(said)
        while flying:
            worker, message = flying.popleft()
            answer = self.at_worker(worker, message)
            if answer is not None:
                flying.extend(self.at_master(worker, answer))

    def at_master(self, worker: str, message: LeaseRequest | LeaseProgress) -> Said:
        if isinstance(message, LeaseRequest):
            return self.book.lease(worker, message, self.now)
        return self.book.progress(worker, message, self.now)

    def at_worker(self, worker: str, message: Lease | LeaseProgress) -> LeaseProgress | None:
        holding = self.holdings[worker]
        if isinstance(message, Lease):
            holding.leased(message, self.now)
        elif message.state == RECALL:
            return holding.recalled(message, self.waiting[worker])
        else:
            holding.answered(message)
        return None

    def take(self, worker: str = "worker 0") -> Any:
        """Take a row as a user does. Raises Exhausted."""
        holding = self.holdings[worker]
        for _ in range(6):
            try:
                row = holding.take()
            except IndexError:
                holding.check(self.now)
                self.talk(worker)
            else:
                self.waiting[worker] = 0
                return row
        raise AssertionError("no row and no end")
