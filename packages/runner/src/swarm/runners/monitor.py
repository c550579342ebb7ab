"""Watches the generator itself while a run lasts: how late the event loop turns, how busy its core is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gevent

from swarm import runners
from swarm.control.generator import CPU_LIMIT, GeneratorHealth, Verdict
from swarm.log import get_logger

if TYPE_CHECKING:
    from swarm.environment import Environment

log = get_logger(__name__)

LAG_INTERVAL_S = 0.02
CPU_INTERVAL_S = 1.0


class GeneratorMonitor:
    """Samples the process from `begin` to `end`, and says so at once when it has become the bottleneck."""

    def __init__(self, environment: Environment) -> None:
        self.health = GeneratorHealth()
        self.cpu_warned = False
        self._environment = environment
        self._greenlets: list[gevent.Greenlet[[], None]] = []

    @property
    def cpu_usage(self) -> float:
        """Percent of one core over the last seconds."""
        return self.health.cpu_now

    def begin(self) -> None:
        """Forget an earlier run and sample from now on."""
        self.end()
        self.health = GeneratorHealth()
        self.cpu_warned = False
        self._greenlets = [gevent.spawn(self._sample_lag), gevent.spawn(self._sample_cpu)]

    def end(self) -> None:
        """Stop sampling; what was sampled stays."""
        gevent.killall(self._greenlets, block=False)
        self._greenlets = []

    def verdict(self) -> Verdict:
        """Return whether the generator was the bottleneck, as far as the run has come."""
        total = self._environment.stats.total
        p99_ms = total.get_response_time_percentile(0.99) if total.num_requests else None
        return self.health.verdict(p99_ms * 1000 if p99_ms else None)

    def _sample_lag(self) -> None:
        health, clock = self.health, time.perf_counter
        while True:
            due = clock() + LAG_INTERVAL_S
            gevent.sleep(LAG_INTERVAL_S)
            health.record_lag(int((clock() - due) * 1e6))

    def _sample_cpu(self) -> None:
        cpu, wall = time.process_time(), time.perf_counter()
        next_event = wall + runners.CPU_MONITOR_INTERVAL
        lag_warned = False
        while True:
            gevent.sleep(CPU_INTERVAL_S)
            cpu_before, wall_before = cpu, wall
            cpu, wall = time.process_time(), time.perf_counter()
            self.health.record_cpu(cpu - cpu_before, wall - wall_before)
            verdict = self.verdict()
            self._warn_of_cpu()
            if not lag_warned and any("late" in reason for reason in verdict.reasons):
                lag_warned = True
                log.warning(
                    "the generator's event loop turns late; the numbers are doubtful",
                    p99_ms=round(verdict.lag_p99_ms, 1),
                )
            if wall >= next_event:
                next_event = wall + runners.CPU_MONITOR_INTERVAL
                self._environment.events.usage_monitor.fire(
                    environment=self._environment, cpu_usage=self.cpu_usage, memory_usage=memory_bytes()
                )

    def _warn_of_cpu(self) -> None:
        limit = min(CPU_LIMIT, runners.CPU_WARNING_THRESHOLD)
        if self.cpu_warned or self.health.cpu_max <= limit:
            return
        self.cpu_warned = True
        log.warning(
            "the generator uses its whole core; the numbers are doubtful: spread it over cores with --processes, "
            "or use fewer users or longer waits",
            cpu_percent=round(self.health.cpu_max),
        )
        self._environment.events.cpu_warning.fire(
            environment=self._environment, cpu_usage=self.health.cpu_max
        )


def memory_bytes() -> int:
    """Return the resident memory of this process."""
    import psutil

    return int(psutil.Process().memory_info().rss)
