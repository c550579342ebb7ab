"""The master's book of one feed: which blocks of rows are with which worker, and who waits for rows."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from swarm.control.messages import Lease, LeaseProgress, LeaseRequest
from swarm.data.leases import (
    BEGIN,
    BEGUN,
    BLOCK_ROWS,
    BLOCK_ROWS_UNKNOWN,
    DONE,
    PATIENCE_S,
    RECALL,
    RECALLS,
    REPEAT_S,
    RETURNED,
    REVOKED,
    SHARES,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.data.supply import Supply

Said: TypeAlias = list[tuple[str, Lease | LeaseProgress]]
"""What is to be said to which workers."""


@dataclass(slots=True)
class _Block:
    worker: str
    rows: list[Any]
    kept_until: float  # while a user waits for its rows they are not taken back, before they are begun
    begun: bool = False
    given_back: int = 0  # of its last rows
    recalled_at: float | None = None
    answered: bool = False

    @property
    def left(self) -> int:
        """The rows that its worker has or has used."""
        return len(self.rows) - self.given_back


class LeaseBook:
    """Which blocks of one feed are with which worker; `worker_count` says how many workers there are.

    `at_least_once` gives out again all rows of a lost worker's blocks, also of the one that it had begun. Blocks
    have numbers above `after`. `now` is seconds on any clock.
    """

    def __init__(
        self,
        name: str,
        supply: Supply,
        worker_count: Callable[[], int],
        at_least_once: bool = False,
        after: int = 0,
    ) -> None:
        self.name = name
        self._supply = supply
        self._worker_count = worker_count
        self._at_least_once = at_least_once
        self._blocks: dict[int, _Block] = {}
        self._held: dict[str, int] = {}  # the block that a worker has not begun, one at most
        self._begun = 0  # how many blocks are begun, and their workers not done with them
        self._returned: deque[Any] = deque()
        self._answers: dict[str, Lease] = {}  # the last one of each worker
        self._askers: dict[str, LeaseRequest] = {}  # what waits for rows to be given back
        self._number = after
        self._uncertain: dict[int, _Block] = {}  # what lost workers had begun

    @property
    def uncertain(self) -> int:
        """Rows that a lost worker had begun on, and may or may not have used."""
        return sum(block.left for block in self._uncertain.values())

    @property
    def reached(self) -> int:
        """How many rows of the feed were taken, whether used or not."""
        return self._supply.taken

    @property
    def ahead(self) -> int:
        """How many more may be noted as taken with them, so that it need not be noted for each block."""
        left = self._supply.left
        return BLOCK_ROWS if left is None or left < 0 else min(left // SHARES, BLOCK_ROWS)

    def lease(self, worker: str, request: LeaseRequest, now: float) -> Said:
        """Give a worker rows, at once or, while others may give some back, later. Raises FeedError."""
        self.welcome_back(worker)
        last, waiting = self._answers.get(worker), self._askers.get(worker)
        if last is not None and request.number <= last.number:
            return [(worker, last)] if request.number == last.number else []
        if waiting is not None and request.number < waiting.number:
            return []
        number = self._block_for(worker, request, now)
        if not number and request.urgent and self._more_may_come:
            self._askers[worker] = request
            return self._recalls(request.session, now)
        self._askers.pop(worker, None)
        return [(worker, self._answer(worker, request, number))]

    def progress(self, worker: str, said: LeaseProgress, now: float) -> Said:
        """A worker wants to begin a block, gives some of it back, or is done with it. Raises FeedError."""
        self.welcome_back(worker)
        block = self._blocks.get(said.block)
        if block is not None and block.worker != worker:
            block = None
        if said.state == BEGIN:
            if block is not None and not block.begun:
                block.begun = True
                self._begun += 1
                self._held.pop(worker, None)
            state = REVOKED if block is None else BEGUN
            return [(worker, LeaseProgress(said.session, self.name, said.block, state))]
        if block is None or not block.begun or said.state not in (DONE, RETURNED):
            return []
        block.answered = True
        self._take_in(block, said.rows)
        if said.state == DONE:
            del self._blocks[said.block]
            self._begun -= 1
        return self._serve(now)

    def lose(self, worker: str, now: float) -> Said:
        """A worker is silent: what it had not begun comes back, what it had is uncertain. Raises FeedError."""
        self._answers.pop(worker, None)
        self._askers.pop(worker, None)
        self._held.pop(worker, None)
        for number, block in list(self._blocks.items()):
            if block.worker != worker:
                continue
            del self._blocks[number]
            self._begun -= block.begun
            if not block.begun or self._at_least_once:
                self._returned.extend(block.rows[: block.left])
            else:
                self._uncertain[number] = block
        return self._serve(now)

    def welcome_back(self, worker: str) -> None:
        """A worker that was only silent goes on with what it had begun: nobody else has that."""
        if not self._uncertain:
            return
        for number, block in list(self._uncertain.items()):
            if block.worker == worker:
                block.recalled_at, block.answered = None, False
                self._blocks[number] = self._uncertain.pop(number)
                self._begun += 1

    # -- rows that come back -----------------------------------------------------------------------------------

    def _take_in(self, block: _Block, given_back: int) -> None:
        """A worker has given back so many of a block's last rows in all."""
        known, n = block.given_back, len(block.rows)
        if known < given_back <= n:
            block.given_back = given_back
            self._returned.extend(block.rows[n - given_back : n - known])

    @property
    def _more_may_come(self) -> bool:
        """Whether a worker has rows that may be no user's yet; the asker's own too, if its word was lost."""
        return self._begun > 0 or bool(self._held)

    def _serve(self, now: float) -> Said:
        """Give rows to those that wait for some, or tell them that none will come."""
        said: Said = []
        if not self._askers:
            return said
        for worker, request in list(self._askers.items()):
            number = self._block_for(worker, request, now) if self._returned or self._held else 0
            if number or not self._more_may_come:
                del self._askers[worker]
                said.append((worker, self._answer(worker, request, number)))
        if self._askers:
            said += self._recalls(next(iter(self._askers.values())).session, now)
        return said

    def _recalls(self, session: str, now: float) -> Said:
        """Recall what may hold rows for those that wait, little by little, and again what was not answered."""
        again, others, under_way = [], [], 0
        for number, block in self._blocks.items():
            if not block.begun:
                continue
            if block.recalled_at is None:
                others.append((block.worker in self._askers, -block.left, number))
            elif now - block.recalled_at >= REPEAT_S / 2:  # by then it is answered, and what was kept is used
                again.append(number)
            elif not block.answered:
                under_way += 1
        next_ones = heapq.nsmallest(max(RECALLS - under_way, 0), others)
        said: Said = []
        for number in again + [number for *_, number in next_ones]:
            block = self._blocks[number]
            block.recalled_at, block.answered = now, False
            said.append((block.worker, LeaseProgress(session, self.name, number, RECALL)))
        return said

    # -- rows that go out --------------------------------------------------------------------------------------

    def _answer(self, worker: str, request: LeaseRequest, number: int) -> Lease:
        """Return the answer that gives a worker its block, or with number 0 says that there is none now."""
        rows = self._blocks[number].rows if number else []
        exhausted = not number and request.urgent
        answer = Lease(request.session, self.name, request.number, number, rows, exhausted)
        self._answers[worker] = answer
        return answer

    def _block_for(self, worker: str, request: LeaseRequest, now: float) -> int:
        """Return the number of a block for a worker, 0 when there are no rows."""
        number = self._held.get(worker)  # it asks when it holds none: of this one it has not heard
        if number is None:
            rows = self._rows(worker, max(request.rows, 1), now)
            if not rows:
                return 0
            self._number = number = self._number + 1
            self._blocks[number] = _Block(worker, rows, now + PATIENCE_S if request.urgent else now)
            self._held[worker] = number
        return number

    def _rows(self, worker: str, wanted: int, now: float) -> list[Any]:
        returned = self._returned
        if returned:
            n = min(wanted, self._share(len(returned)))
            return [returned.popleft() for _ in range(n)]
        left = self._supply.left
        if left is None:
            n = min(wanted, BLOCK_ROWS_UNKNOWN)
        elif left < 0:
            n = min(wanted, BLOCK_ROWS)
        else:
            n = min(wanted, self._share(left))
        return self._supply.take(n) or self._taken_back(worker, now)

    def _taken_back(self, worker: str, now: float) -> list[Any]:
        """Take back the longest block that another worker has not begun, and has no user waiting for."""
        held = [
            (len(self._blocks[number].rows), other)
            for other, number in self._held.items()
            if other != worker and self._blocks[number].kept_until <= now
        ]
        if not held:
            return []
        return self._blocks.pop(self._held.pop(max(held)[1])).rows

    def _share(self, rows: int) -> int:
        return max(1, min(rows // (SHARES * max(self._worker_count(), 1)), BLOCK_ROWS))
