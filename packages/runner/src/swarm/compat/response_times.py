"""Locust's functions on `response_times`, {ms: count}, for scripts that reckon with such dictionaries."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def calculate_response_time_percentile(
    response_times: Mapping[int, int], num_requests: int, percent: float
) -> int:
    """Return the response time (ms) that the fraction `percent` of `num_requests` requests do not exceed.

    Requests without a time are among `num_requests` and count as the fastest; 0 when there is no time at all.
    """
    allowed_above = num_requests - math.ceil(round(num_requests * percent, 6))
    above = 0
    for ms in sorted(response_times, reverse=True):
        above += response_times[ms]
        if above > allowed_above:
            return ms
    return min(response_times, default=0)


def diff_response_time_dicts(latest: Mapping[int, int], old: Mapping[int, int]) -> dict[int, int]:
    """Return what `latest` counts beyond `old`, an earlier state of it."""
    gained = {ms: count - old.get(ms, 0) for ms, count in latest.items()}
    return {ms: count for ms, count in gained.items() if count}


def avg(values: Sequence[float]) -> float:
    """Return the mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0
