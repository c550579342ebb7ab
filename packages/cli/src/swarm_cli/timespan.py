"""Durations as people write them: 300s, 20m, 3h, 1h30m, or plain seconds."""

from __future__ import annotations

import re

_PARTS = re.compile(r"^(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s?)?$")


def parse_timespan(time_str: str) -> int:
    """Return the seconds that `time_str` names.

    Raises ValueError when it is none of 300s, 20m, 3h, 1h30m or a whole number of seconds.
    """
    text = time_str.strip().replace(" ", "").lower()
    match = _PARTS.match(text)
    if not text or match is None:
        raise ValueError(f"{time_str!r} is no duration: write 300s, 20m, 3h, 1h30m, or seconds")
    parts = {unit: int(number) for unit, number in match.groupdict(default="0").items()}
    return parts["hours"] * 3600 + parts["minutes"] * 60 + parts["seconds"]


def format_timespan(seconds: float) -> str:
    """Return `seconds` as it would be typed: 45s, 5m, 1h30m, 1h0m5s."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours}h" + (f"{minutes}m" if minutes or rest else "") + (f"{rest}s" if rest else "")
    if minutes:
        return f"{minutes}m" + (f"{rest}s" if rest else "")
    return f"{rest}s"
