"""Measurements of requests and users: histograms in seconds, a count of failures, a gauge of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.metrics import Observation

from swarm.otel.attributes import (
    REQUEST_NAME,
    REQUEST_TYPE,
    Attributes,
    Names,
    error_type,
    http_attributes,
    is_http,
)
from swarm.runners.duties import UserHost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.metrics import CallbackOptions, Meter

    from swarm.environment import Environment

HTTP_DURATION = "http.client.request.duration"
DURATION = "swarm.request.duration"
FAILURES = "swarm.request.failures"
USERS = "swarm.users"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Bounds of the histograms: those of the semantic conventions."""


class Instruments:
    """Measures each request that it hears of; `environment` is whose users it counts."""

    def __init__(self, meter: Meter) -> None:
        self.environment: Environment | None = None
        self._names = Names()
        self._http = meter.create_histogram(
            HTTP_DURATION,
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=BUCKETS_S,
        )
        self._other = meter.create_histogram(
            DURATION, "s", "Duration of other requests.", explicit_bucket_boundaries_advisory=BUCKETS_S
        )
        self._failures = meter.create_counter(FAILURES, "{request}", "Requests that failed.")
        meter.create_observable_up_down_counter(
            USERS, [self._users], "{user}", "Users that run on this node."
        )

    def on_request(self, **event: Any) -> None:
        """Measure a request; a listener of `events.request`."""
        name = self._names.bounded(str(event["name"]))
        seconds = event.get("response_time")
        if is_http(event):
            histogram, attributes = self._http, http_attributes(event)
        else:
            histogram, attributes = self._other, {REQUEST_TYPE: str(event["request_type"])}
            if event.get("exception"):
                attributes["error.type"] = error_type(event["exception"])
        attributes[REQUEST_NAME] = name
        if seconds is not None:
            histogram.record(seconds / 1000, attributes)
        if event.get("exception"):
            failure: Attributes = {REQUEST_TYPE: str(event["request_type"]), REQUEST_NAME: name}
            self._failures.add(1, {**failure, "error.type": attributes["error.type"]})

    def _users(self, _options: CallbackOptions) -> Iterator[Observation]:
        runner = self.environment.runner if self.environment is not None else None
        # A master's users are its workers', which tell of them.
        if isinstance(runner, UserHost):
            for name, count in runner.user_classes_count.items():
                yield Observation(count, {"swarm.user.class": name})
