"""What a monitoring system asks for: whether the process is there, whether it is ready, and Prometheus's figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from swarm_web.answers import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swarm_web.recorder import Recorder
    from swarm_web.visitors import Visitors

MIMETYPE = "text/plain; version=0.0.4; charset=utf-8"
NAMES = 1_000
"""Names that have series of their own."""


class Probes:
    """The routes `/healthz`, `/readyz` and `/metrics`; the last needs a role."""

    def __init__(self, recorder: Recorder, visitors: Visitors, prefix: str) -> None:
        self._recorder = recorder
        self._visitors = visitors
        self.blueprint = Blueprint("swarm_probes", __name__, url_prefix=prefix or None)
        self.blueprint.add_url_rule("/healthz", "health", lambda: Response("ok\n", mimetype="text/plain"))
        self.blueprint.add_url_rule("/readyz", "ready", self._ready)
        self.blueprint.add_url_rule("/metrics", "metrics", self._metrics)

    def _ready(self) -> Response:
        workers = self._recorder.facts.workers()
        is_ready = workers["there"] >= workers["expected"] and bool(self._recorder.facts.actions())
        text = f"{workers['there']} of {workers['expected']} workers, {self._recorder.facts.current}\n"
        return Response(text, 200 if is_ready else 503, mimetype="text/plain")

    def _metrics(self) -> Response:
        if self._visitors.role() is None:
            return Problem(401, "Give the token that was printed at the start.").answer()
        return Response("\n".join([*_lines(self._recorder), ""]), mimetype=MIMETYPE)


def _lines(recorder: Recorder) -> Iterator[str]:
    run = recorder.facts
    runner, stats = run.runner, recorder.environment.stats
    yield "# TYPE swarm_users gauge"
    yield f"swarm_users {runner.user_count if runner else 0}"
    yield "# TYPE swarm_users_target gauge"
    yield f"swarm_users_target {runner.target_user_count if runner else 0}"
    yield "# TYPE swarm_workers gauge"
    yield f"swarm_workers {run.workers()['there']}"
    yield "# TYPE swarm_state gauge"
    yield f'swarm_state{{state="{run.current}"}} 1'
    entries = [entry for entry in list(stats.entries.values()) if not entry.is_empty][:NAMES]
    labels = [f'{{method="{_text(entry.method)}",name="{_text(entry.name)}"}}' for entry in entries]
    yield "# TYPE swarm_requests_total counter"
    yield from (
        f"swarm_requests_total{each} {e.num_requests}" for each, e in zip(labels, entries, strict=True)
    )
    yield "# TYPE swarm_failures_total counter"
    yield from (
        f"swarm_failures_total{each} {e.num_failures}" for each, e in zip(labels, entries, strict=True)
    )
    yield "# TYPE swarm_response_seconds_total counter"
    yield from (
        f"swarm_response_seconds_total{each} {e.total_us / 1e6:.6f}"
        for each, e in zip(labels, entries, strict=True)
    )
    yield "# TYPE swarm_generator_valid gauge"
    yield f"swarm_generator_valid {int(runner is None or runner.monitor.verdict().valid)}"


def _text(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
