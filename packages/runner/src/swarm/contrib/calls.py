"""Counts the calls of a client that is not HTTP's: what the users of other protocols are built on.

A client makes one `Calls` for its user. Each call is begun, and then ended, failed or cut, once.
"""

from __future__ import annotations

from contextlib import contextmanager
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from gevent import GreenletExit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from swarm.users.user import User


class Call:
    """One call under way; what is to be reported of it may be set until it ends.

    `length` is in bytes, `context` what the listeners of `events.request` get beside the user's own.
    """

    def __init__(self, calls: Calls, name: str, context: Mapping[str, Any] | None, *, waits: bool) -> None:
        self.name = name
        self.context = dict(context or {})
        self.length = 0
        self.response: Any = None
        self.is_open = True
        self._calls = calls
        self._waits = waits
        self._start_time = time()
        self._start = perf_counter()
        if not waits:
            calls.in_flight += 1

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since it began."""
        return (perf_counter() - self._start) * 1000

    def end(self, error: BaseException | str | None = None, shown: str | None = None) -> None:
        """Count it, as a failure when there is an `error`; `shown` is the text that failures are grouped by.

        Does nothing for a call that was counted. One that fails because its client was closed is cut.
        """
        if not self.is_open:
            return
        if error is not None and self._calls.is_closed:
            self.cut()
            return
        elapsed = self.elapsed_ms
        self._close()
        self._calls.record(self, elapsed, self._start_time, error, shown)

    def cut(self) -> None:
        """Count it among those that the stop of the run interrupted. Does nothing for a call that was counted."""
        if self.is_open:
            self._close()
            self._calls.record_interrupted(self.name)

    def _close(self) -> None:
        self.is_open = False
        if not self._waits:
            self._calls.in_flight -= 1


class Calls:
    """The calls of one user's client; while some are in flight, a stop of the run gives them a moment to end."""

    def __init__(self, user: User, request_type: str, close: Callable[[], Any]) -> None:
        """Count calls as requests of type `request_type`; `close` is called once, at the user's end."""
        self.request_type = request_type
        self.in_flight = 0
        self.is_closed = False
        self._user = user
        self._close = close
        user._swarm_sessions.append(self)

    def begin(self, name: str, context: Mapping[str, Any] | None = None, *, waits: bool = False) -> Call:
        """Begin a call. One that `waits`, for what may never come, is cut at once by a stop of the run.

        Raises GreenletExit when the run is being stopped.
        """
        self.check()
        return Call(self, name, context, waits=waits)

    @contextmanager
    def measure(
        self, name: str, context: Mapping[str, Any] | None = None, *, waits: bool = False
    ) -> Iterator[Call]:
        """Count what a block does as one call, failed by the error that it raises; arguments as for `begin`."""
        call = self.begin(name, context, waits=waits)
        try:
            yield call
        except GreenletExit:
            call.cut()
            raise
        except BaseException as error:
            call.end(error)
            raise
        call.end()
        self.check()

    def check(self) -> None:
        """Raise GreenletExit, so that a task goes no further, when the run is being stopped."""
        if self._user._swarm_halt:
            raise GreenletExit

    def close(self) -> None:
        """Close the client; calls that are still open then are cut."""
        if not self.is_closed:
            self.is_closed = True
            self._close()

    def record(
        self,
        call: Call,
        elapsed_ms: float,
        start_time: float,
        error: BaseException | str | None,
        shown: str | None,
    ) -> None:
        """Record a call that ended and tell the listeners."""
        user = self._user
        environment = user.environment
        intended = user._swarm_intended_start
        environment.stats.record(
            self.request_type,
            call.name,
            int(elapsed_ms * 1000),
            call.length,
            time(),
            error if shown is None else shown,
            None if intended is None else int((perf_counter() - intended) * 1e6),
        )
        event = environment.events.request
        if event._handlers:
            event.notify(
                request_type=self.request_type,
                name=call.name,
                response_time=elapsed_ms,
                response_length=call.length,
                response=call.response,
                context={**user.context(), **call.context},
                exception=error,
                start_time=start_time,
                url=None,
            )

    def record_interrupted(self, name: str) -> None:
        """Count a call that was cut off."""
        self._user.environment.stats.record_interrupted(self.request_type, name)
