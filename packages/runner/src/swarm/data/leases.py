"""Who has which rows of a feed, so that each is used once in the whole swarm: the master's book, a worker's holding.

The rule: no row is used before the master has said that its block is begun. So a block that is not begun can be
taken back at any moment, from a worker that died as from one that only has more than it needs; and of a worker
that is lost, only rows of the block it had begun may or may not have been used.

Both sides are pure: time and messages come in, messages go out. Each message may be lost or said twice: a request
has a number, and the same number gets the same answer; a begin is repeated until it is answered.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from swarm.control.messages import Lease, LeaseProgress, LeaseRequest
from swarm.data.errors import Exhausted, FeedError

if TYPE_CHECKING:
    from swarm.data.supply import Supply

BLOCK_ROWS = 1_000
"""The rows of a block at most."""
BLOCK_ROWS_UNKNOWN = 10
"""The same while nobody knows how many rows there are."""
SHARES = 16
"""A worker is given at most its even share of what is left, divided by this: no one sits on what others need."""
FIRST_ROWS = 10
"""What a worker asks for while it does not know how fast it uses them up."""
REPEAT_S = 1.0
"""Seconds after which what was not answered is said again."""
ASK_AGAIN_S = 1.0
"""Seconds after which a feed that was exhausted is asked again: rows may have come back."""

BEGIN, DONE, BEGUN, REVOKED = "begin", "done", "begun", "revoked"
"""States of a LeaseProgress: the first two are said by a worker, the others answer `begin`."""


class LeaseSource(Protocol):
    """Where a feed takes its rows from: the rows themselves in a local run, leases on a worker."""

    def take(self) -> Any:
        """Return the next row, or wait for it.

        Raises Exhausted when there is none and FeedError when the rows cannot be read.
        """


# -- the master's side -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Block:
    worker: str
    rows: list[Any]
    begun: bool = False


class LeaseBook:
    """Which blocks of one feed are with which worker.

    `at_least_once` gives out again all rows of a lost worker's blocks, also of the one that it had begun. Blocks
    have numbers above `after`.
    """

    def __init__(self, name: str, supply: Supply, at_least_once: bool = False, after: int = 0) -> None:
        self.name = name
        self._supply = supply
        self._at_least_once = at_least_once
        self._blocks: dict[int, _Block] = {}
        self._held: dict[str, int] = {}  # the block that a worker has not begun, one at most
        self._returned: deque[Any] = deque()
        self._answers: dict[str, Lease] = {}  # the last one of each worker
        self._number = after
        self._uncertain: dict[int, tuple[str, int]] = {}  # block to its worker and rows

    @property
    def uncertain(self) -> int:
        """Rows that a lost worker had begun on, and may or may not have used."""
        return sum(rows for _, rows in self._uncertain.values())

    @property
    def reached(self) -> int:
        """How many rows of the feed were taken, whether used or not."""
        return self._supply.taken

    @property
    def ahead(self) -> int:
        """How many more may be noted as taken with them, so that it need not be noted for each block."""
        left = self._supply.left
        return BLOCK_ROWS if left is None or left < 0 else min(left // SHARES, BLOCK_ROWS)

    def lease(self, worker: str, request: LeaseRequest, workers: int) -> Lease | None:
        """Give a worker rows, `workers` of which there are; None for a request that was overtaken.

        Raises FeedError when the rows cannot be read.
        """
        last = self._answers.get(worker)
        if last is not None and request.number <= last.number:
            return last if request.number == last.number else None
        number = self._held.get(worker)  # it asks when it holds none: of this one it has not heard
        if number is None:
            number = self._new_block(worker, max(request.rows, 1), max(workers, 1))
        rows = self._blocks[number].rows if number else []
        answer = Lease(request.session, self.name, request.number, number, rows, exhausted=not rows)
        self._answers[worker] = answer
        return answer

    def progress(self, worker: str, said: LeaseProgress) -> LeaseProgress | None:
        """A worker wants to begin a block, or is done with it; return what to answer."""
        block = self._blocks.get(said.block)
        mine = block is not None and block.worker == worker
        if said.state == DONE:
            if self._is_uncertain(worker, said.block):
                del self._uncertain[said.block]
            if block is not None and mine and block.begun:
                del self._blocks[said.block]
            return None
        if said.state != BEGIN:
            return None
        if block is not None and mine and not block.begun:
            block.begun = True
            self._held.pop(worker, None)
        # Of a worker that was silent, nobody else has what it had begun: it may go on.
        mine = mine or self._is_uncertain(worker, said.block)
        return LeaseProgress(said.session, self.name, said.block, BEGUN if mine else REVOKED)

    def lose(self, worker: str) -> None:
        """A worker is silent: what it had not begun comes back, what it had is uncertain."""
        self._answers.pop(worker, None)
        self._held.pop(worker, None)
        for number, block in list(self._blocks.items()):
            if block.worker != worker:
                continue
            del self._blocks[number]
            if not block.begun or self._at_least_once:
                self._returned.extend(block.rows)
            if block.begun and not self._at_least_once:
                self._uncertain[number] = (worker, len(block.rows))

    def _is_uncertain(self, worker: str, block: int) -> bool:
        return block in self._uncertain and self._uncertain[block][0] == worker

    def _new_block(self, worker: str, wanted: int, workers: int) -> int:
        """Make a block for a worker; return its number, 0 when there are no rows."""
        rows = self._rows(worker, wanted, workers)
        if not rows:
            return 0
        self._number += 1
        self._blocks[self._number] = _Block(worker, rows)
        self._held[worker] = self._number
        return self._number

    def _rows(self, worker: str, wanted: int, workers: int) -> list[Any]:
        returned = self._returned
        if returned:
            n = min(wanted, _share(len(returned), workers))
            return [returned.popleft() for _ in range(n)]
        left = self._supply.left
        if left is None:
            n = min(wanted, BLOCK_ROWS_UNKNOWN)
        elif left < 0:
            n = min(wanted, BLOCK_ROWS)
        else:
            n = min(wanted, _share(left, workers))
        return self._supply.take(n) or self._taken_back(worker)

    def _unknown_to(self, worker: str) -> int | None:
        """Return a block that the worker has not heard of: it holds one at most, and asks when it holds none."""
        return next(
            (number for number, each in self._blocks.items() if each.worker == worker and not each.begun),
            None,
        )

    def _taken_back(self, worker: str) -> list[Any]:
        """Take back the longest block that another worker has not begun."""
        held = [
            (len(self._blocks[number].rows), other) for other, number in self._held.items() if other != worker
        ]
        if not held:
            return []
        return self._blocks.pop(self._held.pop(max(held)[1])).rows


def _share(rows: int, workers: int) -> int:
    return max(1, min(rows // (SHARES * workers), BLOCK_ROWS))


# -- a worker's side -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Begun:
    number: int
    left: int


@dataclass(slots=True)
class Holding:
    """The rows of one feed that a worker has, and what it says to have more in time."""

    feed: str
    _ready: deque[Any] = field(default_factory=deque)
    _begun: deque[_Begun] = field(default_factory=deque)
    _low: int = 0
    _next: Lease | None = None
    _begin_said: float | None = None
    _number: int = 0
    _asked: LeaseRequest | None = None
    _asked_at: float = 0.0
    _several: bool = False
    _taken: int = 0
    _taken_since: float | None = None
    _done: list[int] = field(default_factory=list)
    _exhausted_at: float | None = None
    _error: str = ""

    def take(self) -> Any:
        """Return a row that may be used now. Raises IndexError when there is none."""
        row = self._ready.popleft()
        self._taken += 1
        first = self._begun[0]
        first.left -= 1
        if not first.left:
            self._begun.popleft()
            self._done.append(first.number)
        return row

    def check(self, now: float) -> None:
        """Raise Exhausted or FeedError when the master has just said that no row will come."""
        if self._exhausted_at is None or now - self._exhausted_at >= ASK_AGAIN_S:
            return
        if self._error:
            raise FeedError(self._error)
        raise Exhausted

    @property
    def has_something_to_say(self) -> bool:
        """Whether `due` is worth a call."""
        return len(self._ready) <= self._low or bool(self._done)

    def due(self, now: float, session: str, waiting: int) -> list[LeaseRequest | LeaseProgress]:
        """Return what is to be said to the master now, where `waiting` users have no row."""
        out: list[LeaseRequest | LeaseProgress] = [
            LeaseProgress(session, self.feed, block, DONE) for block in self._done
        ]
        self._done.clear()
        low = waiting > 0 or len(self._ready) <= self._low
        if self._next is not None:
            if low and (self._begin_said is None or now - self._begin_said >= REPEAT_S):
                self._begin_said = now
                out.append(LeaseProgress(session, self.feed, self._next.block, BEGIN))
        elif self._asked is not None:
            if now - self._asked_at >= REPEAT_S:
                self._asked_at = now
                out.append(LeaseRequest(session, self.feed, self._asked.number, self._asked.rows))
        elif waiting or self._several:  # rows that come one by one are scarce: not before somebody needs one
            self._number += 1
            self._asked = LeaseRequest(session, self.feed, self._number, self._wanted(now))
            self._asked_at = now
            out.append(self._asked)
        return out

    def leased(self, lease: Lease, now: float) -> None:
        """The master has given rows, or says that there are none."""
        if self._asked is None or lease.number != self._asked.number:
            return
        self._asked = None
        self._error = lease.error
        self._several = len(lease.rows) > 1
        self._exhausted_at = None if lease.rows else now
        if lease.rows:
            self._next, self._begin_said = lease, None

    def answered(self, said: LeaseProgress) -> None:
        """The master has answered a begin."""
        block = self._next
        if block is None or said.block != block.block or said.state not in (BEGUN, REVOKED):
            return
        self._next = None
        if said.state == BEGUN:
            self._ready.extend(block.rows)
            self._begun.append(_Begun(block.block, len(block.rows)))
            self._low = len(block.rows) // 2

    def _wanted(self, now: float) -> int:
        """Return the rows of about a second."""
        since, taken = self._taken_since, self._taken
        self._taken_since, self._taken = now, 0
        if since is None or not taken:
            return FIRST_ROWS
        return min(max(round(taken / max(now - since, 0.05)), 1), BLOCK_ROWS)
