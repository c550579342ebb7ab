"""Responses whose outcome the task decides, in a `with` block."""

from __future__ import annotations

from time import perf_counter, time
from typing import TYPE_CHECKING, Any, Literal, Self

from gevent import GreenletExit

from swarm.exceptions import (
    CatchResponseError,
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    ResponseError,
    StopTest,
    StopUser,
)
from swarm.http.response import FastResponse

if TYPE_CHECKING:
    from types import TracebackType

    from swarm.http.session import FastHttpSession

# By these a task or its runner goes elsewhere; they say nothing about the answer.
STEERING = (
    GreenletExit,
    StopUser,
    StopTest,
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
)


class ResponseContextManager(FastResponse):
    """A response to a request with catch_response=True: it is counted at the end of its `with` block.

    Without a word it is a failure when its status is 400 or more or there is no answer. `failure()` and
    `success()` decide otherwise; a ResponseError raised in the block is a failure and goes no further, any
    other exception is a failure and goes on. `request_meta` is what will be counted: `name` and
    `response_time` (ms) may be changed in the block.
    """

    _swarm_session: FastHttpSession | None = None
    _swarm_method: str = ""
    _swarm_name: str = ""
    _swarm_end: float = 0.0
    _swarm_context: dict[str, Any] | None = None
    _swarm_meta: dict[str, Any] | None = None
    _swarm_verdict: BaseException | Literal[True] | None = None
    _swarm_entered = False

    @property
    def request_meta(self) -> dict[str, Any]:
        """What will be counted and given to the request event; may be changed inside the block."""
        if self._swarm_meta is None:
            session = self._swarm_session
            self._swarm_meta = {
                "request_type": self._swarm_method,
                "name": self._swarm_name,
                "start_time": time() - (perf_counter() - self._swarm_end) - self._swarm_seconds,
                "response_time": self._swarm_seconds * 1000,
                "response_length": len(self.content or b""),
                "response": self,
                "context": session._context(self._swarm_context) if session is not None else {},
                "exception": self.error,
                "url": (self.history[0] if self.history else self).url,
            }
        return self._swarm_meta

    def success(self) -> None:
        """Count the request as a success, whatever its status. Raises CatchResponseError outside `with`."""
        self._swarm_check_entered("success()")
        self._swarm_verdict = True

    def failure(self, exc: BaseException | str) -> None:
        """Count the request as a failure, for a reason. Raises CatchResponseError outside `with`."""
        self._swarm_check_entered("failure(...)")
        self._swarm_verdict = exc if isinstance(exc, BaseException) else CatchResponseError(exc)

    def __enter__(self) -> Self:
        self._swarm_entered = True
        return self

    def __exit__(
        self,
        exc: type[BaseException] | None = None,
        value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> bool:
        session = self._swarm_session
        self._swarm_entered = False
        if self.stream is not None:
            self.stream.close()
        if value is not None and self._swarm_verdict is None and not isinstance(value, STEERING):
            self._swarm_verdict = value
        caught = isinstance(value, ResponseError)
        if session is not None:
            self._swarm_session = None
            self._swarm_count(session)
            if session.user is not None and session.user._swarm_halt and (value is None or caught):
                raise GreenletExit
        return caught

    def _swarm_await(
        self, session: FastHttpSession, method: str, name: str, end: float, context: dict[str, Any] | None
    ) -> None:
        """Keep what counting the request at the end of the block takes."""
        self._swarm_session = session
        self._swarm_method = method
        self._swarm_name = name
        self._swarm_end = end
        self._swarm_context = context

    def _swarm_count(self, session: FastHttpSession) -> None:
        verdict = self._swarm_verdict
        method, name, context = self._swarm_method, self._swarm_name, self._swarm_context
        seconds: float | None = self._swarm_seconds
        error = self.error
        start_time = None
        meta = self._swarm_meta
        if meta is not None:
            method, name, context, error = (
                meta["request_type"],
                meta["name"],
                meta["context"],
                meta["exception"],
            )
            seconds = None if meta["response_time"] is None else meta["response_time"] / 1000
            start_time = meta["start_time"]
        if verdict is not None:
            error = None if verdict is True else verdict
        self.error = error
        session._report(self, method, name, seconds, self._swarm_end, error, context, start_time)

    def _swarm_check_entered(self, call: str) -> None:
        if not self._swarm_entered:
            raise CatchResponseError(
                f"The outcome of a request can be set only inside a with block:\n\n"
                f"with self.client.get(..., catch_response=True) as response:\n    response.{call}"
            )
