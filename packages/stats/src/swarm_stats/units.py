"""Milliseconds at the surface, microseconds inside: how one becomes the other."""

from __future__ import annotations

import math

from swarm_stats.histogram import MAX_US


def to_us(response_time: float | None) -> int | None:
    """Return a response time (ms) in µs, None for None.

    Below 0 counts as 0, above `MAX_US` as that. Raises ValueError when it is infinite or not a number,
    TypeError when it is something else.
    """
    if response_time is None:
        return None
    if not math.isfinite(response_time):
        raise ValueError(f"a response time is a number of milliseconds or None, not {response_time}")
    return min(max(round(response_time * 1000), 0), MAX_US)


def round_ms(response_time: float) -> int:
    """Round ms as Locust does: to whole ms below 100, then to tens, hundreds, from 10,000 on to thousands."""
    if response_time < 100:
        return round(response_time)
    if response_time < 1000:
        return int(round(response_time, -1))
    if response_time < 10_000:
        return int(round(response_time, -2))
    return int(round(response_time, -3))
