"""The four CSV files as rows: Locust's columns, and at the end of a row the percentiles in µs as our own.

Times are ms. Percentiles and medians are whole ms (below 1 ms a decimal, never 0), N/A while there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from swarm_stats.reports import PERCENTILES, shown_entries, sorted_failures
from swarm_stats.reports.figures import percentile_column, readable_percentiles, whole_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from swarm_stats.entries import Entry
    from swarm_stats.reports import Statistics

Row: TypeAlias = list[str | int | float]

NOT_AVAILABLE = "N/A"

FAILURES_HEADER = ["Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"]
EXCEPTIONS_HEADER = ["Count", "Message", "Traceback", "Nodes"]


def stats_header(percentiles: Sequence[float] = PERCENTILES) -> list[str]:
    """Return the header of PREFIX_stats.csv; `percentiles` are fractions."""
    return [
        "Type",
        "Name",
        "Request Count",
        "Failure Count",
        "Median Response Time",
        "Average Response Time",
        "Min Response Time",
        "Max Response Time",
        "Average Content Size",
        "Requests/s",
        "Failures/s",
        *readable_percentiles(percentiles),
        *map(percentile_column, percentiles),
    ]


def stats_rows(statistics: Statistics, percentiles: Sequence[float] = PERCENTILES) -> list[Row]:
    """Return the rows of PREFIX_stats.csv, Aggregated last."""
    return [_stats_row(entry, percentiles) for entry in (*shown_entries(statistics), statistics.total)]


def history_header(percentiles: Sequence[float] = PERCENTILES) -> list[str]:
    """Return the header of PREFIX_stats_history.csv; `percentiles` are fractions."""
    return [
        "Timestamp",
        "User Count",
        "Type",
        "Name",
        "Requests/s",
        "Failures/s",
        *readable_percentiles(percentiles),
        "Total Request Count",
        "Total Failure Count",
        "Total Median Response Time",
        "Total Average Response Time",
        "Total Min Response Time",
        "Total Max Response Time",
        "Total Average Content Size",
        *map(percentile_column, percentiles),
    ]


def history_rows(
    statistics: Statistics,
    now: float,
    user_count: int,
    percentiles: Sequence[float] = PERCENTILES,
    *,
    full: bool = False,
) -> list[Row]:
    """Return what PREFIX_stats_history.csv gains `now` (seconds since the epoch).

    One row for the total, with `full` one for each entry before it. Rates and percentiles are those of late;
    entries have such percentiles only in a registry that was told to (`use_response_times_cache`).
    """
    entries = shown_entries(statistics) if full else []
    return [_history_row(entry, now, user_count, percentiles) for entry in (*entries, statistics.total)]


def failures_rows(statistics: Statistics) -> list[Row]:
    """Return the rows of PREFIX_failures.csv; first and last seen in seconds since the epoch."""
    return [
        [each.method, each.name, each.error, each.occurrences, each.first_seen, each.last_seen]
        for each in sorted_failures(statistics)
    ]


def exceptions_rows(exceptions: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the rows of PREFIX_exceptions.csv from dictionaries with count, msg, traceback and nodes."""
    return [
        [each["count"], each["msg"], each["traceback"], ", ".join(sorted(map(str, each["nodes"])))]
        for each in exceptions
    ]


def _stats_row(entry: Entry, percentiles: Sequence[float]) -> Row:
    known = entry.percentiles(percentiles) if entry.num_timed else None
    return [
        entry.method,
        entry.name,
        entry.num_requests,
        entry.num_failures,
        *_totals(entry),
        round(entry.total_rps, 6),
        round(entry.total_fail_per_sec, 6),
        *_in_ms(known, percentiles),
        *_in_us(known, percentiles),
    ]


def _history_row(entry: Entry, now: float, user_count: int, percentiles: Sequence[float]) -> Row:
    current = entry.current_percentiles(percentiles)
    return [
        int(now),
        user_count,
        entry.method,
        entry.name,
        round(entry.current_rps, 6),
        round(entry.current_fail_per_sec, 6),
        *_in_ms(current, percentiles),
        entry.num_requests,
        entry.num_failures,
        *_totals(entry),
        *_in_us(current, percentiles),
    ]


def _totals(entry: Entry) -> Row:
    """Median, average, minimum, maximum (ms), average content size (bytes)."""
    return [
        whole_ms(entry.median_response_time),
        round(entry.avg_response_time, 6),
        entry.min_response_time or 0,
        entry.max_response_time,
        round(entry.avg_content_length, 6),
    ]


def _in_ms(known: list[float] | None, percentiles: Sequence[float]) -> Row:
    if known is None:
        return [NOT_AVAILABLE] * len(percentiles)
    return [whole_ms(ms) for ms in known]


def _in_us(known: list[float] | None, percentiles: Sequence[float]) -> Row:
    if known is None:
        return [NOT_AVAILABLE] * len(percentiles)
    return [round(ms * 1000) for ms in known]
