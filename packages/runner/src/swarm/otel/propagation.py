"""Lets the HTTP sessions pass their trace on: a span begins before the request, and its header goes with it.

While telemetry is off the sessions' methods are their own; switched on, `request` of both classes is replaced.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any

from gevent import GreenletExit
from opentelemetry.propagate import inject
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context, use_span

from swarm.http.on_requests.session import HttpSession
from swarm.http.session import FastHttpSession
from swarm.otel.attributes import error_type, error_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.trace import Tracer

_HEADERS_POSITION = 4
"""Where `headers` stands in FastHttpSession.request, after method and URL."""

_begun: ContextVar[list[Span] | None] = ContextVar("swarm_span_of_the_request", default=None)
"""The span of the request that this greenlet is in, in a list that is emptied when it was taken."""


def begun_for(response: Any) -> Span | None:
    """Return the span that was begun for this response or, in its request, for this greenlet; only once."""
    waiting = getattr(response, "_swarm_span", None) or _begun.get()
    return waiting.pop() if waiting else None


class Propagation:
    """Begins a span in each request of FastHttpUser and HttpUser."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._own: list[tuple[type, Any]] = []

    def install(self) -> None:
        """Replace the sessions' `request`."""
        for session in (FastHttpSession, HttpSession):
            self._own.append((session, session.request))
            session.request = self._traced(session.request)  # type: ignore[method-assign]  # on purpose

    def remove(self) -> None:
        """Put it back."""
        while self._own:
            session, request = self._own.pop()
            session.request = request  # type: ignore[attr-defined]  # as above

    def _traced(self, request: Callable[..., Any]) -> Callable[..., Any]:
        tracer = self._tracer

        @wraps(request)
        def traced(session: Any, method: str, url: Any, *args: Any, **kwargs: Any) -> Any:
            span = tracer.start_span(str(method), kind=SpanKind.CLIENT)
            if len(args) > _HEADERS_POSITION:
                args = (*args[:_HEADERS_POSITION], _with_trace(args[_HEADERS_POSITION], span), *args[5:])
            else:
                kwargs["headers"] = _with_trace(kwargs.get("headers"), span)
            waiting = [span]
            token = _begun.set(waiting)
            try:
                with use_span(span, record_exception=False, set_status_on_exception=False):
                    response = request(session, method, url, *args, **kwargs)
            except BaseException as error:
                _abandon(waiting, error)
                raise
            finally:
                _begun.reset(token)
            if waiting:  # it is judged later
                response._swarm_span = waiting
            return response

        return traced


def _with_trace(headers: Any, span: Span) -> dict[Any, Any]:
    carried: dict[Any, Any] = dict(headers or {})
    inject(carried, context=set_span_in_context(span))
    return carried


def _abandon(waiting: list[Span], error: BaseException) -> None:
    """End the span of a request that was not counted: it was cut off, or could not be sent."""
    for span in waiting:
        words = "cut off at the stop" if isinstance(error, GreenletExit) else error_words(error)
        span.set_attribute("error.type", error_type(error))
        span.set_status(Status(StatusCode.ERROR, words))
        span.end()
    waiting.clear()
