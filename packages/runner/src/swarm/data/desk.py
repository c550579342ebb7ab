"""Ties the feeds of a process to its runner: read here, leased to workers, or leased from the master."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from gevent.event import Event

from swarm.control.messages import Lease, LeaseProgress, LeaseRequest
from swarm.data.book import LeaseBook
from swarm.data.errors import FeedError
from swarm.data.feed import find
from swarm.data.holding import Holding
from swarm.data.leases import BEGIN, DONE, RECALL, REPEAT_S, REVOKED
from swarm.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.data.book import Said
    from swarm.data.feed import Feed

log = get_logger(__name__)


class Notes(Protocol):
    """Where the master notes numbers that another master is to find, when this one dies."""

    def kept(self, name: str) -> int:
        """Return the number noted by this name, 0 for none."""

    def keep(self, name: str, number: int) -> None:
        """Note a number; it is safe when this returns."""


class LeaseDesk:
    """The master's: answers what workers ask of the feeds that the locustfile made in this process.

    `worker_count` says how many workers there are. With `notes` no row that may have been leased is leased again
    by a master that takes up the run: before rows leave, it is noted up to which one they were taken.
    """

    def __init__(self, worker_count: Callable[[], int], notes: Notes | None = None) -> None:
        self.books: dict[str, LeaseBook] = {}
        self._worker_count = worker_count
        self._notes = notes

    def answer(self, worker: str, message: Any) -> Said:
        """Return what to say, and to which workers, to a LeaseRequest or LeaseProgress of this worker."""
        now = time.monotonic()
        try:
            if isinstance(message, LeaseRequest):
                book = self._book(message.feed)
                said = book.lease(worker, message, now)
            elif isinstance(message, LeaseProgress):
                book = self._book(message.feed)
                said = book.progress(worker, message, now)
            else:
                return []
            self._note(book)
        except FeedError as error:
            return _refusal(worker, message, error)
        return said

    def lose(self, worker: str) -> Said:
        """A worker is silent or has left: others may have what it has not begun. Return what to say to them."""
        out: Said = []
        for book in self.books.values():
            before = book.uncertain
            try:
                out += book.lose(worker, time.monotonic())
                self._note(book)
            except FeedError as error:  # whoever waits asks again, and is told then
                log.warning(f"rows of a lost worker cannot be given to others: {error}", worker=worker)
            if book.uncertain > before and find(book.name).is_of_rows:
                log.warning(
                    "a lost worker had rows that it may or may not have used; they are left out",
                    feed=book.name,
                    rows=book.uncertain - before,
                    worker=worker,
                )
        return out

    def welcome_back(self, worker: str) -> None:
        """A worker was only silent, and has what it had begun."""
        for book in self.books.values():
            book.welcome_back(worker)

    def _book(self, name: str) -> LeaseBook:
        book = self.books.get(name)
        if book is None:
            feed = find(name)
            supply = feed.supply()
            before = 0 if self._notes is None else self._notes.kept(_note_of(name))
            if before > supply.taken:
                log.warning("rows that the last master may have leased are left out", feed=name, rows=before)
                supply.skip(before - supply.taken)
            book = self.books[name] = LeaseBook(
                name, supply, self._worker_count, feed.at_least_once, after=before
            )
        return book

    def _note(self, book: LeaseBook) -> None:
        notes = self._notes
        if (
            notes is not None
            and not find(book.name).at_least_once
            and notes.kept(_note_of(book.name)) < book.reached
        ):
            notes.keep(_note_of(book.name), book.reached + book.ahead)


def _note_of(name: str) -> str:
    return f"feed {name}"


def _refusal(worker: str, message: LeaseRequest | LeaseProgress, error: FeedError) -> Said:
    """Return what to answer when the feed has no rows to give, or is none."""
    log.warning(f"a worker asked for rows: {error}", worker=worker)
    if isinstance(message, LeaseRequest):
        text = str(error)
        return [(worker, Lease(message.session, message.feed, message.number, 0, [], True, text))]
    if message.state != BEGIN:
        return []
    return [(worker, LeaseProgress(message.session, message.feed, message.block, REVOKED))]


class LeasedRows:
    """A worker's: the rows of one feed, as they come from the master. `say` sends, `session` is the token to say."""

    def __init__(self, feed: Feed, say: Callable[[Any], None], session: Callable[[], str]) -> None:
        self._holding = Holding(feed.name)
        self._dress = feed.dress
        self._say = say
        self._session = session
        self._waiting = 0
        self._news = Event()

    def take(self) -> Any:
        """Return the next row; the user waits until one is there. Raises Exhausted and FeedError."""
        holding = self._holding
        while True:
            try:
                row = holding.take()
            except IndexError:
                self._wait()
                continue
            if holding.has_something_to_say:
                self._say_what_is_due()
            return self._dress(row)

    def hear(self, message: Lease | LeaseProgress) -> None:
        """Take in what the master says of this feed."""
        holding = self._holding
        if isinstance(message, Lease):
            holding.leased(message, time.monotonic())
        elif message.state == RECALL:
            self._say(holding.recalled(message, self._waiting))
        else:
            holding.answered(message)
        self._say_what_is_due()
        self._news.set()
        self._news.clear()

    def give_back(self) -> None:
        """Give all rows back to the master: the users have ended."""
        for message in self._holding.give_back(self._session()):
            self._say(message)

    def _wait(self) -> None:
        self._holding.check(time.monotonic())
        self._waiting += 1
        try:
            self._say_what_is_due()
            self._news.wait(REPEAT_S)
        finally:
            self._waiting -= 1

    def _say_what_is_due(self) -> None:
        session = self._session()
        if not session:  # no master has taken this worker in yet
            return
        for message in self._holding.due(time.monotonic(), session, self._waiting):
            self._say(message)


class LeasedFeeds:
    """A worker's: the sources of all feeds of this process."""

    def __init__(self, say: Callable[[Any], None], session: Callable[[], str]) -> None:
        self._say = say
        self._session = session
        self._sources: dict[str, LeasedRows] = {}

    def source_of(self, feed: Feed) -> LeasedRows:
        """Return where a feed takes its rows from."""
        source = self._sources.get(feed.name)
        if source is None:
            source = self._sources[feed.name] = LeasedRows(feed, self._say, self._session)
        return source

    def give_back(self) -> None:
        """Give all rows of all feeds back to the master: the users have ended."""
        for source in self._sources.values():
            source.give_back()

    def hear(self, message: Lease | LeaseProgress) -> None:
        """Take in what the master says of a feed."""
        source = self._sources.get(message.feed)
        if source is not None:
            source.hear(message)
        elif isinstance(message, LeaseProgress) and message.state == RECALL:  # of a process of the same name
            self._say(LeaseProgress(message.session, message.feed, message.block, DONE))
