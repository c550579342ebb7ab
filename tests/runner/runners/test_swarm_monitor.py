"""The verdict on a generator that is spread over workers."""

from __future__ import annotations

from swarm import Environment
from swarm.control.messages import Heartbeat
from swarm.runners.swarm_monitor import SwarmMonitor


def beat(at: float, *, cpu: float = 10.0, lag: float = 0.0, state: str = "running") -> Heartbeat:
    return Heartbeat("", at, 1, state, {}, 0, 0, 0, 0, cpu_percent=cpu, lag_p99_ms=lag)


def monitor_with(*beats: tuple[str, Heartbeat]) -> SwarmMonitor:
    environment = Environment()
    for _ in range(10):
        environment.stats.log_request("GET", "/", 20, 0)
    monitor = SwarmMonitor(environment)
    for identity, each in beats:
        monitor.note(identity, each)
    return monitor


def test_idle_workers_are_no_bottleneck() -> None:
    verdict = monitor_with(("a", beat(0)), ("a", beat(10)), ("b", beat(0, cpu=30))).verdict()

    assert verdict.valid
    assert verdict.cpu_mean == (10 + 10 + 30) / 3


def test_one_full_core_is_named() -> None:
    verdict = monitor_with(("a", beat(0)), ("a", beat(6, cpu=97)), ("b", beat(6))).verdict()

    assert not verdict.valid
    assert "worker a used up to 97 %" in verdict.reasons[0]
    assert "--processes" in verdict.reasons[0]


def test_the_first_seconds_and_the_time_between_runs_do_not_count() -> None:
    verdict = monitor_with(
        ("a", beat(0, cpu=100)), ("a", beat(2, cpu=100)), ("a", beat(20, cpu=100, state="stopped"))
    ).verdict()

    assert verdict.valid


def test_a_loop_that_turns_late_is_named() -> None:
    verdict = monitor_with(("a", beat(0, lag=1)), ("b", beat(0, lag=30))).verdict()

    assert "the event loop of worker b was late by 30.0 ms" in verdict.reasons[0]
