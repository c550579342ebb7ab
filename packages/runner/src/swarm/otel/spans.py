"""A span for each request: one that an HTTP client has begun is ended here, of others it is made afterwards."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind, Status, StatusCode

from swarm.otel.attributes import (
    REQUEST_NAME,
    REQUEST_TYPE,
    Attributes,
    error_type,
    error_words,
    http_attributes,
    is_http,
    url_attributes,
)
from swarm.otel.propagation import begun_for

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer


class Spans:
    """Makes the span of each request that it hears of."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def on_request(self, **event: Any) -> None:
        """End or make the span of a request; a listener of `events.request`."""
        span = begun_for(event.get("response"))
        ms = event.get("response_time") or 0.0
        if span is None:
            ended = time.time() if event.get("start_time") is None else event["start_time"] + ms / 1000
            span = self._tracer.start_span(
                _name(event), kind=SpanKind.CLIENT, start_time=int((ended - ms / 1000) * 1e9)
            )
            end_ns: int | None = int(ended * 1e9)
        else:
            end_ns = None
        if span.is_recording():
            _describe(span, event)
        span.end(end_ns)


def _name(event: dict[str, Any]) -> str:
    return f"{event['request_type']} {event['name']}"


def _describe(span: Span, event: dict[str, Any]) -> None:
    span.update_name(_name(event))
    error = event.get("exception")
    attributes: Attributes
    if is_http(event):
        attributes = http_attributes(event) | url_attributes(event)
        if attributes["http.request.method"] == "_OTHER":
            attributes["http.request.method_original"] = str(event["request_type"])
    else:
        attributes = {REQUEST_TYPE: str(event["request_type"])}
        if error:
            attributes["error.type"] = error_type(error)
    attributes[REQUEST_NAME] = str(event["name"])
    length = event.get("response_length")
    if isinstance(length, int) and is_http(event):
        attributes["http.response.body.size"] = length
    span.set_attributes(attributes)
    if error:
        span.set_status(Status(StatusCode.ERROR, error_words(error)))
