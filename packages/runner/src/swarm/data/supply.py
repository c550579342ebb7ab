"""The rows of a feed one after the other, as its policy has them."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from swarm.data.errors import FeedError

if TYPE_CHECKING:
    from collections.abc import Iterator

Policy: TypeAlias = Literal["once", "cycle", "random"]
POLICIES: tuple[Policy, ...] = ("once", "cycle", "random")


_SKIPPED_AT_ONCE = 10_000


class RowSet(Protocol):
    """What a feed reads from. `name` is for messages, `count` the number of rows, None when nobody knows."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def count(self) -> int | None:
        """How many rows it has."""

    def rows(self) -> Iterator[Any]:
        """Return the rows from the first one on, or where there is no way back, those to come."""


class Supply:
    """The rows of `rows` in the order of `policy`: each once, over and over, or one at random each time.

    `left` is how many are to come: None when nobody knows, -1 for no end. `taken` is how many were taken.
    """

    def __init__(self, rows: RowSet, policy: Policy, seed: int | None = None) -> None:
        self.taken = 0
        self.left = rows.count if policy == "once" else -1
        if policy == "once":
            self._rows = rows.rows()
        elif policy == "cycle":
            self._rows = _again_and_again(rows)
        else:
            self._rows = _at_random(rows, Random(seed))

    def take(self, n: int) -> list[Any]:
        """Return the next `n` rows; fewer when there are no more."""
        taken = list(islice(self._rows, n))
        self.taken += len(taken)
        if self.left is not None and self.left > 0:
            self.left = self.left - len(taken) if len(taken) == n else 0
        return taken

    def skip(self, n: int) -> None:
        """Leave `n` rows out."""
        for begin in range(0, n, _SKIPPED_AT_ONCE):
            if not self.take(min(_SKIPPED_AT_ONCE, n - begin)):
                return


def _again_and_again(rows: RowSet) -> Iterator[Any]:
    while True:
        row = None
        for row in rows.rows():
            yield row
        if row is None:
            raise FeedError(f"{rows.name} has no rows, so there is nothing to begin again with.")


def _at_random(rows: RowSet, random: Random) -> Iterator[Any]:
    all_rows = list(rows.rows())
    if not all_rows:
        raise FeedError(f"{rows.name} has no rows to choose from.")
    while True:
        row = random.choice(all_rows)
        yield type(row)(row) if isinstance(row, dict) else row  # it may come again, and be changed meanwhile
