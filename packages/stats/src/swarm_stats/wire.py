"""An entry as plain values (numbers, text, lists, dictionaries), and back, without loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm_stats.counts import NEVER
from swarm_stats.histogram import Histogram
from swarm_stats.units import to_us

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swarm_stats.entries import Entry


def facts(entry: Entry) -> dict[str, Any]:
    """Return what was counted, under the keys of Locust's JSON; times in ms."""
    return {
        "name": entry.name,
        "method": entry.method,
        "last_request_timestamp": entry.last_request_timestamp,
        "start_time": entry.start_time,
        "num_requests": entry.num_requests,
        "num_none_requests": entry.num_none_requests,
        "num_failures": entry.num_failures,
        "total_response_time": entry.total_response_time,
        "max_response_time": entry.max_response_time,
        "min_response_time": entry.min_response_time,
        "total_content_length": entry.total_content_length,
        "response_times": entry.response_times,
        "num_reqs_per_sec": dict(entry.num_reqs_per_sec),
        "num_fail_per_sec": dict(entry.num_fail_per_sec),
    }


def pack(entry: Entry) -> dict[str, Any]:
    """Return everything: Locust's keys, and keys of our own for what those round off."""
    return {
        **facts(entry),
        "num_interrupted": entry.num_interrupted,
        "total_us": entry.total_us,
        "min_us": None if entry.min_us == NEVER else entry.min_us,
        "max_us": entry.max_us,
        "histogram": entry.histogram.to_sparse(),
        "late": None if entry.late is None else entry.late.to_sparse(),
        "late_service": None if entry.late_service is None else entry.late_service.to_sparse(),
    }


def unpack(entry: Entry, data: Mapping[str, Any]) -> None:
    """Fill an empty entry with what `pack` gave, or with a dictionary of Locust's keys alone.

    Raises KeyError when one of Locust's keys is missing.
    """
    entry.start_time = data["start_time"]
    entry.last_request_timestamp = data["last_request_timestamp"]
    entry.num_requests = data["num_requests"]
    entry.num_none_requests = data["num_none_requests"]
    entry.num_failures = data["num_failures"]
    entry.total_content_length = data["total_content_length"]
    entry.num_reqs_per_sec = {int(second): n for second, n in data["num_reqs_per_sec"].items()}
    entry.num_fail_per_sec = {int(second): n for second, n in data["num_fail_per_sec"].items()}
    if "histogram" in data:
        entry.num_interrupted = data["num_interrupted"]
        entry.total_us, entry.max_us = data["total_us"], data["max_us"]
        entry.min_us = NEVER if data["min_us"] is None else data["min_us"]
        entry.histogram = Histogram.from_sparse(data["histogram"])
        if data["late"] is not None:
            entry.late = Histogram.from_sparse(data["late"])
            entry.late_service = Histogram.from_sparse(data["late_service"])
        return
    entry.total_us = to_us(data["total_response_time"]) or 0
    entry.max_us = to_us(data["max_response_time"]) or 0
    shortest = to_us(data["min_response_time"])
    entry.min_us = NEVER if shortest is None else shortest
    for ms, n in data["response_times"].items():
        entry.histogram.add(round(float(ms) * 1000), n)
