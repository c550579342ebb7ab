"""Times as Locust's reports write them."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def format_utc_timestamp(unix_timestamp: float) -> str:
    """Return seconds since the epoch as UTC: 2026-11-24T17:56:05Z."""
    return datetime.fromtimestamp(int(unix_timestamp), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_safe_timestamp(unix_timestamp: float) -> str:
    """Return seconds since the epoch as local time that may stand in a file's name: 2026-11-24-17h56."""
    return datetime.fromtimestamp(int(unix_timestamp)).strftime("%Y-%m-%d-%Hh%M")


def format_duration(start_time: float, end_time: float) -> str:
    """Return the time between two timestamps (seconds) in words: "1 hour, 2 minutes and 5 seconds"."""
    left = int(max(end_time - start_time, 0))
    parts = []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    if not parts:
        return "0 seconds"
    return " and ".join([*([", ".join(parts[:-1])] if len(parts) > 1 else []), parts[-1]])


def proper_round(val: float, digits: int = 0) -> float:
    """Round as people do, halves away from zero: 0.5 to 1, 2.5 to 3, where Python's `round` goes to the even."""
    scale = 10.0**digits
    magnitude = int(abs(val) * scale + 0.5) / scale
    return -magnitude if val < 0 else magnitude
