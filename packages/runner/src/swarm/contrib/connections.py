"""What clients share that keep a connection open and wait on it for what may never come."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gevent import GreenletExit
from gevent.queue import Empty, Queue

from swarm.contrib.reporting import Reporter
from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("swarm.contrib")

UNREAD_LIMIT = 1000
"""Messages that are kept until somebody receives them; then the oldest go."""

MessageT = TypeVar("MessageT")


class NoMessageError(SwarmError, TimeoutError):
    """No message came within the time that was given."""


class ConnectionEndedError(SwarmError):
    """The connection is over: it was lost, or closed; `orderly` when the server closed it without complaint."""

    def __init__(self, text: str, *, orderly: bool = False, status: int | None = None) -> None:
        super().__init__(text)
        self.orderly = orderly
        self.status = status
        """The status that the server gave, None without one."""


class ConnectionReporter(Reporter):
    """Reports calls that raise their errors in the task.

    A call that waits is no reason for a stop of the run to give its user time: it is cut at once.
    """

    _waiting = 0

    @property
    def in_flight(self) -> int:
        """The number of calls under way that are worth waiting for."""
        return len(self.under_way) - self._waiting

    @contextmanager
    def reported(
        self, request_type: str, name: str, context: dict[str, Any] | None = None, *, waits: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Count a block as a call, failed by the error that it raises; gives the event to come.

        Raises GreenletExit when the run stops, before the call or as it ends.
        """
        self.check()
        call = self.begin(request_type, name, context)
        self._waiting += waits
        try:
            yield call.request
        except GreenletExit:
            call.cut()
            raise
        except BaseException as error:
            call.end(error)
            raise
        finally:
            self._waiting -= waits
        call.end()
        self.check()


class Inbox(Generic[MessageT]):
    """The messages of one connection that nobody has received yet, and in the end the reason why no more come."""

    def __init__(self, of: str) -> None:
        """Make an empty one; `of` says in a warning whose messages they are."""
        self.ended: ConnectionEndedError | None = None
        self.dropped = 0
        self._of = of
        self._queue: Queue[MessageT | ConnectionEndedError] = Queue()

    def put(self, message: MessageT) -> None:
        """Keep a message; drop the oldest one when there are too many."""
        if self._queue.qsize() >= UNREAD_LIMIT:
            self._queue.get_nowait()
            self.dropped += 1
            if self.dropped == 1:
                logger.warning(
                    "More than %d messages of %s wait to be received: the oldest are dropped.",
                    UNREAD_LIMIT,
                    self._of,
                )
        self._queue.put(message)

    def end(self, reason: ConnectionEndedError) -> None:
        """Let nobody wait any more; only the first reason counts."""
        if self.ended is None:
            self.ended = reason
            self._queue.put(reason)

    def next(self, timeout: float | None) -> MessageT:
        """Return the next message, waiting up to `timeout` seconds. Raises NoMessageError, ConnectionEndedError."""
        try:
            message = self._queue.get(timeout=timeout)
        except Empty:
            raise NoMessageError(f"no message came within {timeout:g} s") from None
        if isinstance(message, ConnectionEndedError):
            self._queue.put(message)  # for whoever receives next
            raise message
        return message

    def all(self, reporter: ConnectionReporter, request_type: str, name: str) -> Iterator[MessageT]:
        """Give each message as it comes, reported with the time it was waited for, to the connection's end.

        An orderly end is none of the requests. Raises ConnectionEndedError, counted as a failure, for another.
        """
        while True:
            reporter.check()
            start = perf_counter()
            try:
                message = self.next(None)
            except ConnectionEndedError as ended:
                if ended.orderly:
                    return
                reporter.tell(request_type, name, response_time=_ms_since(start), exception=ended)
                raise
            reporter.tell(
                request_type,
                name,
                response_time=_ms_since(start),
                response_length=length_of(message),
                response=message,
            )
            yield message


def length_of(message: Any) -> int:
    """Return the bytes of a message, text in UTF-8; of an event, those of its data."""
    data = getattr(message, "data", message)
    return len(data) if isinstance(data, bytes) or data.isascii() else len(data.encode())


def _ms_since(start: float) -> float:
    return (perf_counter() - start) * 1000
