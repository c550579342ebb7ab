"""What master and workers agree on about rows, so that each is used once in the whole swarm.

The rule: no row is used before the master has said that its block is begun. So a block that is not begun can be
taken back at any moment, from a worker that died as from one that only has more than it needs; and of a worker
that is lost, only rows of the block it had begun may or may not have been used.

A block that is begun is its worker's. When all rows are out and a user somewhere has none, the master recalls
blocks, and their workers give back what no user of theirs waits for. That none are left is said only when every
row was handed to a user.

Both sides (`swarm.data.book`, `swarm.data.holding`) are pure: time and messages come in, messages go out. Each
message may be lost or said twice: a request has a number, and the same number gets the same answer; a begin and
a recall are repeated until they are answered; what was given back is said as a count from the block's end.
"""

from __future__ import annotations

from typing import Any, Protocol

BLOCK_ROWS = 1_000
"""The rows of a block at most."""
BLOCK_ROWS_UNKNOWN = 10
"""The same while nobody knows how many rows there are."""
SHARES = 16
"""A worker is given at most its even share of what is left, divided by this: no one sits on what others need."""
FIRST_ROWS = 10
"""What a worker asks for while it does not know how fast it uses them up."""
RECALLS = 4
"""So many blocks are recalled at once, the ones with the most rows first."""
REPEAT_S = 1.0
"""Seconds after which what was not answered is said again."""
PATIENCE_S = 2.0
"""Seconds that a worker whose user waits has for beginning its block before the rows may be given to another."""
ASK_AGAIN_S = 1.0
"""Seconds after which a feed that was exhausted is asked again: rows may have come back."""

BEGIN, DONE, RETURNED = "begin", "done", "returned"
"""States of a LeaseProgress that a worker says; with the last two go the `rows` that it gave back."""
BEGUN, REVOKED, RECALL = "begun", "revoked", "recall"
"""Those that the master says: the first two answer `BEGIN`, `DONE` or `RETURNED` answers the third."""


class LeaseSource(Protocol):
    """Where a feed takes its rows from: the rows themselves in a local run, leases on a worker."""

    def take(self) -> Any:
        """Return the next row, or wait for it.

        Raises Exhausted when there is none and FeedError when the rows cannot be read.
        """
