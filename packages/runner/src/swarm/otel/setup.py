"""Switches telemetry on. The OpenTelemetry packages are imported only then, and nothing is in place before."""

from __future__ import annotations

import atexit
import os
import socket
from typing import TYPE_CHECKING

from swarm.extras import from_extra
from swarm.log import get_logger

if TYPE_CHECKING:
    from swarm.event import Events
    from swarm.otel.telemetry import Telemetry

log = get_logger(__name__)

MAX_REQUEST_NAMES = 20
"""Names of requests that the metrics tell apart; further ones are "other". Spans have their own names always."""

OTHER = "other"

_running: Telemetry | None = None


def setup_opentelemetry(
    locustfile: str,
    profile: str | None = None,
    *,
    node: str | None = None,
    events: Events | None = None,
) -> bool:
    """Send a span and measurements of each request from now on; return whether that is so.

    Where to, how often and which are OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT` …). The
    resource has the name of the locustfile, the `profile` and the `node` (a worker's name). The requests are those
    of `events`, by default the process's. A second call changes nothing. False while `OTEL_SDK_DISABLED` is true.

    Raises MissingLibraryError when the extra `otel` is not installed.
    """
    global _running
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        log.info("OTEL_SDK_DISABLED is true: no telemetry is sent")
        return False
    if _running is None:
        with from_extra("otel", "OpenTelemetry"):
            from swarm.otel.telemetry import Telemetry
        from swarm.event import events as of_the_process

        _running = Telemetry(
            locustfile, profile, node or f"{socket.gethostname()}-{os.getpid()}", events or of_the_process
        ).begin()
        atexit.register(finish)
    return True


def finish() -> None:
    """Send what is left and end the telemetry; nothing where there is none."""
    global _running
    running, _running = _running, None
    if running is not None:
        running.end()
        atexit.unregister(finish)
