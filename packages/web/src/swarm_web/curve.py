"""The whole distribution of response times as a curve: which time which part of the requests did not exceed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from swarm_stats.entries import Entry

FRACTIONS = (
    *(0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9),
    *(0.925, 0.95, 0.965, 0.975, 0.985, 0.99),
    *(0.9925, 0.995, 0.9965, 0.9975, 0.9985, 0.999),
    *(0.99925, 0.9995, 0.99965, 0.99975, 0.99985, 0.9999),
    *(0.99995, 0.99999, 0.999999, 1.0),
)
"""Evenly spread where a curve is drawn over 1 - fraction, on a logarithmic axis."""
SERVICE, INTENT = "service", "intent"
KINDS = (SERVICE, INTENT)
"""From when response times count: from when a request began, or from when it was meant to."""


def curve(entry: Entry, of: str) -> dict[str, Any]:
    """Return the percentiles (ms) of an entry's whole run; `of` is one of KINDS.

    A fraction that less than one request lies beyond is left out; 1.0, the longest time, is always there.
    """
    is_intent = of == INTENT and entry.late is not None
    histogram = entry.from_intent() if is_intent else entry.histogram
    count = histogram.count
    fractions = [each for each in FRACTIONS if each == 1 or each <= 1 - 1 / count] if count else []
    if not count:
        times: list[float] = []
    elif is_intent:
        times = [us / 1000 for us in histogram.percentiles(fractions)]
    else:
        times = entry.percentiles(fractions)
    return {"of": of, "count": count, "fractions": fractions, "ms": [round(ms, 3) for ms in times]}


def no_curve(of: str) -> dict[str, Any]:
    """Return the percentiles of nothing."""
    return {"of": of, "count": 0, "fractions": [], "ms": []}
