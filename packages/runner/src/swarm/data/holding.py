"""A worker's side of the leases: the rows of one feed that it has, and what it says to have more in time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from swarm.control.messages import Lease, LeaseProgress, LeaseRequest
from swarm.data.errors import Exhausted, FeedError
from swarm.data.leases import (
    ASK_AGAIN_S,
    BEGIN,
    BEGUN,
    BLOCK_ROWS,
    DONE,
    FIRST_ROWS,
    RECALL,
    REPEAT_S,
    RETURNED,
    REVOKED,
)


@dataclass(slots=True)
class _Begun:
    session: str
    number: int
    left: int
    given_back: int = 0


@dataclass(slots=True)
class Holding:
    """The rows of one feed that a worker has.

    Numbers of blocks are those of a session, which is a life of the master; what one master leased is nothing
    that another one knows of.
    """

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
    _done: list[_Begun] = field(default_factory=list)
    _given_back: dict[tuple[str, int], int] = field(default_factory=dict)  # of blocks that are done
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
            self._done.append(first)
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
            self._done_with(block) for block in self._done if block.session == session
        ]
        self._done.clear()
        if self._next is not None and self._next.session != session:
            self._next = None
        urgent = waiting > len(self._ready)
        if self._next is not None:
            low = waiting > 0 or len(self._ready) <= self._low
            if low and (self._begin_said is None or now - self._begin_said >= REPEAT_S):
                self._begin_said = now
                out.append(LeaseProgress(session, self.feed, self._next.block, BEGIN))
        elif self._asked is not None:
            if now - self._asked_at >= REPEAT_S:
                self._asked_at = now
                out.append(LeaseRequest(session, self.feed, self._asked.number, self._asked.rows, urgent))
        elif urgent or self._several:  # rows that come one by one are scarce: not before somebody needs one
            self._number += 1
            self._asked = LeaseRequest(session, self.feed, self._number, self._wanted(now), urgent)
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
        self._exhausted_at = now if lease.exhausted else None
        if lease.rows:
            self._next, self._begin_said = lease, None

    def answered(self, said: LeaseProgress) -> None:
        """The master has answered a begin."""
        block = self._next
        if block is None or (said.session, said.block) != (block.session, block.block):
            return
        if said.state == REVOKED:
            self._next = None
        elif said.state == BEGUN:
            self._begin(block)

    def recalled(self, said: LeaseProgress, waiting: int) -> LeaseProgress:
        """The master wants rows of a begun block back: give what is more than `waiting` users need, once."""
        block = self._next
        if block is not None and (said.session, said.block) == (block.session, block.block):
            self._begin(block)  # the word that it is begun was lost, or comes later
        behind = 0  # rows of the blocks that are used later
        for begun in reversed(self._begun):
            if (begun.session, begun.number) == (said.session, said.block):
                return self._give_back(begun, behind, waiting)
            behind += begun.left
        given_back = self._given_back.get((said.session, said.block), 0)
        return LeaseProgress(said.session, self.feed, said.block, DONE, given_back)

    def give_back(self, session: str) -> list[LeaseProgress]:
        """Give all rows back, since no user is left here; return what is to be said to the master.

        What was asked for and has not come yet, and what was not begun, is the master's.
        """
        numbers = [begun.number for begun in self._begun if begun.session == session]
        if self._next is not None and self._next.session == session and self._begin_said is not None:
            numbers.append(self._next.block)
        else:
            self._next = None
        self._asked, self._several = None, False
        return [self.recalled(LeaseProgress(session, self.feed, number, RECALL), 0) for number in numbers]

    def _begin(self, block: Lease) -> None:
        self._next = None
        self._ready.extend(block.rows)
        self._begun.append(_Begun(block.session, block.block, len(block.rows)))
        self._low = len(block.rows) // 2

    def _give_back(self, block: _Begun, behind: int, waiting: int) -> LeaseProgress:
        ready = self._ready
        spare = min(block.left, max(len(ready) - waiting, 0))
        ready.rotate(behind)
        for _ in range(spare):
            ready.pop()
        ready.rotate(-behind)
        block.left -= spare
        block.given_back += spare
        if spare:
            self._exhausted_at = None  # there were rows, and there are elsewhere
            self._several = False
        if block.left:
            return LeaseProgress(block.session, self.feed, block.number, RETURNED, block.given_back)
        self._begun.remove(block)
        return self._done_with(block)

    def _done_with(self, block: _Begun) -> LeaseProgress:
        if block.given_back:
            self._given_back[block.session, block.number] = block.given_back
        return LeaseProgress(block.session, self.feed, block.number, DONE, block.given_back)

    def _wanted(self, now: float) -> int:
        """Return the rows of about a second."""
        since, taken = self._taken_since, self._taken
        self._taken_since, self._taken = now, 0
        if since is None or not taken:
            return FIRST_ROWS
        return min(max(round(taken / max(now - since, 0.05)), 1), BLOCK_ROWS)
