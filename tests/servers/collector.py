"""An OpenTelemetry collector in the test's process, which takes OTLP over HTTP: `with Collector() as it: ...`."""

from __future__ import annotations

import gzip
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from gevent.pywsgi import WSGIServer
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Span:
    """A span as it came; times in seconds, ids in hex."""

    name: str
    kind: int
    trace: str
    id: str
    start: float
    end: float
    failed: bool
    message: str
    attributes: dict[str, Any]
    resource: dict[str, Any]


@dataclass(frozen=True)
class Point:
    """A measurement as it came: the value of a sum, or the count and the sum of a histogram."""

    unit: str
    value: float
    attributes: dict[str, Any]
    resource: dict[str, Any]
    sum: float = 0.0
    bounds: tuple[float, ...] = ()


@dataclass
class Collector:
    """The collector; `spans` has all spans, `points` each metric's points of each export."""

    spans: list[Span] = field(default_factory=list)
    points: dict[str, list[Point]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._server = WSGIServer(("127.0.0.1", 0), self._take, log=None, error_log=None)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(timeout=1)

    @property
    def url(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def last(self, metric: str) -> list[Point]:
        """Return the metric's newest point of each set of attributes and node (sums are cumulative)."""
        newest: dict[Any, Point] = {}
        for point in self.points.get(metric, ()):
            key = (point.resource["service.instance.id"], *sorted(point.attributes.items()))
            newest[key] = point
        return list(newest.values())

    def totals(self, metric: str, attribute: str) -> Counter[str]:
        """Return the metric's last values by one of its attributes."""
        counted: Counter[str] = Counter()
        for point in self.last(metric):
            counted[point.attributes[attribute]] += int(point.value)
        return counted

    def _take(self, environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
            body = gzip.decompress(body)
        if environ["PATH_INFO"] == "/v1/traces":
            self._take_traces(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse().SerializeToString()
        else:
            assert environ["PATH_INFO"] == "/v1/metrics"
            self._take_metrics(ExportMetricsServiceRequest.FromString(body))
            answer = ExportMetricsServiceResponse().SerializeToString()
        start_response("200 OK", [("Content-Type", "application/x-protobuf")])
        return [answer]

    def _take_traces(self, request: Any) -> None:
        for group in request.resource_spans:
            resource = _plain(group.resource.attributes)
            self.spans += [
                Span(
                    span.name,
                    span.kind,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.start_time_unix_nano / 1e9,
                    span.end_time_unix_nano / 1e9,
                    span.status.code == span.status.STATUS_CODE_ERROR,
                    span.status.message,
                    _plain(span.attributes),
                    resource,
                )
                for scope in group.scope_spans
                for span in scope.spans
            ]

    def _take_metrics(self, request: Any) -> None:
        for group in request.resource_metrics:
            resource = _plain(group.resource.attributes)
            for scope in group.scope_metrics:
                for metric in scope.metrics:
                    points = self.points.setdefault(metric.name, [])
                    points += [
                        Point(metric.unit, each.as_int or each.as_double, _plain(each.attributes), resource)
                        for each in metric.sum.data_points
                    ]
                    points += [
                        Point(
                            metric.unit,
                            each.count,
                            _plain(each.attributes),
                            resource,
                            each.sum,
                            tuple(each.explicit_bounds),
                        )
                        for each in metric.histogram.data_points
                    ]


def _plain(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
