"""What happened in each second, in a bounded amount of memory.

A per-second series is a plain dictionary {second since the epoch: count}. When it grows over its limit its
older part is folded: neighbouring seconds share one key, the first of theirs. The counts always add up to
all that was counted; what is lost is the resolution of what is long ago.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swarm_stats.entries import Entry

SERIES_SECONDS = 14_400
"""The longest per-second series: four hours of seconds, then it is folded."""

SERIES_CELLS = 600_000
"""How many seconds all entries of a registry hold together (some 60 bytes each), before they are folded."""

SERIES_MINIMUM = 64
"""The seconds that an entry holds at least, however many entries there are: enough for current rates."""

HISTORY_ROWS = 10_000
"""How many rows a history holds (14 hours at one each 5 s) before its older half is thinned out."""


def series_limit(entries: int) -> int:
    """Return how many seconds each of `entries` entries may hold."""
    return max(SERIES_MINIMUM, min(SERIES_SECONDS, SERIES_CELLS // max(entries, 1)))


def fold(series: dict[int, int], limit: int) -> None:
    """Bring `series` to at most three quarters of `limit` keys, in place.

    The newest half of `limit` stays as it is. Older seconds are summed over 2, 4, 8, … seconds, whatever it
    takes. Nothing happens when the series is within its limit.
    """
    if len(series) <= limit:
        return
    seconds = sorted(series)
    keep = limit // 2
    recent = {second: series[second] for second in seconds[-keep:]}
    older = {second: series[second] for second in seconds[:-keep]}
    width = 1
    while len(older) > limit // 4:
        width *= 2
        coarse: dict[int, int] = {}
        for second, n in older.items():
            start = second - second % width
            coarse[start] = coarse.get(start, 0) + n
        older = coarse
    series.clear()
    series.update(older)
    for second, n in recent.items():
        series[second] = series.get(second, 0) + n


def add_series(series: dict[int, int], other: Mapping[int, int], limit: int = SERIES_SECONDS) -> None:
    """Add the counts of `other` to `series`, and fold it when it grows over `limit`."""
    for second, n in other.items():
        series[second] = series.get(second, 0) + n
    fold(series, limit)


def current_rate(series: Mapping[int, int], start: float, now: float) -> float:
    """Return the events per second of late: the average of the ten seconds up to two seconds ago.

    The last two seconds are left out because they are incomplete (and in a swarm not reported yet). In the
    first three seconds after `start` it is the average since then.
    """
    end = int(now) - 2
    begin = max(end - 10, int(start))
    covered = end - max(begin, start)  # the run's first second is a part of one
    if covered < 1:
        elapsed = max(now - start, 1.0)
        return sum(n for second, n in series.items() if second >= int(start)) / elapsed
    return sum(series.get(second, 0) for second in range(begin, end)) / covered


def utc_text(timestamp: float) -> str:
    """Return seconds since the epoch as UTC in ISO 8601: 2026-11-24T17:56:05Z."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def history_row(
    total: Entry, now: float, user_count: int, percentiles: Sequence[float], window: int | None = None
) -> dict[str, Any]:
    """Return one row of a run's history: what the total is doing `now` (seconds since the epoch).

    `percentiles` are fractions; each gives a key response_time_percentile_X with the response time (ms) over
    the last `window` seconds (default: the registry's), 0 while there is none.
    """
    row: dict[str, Any] = {
        "time": utc_text(now),
        "user_count": user_count,
        "current_rps": total.current_rps,
        "current_fail_per_sec": total.current_fail_per_sec,
        "total_avg_response_time": total.avg_response_time,
    }
    current = total.current_percentiles(percentiles, window) or [0.0] * len(percentiles)
    for percentile, response_time in zip(percentiles, current, strict=True):
        row[f"response_time_percentile_{percentile}"] = response_time
    return row


def append_row(rows: list[dict[str, Any]], row: dict[str, Any], limit: int = HISTORY_ROWS) -> None:
    """Append `row`; at `limit` rows every second one of the older half goes."""
    rows.append(row)
    if len(rows) > limit:
        middle = len(rows) // 2
        del rows[1:middle:2]
