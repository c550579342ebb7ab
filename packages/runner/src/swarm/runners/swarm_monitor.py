"""Watches the generator where it is spread over workers: the busiest of them, and the one whose loop turns latest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from swarm.control.generator import CPU_LIMIT, CPU_WINDOW_S, LAG_FLOOR_US, LAG_SHARE, Verdict
from swarm.runners.monitor import GeneratorMonitor

if TYPE_CHECKING:
    from swarm.control.messages import Heartbeat
    from swarm.environment import Environment


@dataclass(slots=True)
class _Peak:
    since: float
    cpu_max: float = 0.0
    cpu_sum: float = 0.0
    beats: int = 0
    lag_p99_ms: float = 0.0


class SwarmMonitor(GeneratorMonitor):
    """Judges the workers by their heartbeats; the master's own core measures nothing that a run reports."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._peaks: dict[str, _Peak] = {}

    def begin(self) -> None:
        """Forget an earlier run and sample from now on."""
        self._peaks = {}
        super().begin()

    def note(self, identity: str, beat: Heartbeat) -> None:
        """Take in a worker's heartbeat."""
        if not beat.run or beat.state not in ("spawning", "running", "paused"):
            return
        peak = self._peaks.setdefault(identity, _Peak(beat.sent_at))
        if beat.sent_at - peak.since >= CPU_WINDOW_S:
            peak.cpu_max = max(peak.cpu_max, beat.cpu_percent)
        peak.cpu_sum += beat.cpu_percent
        peak.beats += 1
        peak.lag_p99_ms = beat.lag_p99_ms

    def verdict(self) -> Verdict:
        """Return whether a worker was the bottleneck, as far as the run has come."""
        peaks = self._peaks
        total = self._environment.stats.total
        p99_ms = total.get_response_time_percentile(0.99) if total.num_requests else None
        reasons: list[str] = []
        busy = {identity: peak for identity, peak in peaks.items() if peak.cpu_max > CPU_LIMIT}
        if busy:
            identity, peak = max(busy.items(), key=lambda item: item[1].cpu_max)
            others = f" and {len(busy) - 1} more workers" if len(busy) > 1 else ""
            reasons.append(
                f"worker {identity}{others} used up to {peak.cpu_max:.0f} % of its core (limit {CPU_LIMIT:.0f} "
                "%): use more workers (--processes), fewer users or longer waits"
            )
        late = {
            identity: peak
            for identity, peak in peaks.items()
            if p99_ms is not None and peak.lag_p99_ms > max(LAG_FLOOR_US / 1000, LAG_SHARE * p99_ms)
        }
        if late and p99_ms is not None:
            identity, peak = max(late.items(), key=lambda item: item[1].lag_p99_ms)
            reasons.append(
                f"the event loop of worker {identity} was late by {peak.lag_p99_ms:.1f} ms at p99, against "
                f"response times of {p99_ms:.1f} ms: a task computes or blocks without giving way"
            )
        beats = sum(peak.beats for peak in peaks.values())
        mean = sum(peak.cpu_sum for peak in peaks.values()) / beats if beats else 0.0
        return Verdict(
            cpu_max=max((peak.cpu_max for peak in peaks.values()), default=0.0) or mean,
            cpu_mean=mean,
            lag_p99_ms=max((peak.lag_p99_ms for peak in peaks.values()), default=0.0),
            lag_max_ms=self.health.lag_max_us / 1000,
            reasons=tuple(reasons),
        )
