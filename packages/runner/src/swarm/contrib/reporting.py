"""How the clients of other protocols report: each call is a request of its user, timed, counted and cut like one.

A call that fails is counted as a failure and raises nothing; the exceptions that steer a user (StopUser …) and
a timeout of the user's own pass. No call begins once the run stops; one that the stop finds under way has the
usual time to end, and ends its user; one that is cut off counts as interrupted.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from gevent import GreenletExit

from swarm.event import events

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from swarm.event import EventHook
    from swarm.users.user import User

logger = logging.getLogger("swarm.contrib")


class Call:
    """A call under way, as a context manager or from `Reporter.begin` to `end`.

    `request` holds the keyword arguments of the event to come, to be added to: `response_length` in bytes,
    `response`, `exception` and so on.
    """

    def __init__(self, reporter: Reporter, request_type: str, name: str, context: dict[str, Any]) -> None:
        self._reporter = reporter
        self._measuring = reporter.request_event.measure(request_type, name, context=context)
        self.request: dict[str, Any] = {}

    def start(self) -> Call:
        """Begin to measure."""
        self.request = self._measuring.__enter__()
        self._reporter.under_way[self] = None
        return self

    def end(self, error: BaseException | None = None) -> None:
        """Count the call, failed with `error` if there is one. A call that has ended is left as it is."""
        if self._forget():
            if error is not None:
                self.request["exception"] = error
            self._measuring.__exit__(None, None, None)

    def cut(self) -> None:
        """Count the call as interrupted, unless it has ended."""
        if self._forget():
            self._measuring.__exit__(GreenletExit, GreenletExit(), None)

    def _forget(self) -> bool:
        """Take the call off the list of those under way; return whether it was there."""
        if self not in self._reporter.under_way:
            return False
        del self._reporter.under_way[self]
        return True

    def __enter__(self) -> dict[str, Any]:
        return self.request

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not self._forget():
            return False
        swallowed = bool(self._measuring.__exit__(kind, error, trace))
        if error is None or swallowed:
            self._reporter.check()
        return swallowed


class Reporter:
    """What a client reports its calls through, in the name of its user.

    With a user it is one of the user's sessions: it tells whether a call is under way, and `close` is called
    at the user's end, which cuts what is left and calls the client's own `close`.
    """

    def __init__(
        self,
        request_event: EventHook | None = None,
        user: User | None = None,
        close: Callable[[], object] | None = None,
    ) -> None:
        """Report to `request_event`; without one to that of the user's run, or of the process."""
        self.under_way: dict[Call, None] = {}
        self.user: Any = None
        self._close = close
        if request_event is None:
            request_event = user.environment.events.request if user is not None else events.request
        self.request_event = request_event
        if user is not None:
            self.belong_to(user)

    def belong_to(self, user: User) -> None:
        """Report in the name of `user` from now on, and end with it."""
        self.user = user
        user._swarm_sessions.append(self)

    @property
    def in_flight(self) -> int:
        """The number of calls under way."""
        return len(self.under_way)

    @property
    def halted(self) -> bool:
        """Whether the run stops, so that no call may begin."""
        return self.user is not None and self.user._swarm_halt

    def check(self) -> None:
        """Raise GreenletExit if the run stops."""
        if self.halted:
            raise GreenletExit

    def call(self, request_type: str, name: str, context: dict[str, Any] | None = None) -> Call:
        """Return the context manager of a call; it gives the arguments of the event to come.

        Raises GreenletExit if the run stops, before the call or as it ends.
        """
        self.check()
        return Call(self, request_type, name, self._context(context)).start()

    def begin(self, request_type: str, name: str, context: dict[str, Any] | None = None) -> Call:
        """Begin a call that somebody ends later, in whatever greenlet."""
        return Call(self, request_type, name, self._context(context)).start()

    def tell(self, request_type: str, name: str, **request: Any) -> None:
        """Report something that took no time: `response_length`, `exception`, `context` …"""
        told: dict[str, Any] = {
            "request_type": request_type,
            "name": name,
            "response_time": 0,
            "response_length": 0,
            "response": None,
            "exception": None,
            "start_time": time.time(),
            "url": None,
            **request,
        }
        told["context"] = self._context(request.get("context"))
        self.request_event.fire(**told)

    def close(self) -> None:
        """Cut what is under way and close the client, whose errors are of no interest any more."""
        for call in list(self.under_way):
            call.cut()
        if self._close is not None:
            try:
                self._close()
            except Exception:
                logger.debug("A client could not be closed", exc_info=True)

    def _context(self, context: dict[str, Any] | None) -> dict[str, Any]:
        """Return the user's context with the call's laid over it, as a dict that may be added to."""
        own = self.user.context() if self.user is not None else {}
        return {**own, **(context or {})}
