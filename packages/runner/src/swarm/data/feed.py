"""What all feeds have in common: `next()`, `for row in feed`, and where the rows come from.

The rule: making a feed reads nothing. A local run and the master read it before users start; a worker never
does, and has its rows from the master, so only the master needs the files.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakValueDictionary

from swarm.data.errors import Exhausted, FeedError
from swarm.data.supply import POLICIES, Supply
from swarm.exceptions import StopTest, StopUser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from swarm.data.leases import LeaseSource
    from swarm.data.supply import Policy


class Feed:
    """Rows for the users of a test: each is handed out by itself, across the whole swarm.

    `policy` is "once" (each row at most once), "cycle" (over and over) or "random" (any row, each time). When
    there are none left `exhausted` is raised: `StopUser` ends the user, `StopTest` the run.

    When a worker is lost, rows that it has not begun are given to others. Of its last rows nobody knows whether
    they were used: they are left out, or with `at_least_once` handed out again. `name` tells feeds apart
    between master and workers; it need only be given to feeds that are not made in the same order everywhere.
    """

    is_of_rows = True
    """Whether its rows are somebody's, so that it matters when one is left out."""

    def __init__(
        self,
        name: str,
        *,
        policy: Policy = "once",
        exhausted: type[StopUser | StopTest] = StopUser,
        at_least_once: bool = False,
        seed: int | None = None,
    ) -> None:
        if policy not in POLICIES:
            raise FeedError(
                f"The policy of {name} is {policy!r}; it is one of {', '.join(map(repr, POLICIES))}."
            )
        if not (isinstance(exhausted, type) and issubclass(exhausted, StopUser | StopTest)):
            raise FeedError(f"exhausted of {name} is {exhausted!r}; it is StopUser or StopTest.")
        self.policy: Policy = policy
        self.exhausted = exhausted
        self.at_least_once = at_least_once
        self.seed = seed
        self._swarm_supply: Supply | None = None
        self.name = register(self, name)
        self._swarm_take: Callable[[], Any] = self._swarm_take_first

    def next(self) -> Any:
        """Return the next row; on a worker it may have to come from the master first.

        Raises what `exhausted` says when there is none, FeedError when the rows cannot be read.
        """
        try:
            return self._swarm_take()
        except Exhausted:
            self._swarm_end()

    def __iter__(self) -> Iterator[Any]:
        """Give one row after the other; the loop ends when there are none left."""
        while True:
            try:
                row = self._swarm_take()
            except Exhausted:
                return
            yield row

    def check(self) -> None:
        """See whether rows can be read. Raises FeedError when they cannot."""
        self.supply()

    def prepare(self) -> None:
        """Make ready what this process needs to hand rows out; before users start."""

    def restart(self) -> None:
        """Begin again with the first row, in a local run; to be called when no user runs."""
        self._swarm_supply = None
        if isinstance(getattr(self._swarm_take, "__self__", None), LocalRows):
            self._swarm_take = self._swarm_take_first

    @property
    @abstractmethod
    def count(self) -> int | None:
        """How many rows there are, None when nobody knows. Raises FeedError when they cannot be read."""

    @abstractmethod
    def rows(self) -> Iterator[Any]:
        """Return the rows from the first one on. Raises FeedError when they cannot be read."""

    def supply(self) -> Supply:
        """Return the rows in the order of the policy, always the same supply. Raises FeedError."""
        if self._swarm_supply is None:
            if self.count == 0:
                raise FeedError(f"{self.name} has no rows.")
            self._swarm_supply = Supply(self, self.policy, self.seed)
        return self._swarm_supply

    def dress(self, row: Any) -> Any:
        """Return a row that came from the master as `rows` gives it."""
        return row

    def take_from(self, source: LeaseSource) -> None:
        """Take the rows from `source` from now on."""
        self._swarm_take = source.take

    def _swarm_take_first(self) -> Any:
        self.take_from(LocalRows(self.supply()) if _elsewhere is None else _elsewhere(self))
        return self._swarm_take()

    def _swarm_end(self) -> NoReturn:
        raise self.exhausted(f"{self.name} has no more rows.")


class LocalRows:
    """The rows of a feed that is read in this process."""

    def __init__(self, supply: Supply) -> None:
        self._supply = supply

    def take(self) -> Any:
        """Return the next row. Raises Exhausted, and FeedError when it cannot be read."""
        rows = self._supply.take(1)
        if not rows:
            raise Exhausted
        return rows[0]


class Row(dict[str, Any]):
    """A row: its values by the names of their columns. Asking for one that is not there says which are."""

    feed = ""

    def __missing__(self, column: str) -> NoReturn:
        raise FeedError(f"{self.feed} has no column {column!r}; it has: {', '.join(map(str, self))}.")


def row_class(feed: str) -> type[Row]:
    """Return a class of rows that know which feed they are of."""
    return type("Row", (Row,), {"feed": feed})


class RowFeed(Feed):
    """A feed whose rows are dictionaries."""

    def __init__(self, name: str, **settings: Any) -> None:
        super().__init__(name, **settings)
        self._swarm_row = row_class(self.name)

    def dress(self, row: Any) -> Any:
        """Return a row that came from the master as `rows` gives it."""
        return self._swarm_row(row) if isinstance(row, dict) else row


_feeds: WeakValueDictionary[str, Feed] = WeakValueDictionary()
_elsewhere: Callable[[Feed], LeaseSource] | None = None


def register(feed: Feed, name: str) -> str:
    """Note a feed; return the name that it has: with a number behind it when there is one of its name."""
    unique, number = name, 1
    while unique in _feeds:
        number += 1
        unique = f"{name} #{number}"
    _feeds[unique] = feed
    return unique


def feeds() -> list[Feed]:
    """Return all feeds that this process has made, in the order in which they were made."""
    return list(_feeds.values())


def find(name: str) -> Feed:
    """Return the feed of this name. Raises FeedError when there is none."""
    feed = _feeds.get(name)
    if feed is None:
        raise FeedError(
            f"The master has no feed {name!r}; it has: {', '.join(_feeds) or 'none'}. Master and workers must load the "
            "same locustfile, and make its feeds at its top level."
        )
    return feed


def take_elsewhere(source_of: Callable[[Feed], LeaseSource] | None) -> None:
    """Let the feeds of this process take their rows from where `source_of` says, or with None read them here."""
    global _elsewhere
    _elsewhere = source_of
    for feed in feeds():
        feed._swarm_take = feed._swarm_take_first


def columns_text(columns: Iterable[object]) -> str:
    """Return names of columns for a message."""
    return ", ".join(map(repr, columns))
