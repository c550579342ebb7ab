"""The pipelines of one process: providers, exporters, and what feeds them. Imported only when it is wanted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

import swarm
from swarm.exceptions import SwarmError
from swarm.log import get_logger
from swarm.otel.instruments import Instruments
from swarm.otel.propagation import Propagation
from swarm.otel.spans import Spans

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm.event import Events

log = get_logger(__name__)

SCOPE = "swarm"
END_S = 10.0
"""What the last export may take, where OTEL_EXPORTER_OTLP_TIMEOUT does not say it (seconds)."""
BATCH = 64
"""Spans encoded in one go: some 5 ms, in which no user has a turn."""
QUEUE = 16_384


class Telemetry:
    """Sends spans and measurements from `begin` to `end`, and at the end what is left."""

    def __init__(self, locustfile: str, profile: str | None, node: str, events: Events) -> None:
        """Make the pipelines. Raises SwarmError for an exporter that there is none for."""
        resource = _resource(locustfile, profile, node)
        has_traces, has_metrics = _is_sent("TRACES"), _is_sent("METRICS")  # before anything is begun
        processor = _processor() if has_traces else None
        reader = _reader() if has_metrics else None
        self._events = events
        self._metrics = MeterProvider([reader] if reader else [], resource=resource, shutdown_on_exit=False)
        self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        if processor is not None:
            self._traces.add_span_processor(processor)
        self._instruments = Instruments(self._metrics.get_meter(SCOPE, swarm.__version__))
        tracer = self._traces.get_tracer(SCOPE, swarm.__version__) if processor else None
        self._spans = Spans(tracer) if tracer else None
        self._propagation = Propagation(tracer) if tracer else None

    def begin(self) -> Telemetry:
        """Listen to requests, and let HTTP clients pass their trace on."""
        from opentelemetry import metrics, trace

        # What a locustfile measures itself goes the same way, unless it has made its own.
        if not isinstance(trace.get_tracer_provider(), TracerProvider):
            trace.set_tracer_provider(self._traces)
        if not isinstance(metrics.get_meter_provider(), MeterProvider):
            metrics.set_meter_provider(self._metrics)
        self._events.request.add_listener(self._instruments.on_request)
        if self._spans is not None:
            self._events.request.add_listener(self._spans.on_request)
        if self._propagation is not None:
            self._propagation.install()
        self._events.init.add_listener(self._know)
        self._events.test_start.add_listener(self._know)  # as a library nobody fires init
        self._events.quit.add_listener(self._at_quit)
        return self

    def end(self) -> None:
        """Send what is left, for as long as an export may take, and stop."""
        if self._propagation is not None:
            self._propagation.remove()
        for hook, listener in (
            (self._events.request, self._instruments.on_request),
            (self._events.request, self._spans.on_request if self._spans else None),
            (self._events.init, self._know),
            (self._events.test_start, self._know),
            (self._events.quit, self._at_quit),
        ):
            if listener in hook._handlers:
                hook.remove_listener(listener)
        providers = (self._traces, self._metrics)
        shutdowns: list[gevent.Greenlet[..., None]] = [gevent.spawn(each.shutdown) for each in providers]
        limit = _seconds(os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT", ""))
        if len(gevent.joinall(shutdowns, timeout=limit)) < len(shutdowns):
            gevent.killall(shutdowns, block=False)
            log.warning(f"the collector did not take the last telemetry within {limit:g} s; it is lost")

    def _know(self, environment: Environment, **_other: Any) -> None:
        self._instruments.environment = environment

    def _at_quit(self, **_other: Any) -> None:
        from swarm.otel import setup

        setup.finish()


def _resource(locustfile: str, profile: str | None, node: str) -> Resource:
    """Return what all spans and metrics of this process have in common; variables of the environment go before."""
    own: dict[str, str] = {
        "service.name": "swarm",
        "service.version": swarm.__version__,
        "service.instance.id": node,
    }
    if locustfile:
        own["swarm.locustfile"] = Path(locustfile).name
    if profile:
        own["swarm.profile"] = profile
    given = (
        Resource.create()
    )  # OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, and "unknown_service" for none
    named = dict(given.attributes)
    if str(named.get("service.name", "")).startswith("unknown_service"):
        del named["service.name"]
    return Resource({**own, **named})


def _is_sent(signal: str) -> bool:
    """Whether the signal is sent by OTLP. Raises SwarmError for an exporter or a protocol that there is none for."""
    exporter = os.environ.get(f"OTEL_{signal}_EXPORTER", "otlp").strip().lower() or "otlp"
    if exporter == "none":
        return False
    if exporter != "otlp":
        raise SwarmError(f"OTEL_{signal}_EXPORTER is {exporter!r}: it is otlp or none.")
    protocol = os.environ.get(
        f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL",
        os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    )
    if protocol.strip() != "http/protobuf":
        raise SwarmError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: telemetry is sent as http/protobuf, to a collector's "
            "port 4318."
        )
    return True


def _processor() -> SpanProcessor:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return BatchSpanProcessor(
        OTLPSpanExporter(),
        max_queue_size=None if "OTEL_BSP_MAX_QUEUE_SIZE" in os.environ else QUEUE,
        max_export_batch_size=None if "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" in os.environ else BATCH,
    )


def _reader() -> MetricReader:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

    return PeriodicExportingMetricReader(OTLPMetricExporter())


def _seconds(text: str) -> float:
    try:
        return max(float(text), 0.0)
    except ValueError:
        return END_S
