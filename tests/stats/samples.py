"""Requests for the properties, and a clock that stands where it is put."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from swarm_stats import Registry
from swarm_stats.histogram import MAX_US

if TYPE_CHECKING:
    from collections.abc import Iterable

START = 1_700_000_000


class Clock:
    """Seconds since the epoch, at `now`."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Sample:
    method: str
    name: str
    service_us: int | None
    length: int
    now: float
    error: str | None
    from_intent_us: int | None


durations = st.one_of(
    st.integers(0, 300),
    st.integers(0, 100_000),
    st.integers(0, MAX_US),
)

samples = st.builds(
    Sample,
    method=st.sampled_from(["GET", "POST"]),
    name=st.sampled_from(["/", "/a", "/b"]),
    service_us=st.none() | durations,
    length=st.integers(0, 10_000),
    now=st.floats(START, START + 30),
    error=st.none() | st.sampled_from(["boom", "bang"]),
    from_intent_us=st.none() | durations,
)


def record(registry: Registry, what: Iterable[Sample]) -> Registry:
    for each in what:
        registry.record(
            each.method,
            each.name,
            each.service_us,
            each.length,
            each.now,
            each.error,
            each.from_intent_us,
        )
    return registry


def registry_of(what: Iterable[Sample], clock: Clock | None = None) -> Registry:
    return record(Registry(clock or Clock()), what)
