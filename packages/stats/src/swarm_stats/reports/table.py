"""Tables as data: columns and rows of text, to be drawn as lines (`lines`) or by a terminal library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from swarm_stats.reports import PERCENTILES, shown_entries, sorted_failures
from swarm_stats.reports.figures import ms_text, readable_percentiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from swarm_stats.entries import Entry
    from swarm_stats.reports import Statistics


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, whether it holds numbers (set to the right), whether a rule stands before it.

    A `flexible` column takes the width that the others leave.
    """

    title: str
    number: bool = False
    rule: bool = False
    flexible: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its title, columns, rows, and rows of totals below a rule."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[tuple[str, ...], ...] = ()


_REQUEST_COLUMNS = (
    Column("Type"),
    Column("Name", flexible=True),
    Column("# reqs", number=True),
    Column("# fails", number=True),
    Column("Avg", number=True, rule=True),
    Column("Min", number=True),
    Column("Max", number=True),
    Column("Med", number=True),
    Column("req/s", number=True, rule=True),
    Column("failures/s", number=True),
)


def requests_table(statistics: Statistics, *, current: bool = True, limit: int | None = None) -> Table:
    """Return requests, failures, times (ms) and rates of each entry, Aggregated last.

    `current` gives the rates of late, otherwise those of the whole run. With `limit` only the entries with
    the most requests are listed, and a row says how many are left out.
    """
    entries = shown_entries(statistics)
    left_out: tuple[tuple[str, ...], ...] = ()
    if limit is not None and len(entries) > limit:
        most = sorted(entries, key=lambda entry: entry.num_requests, reverse=True)[:limit]
        kept = {id(entry) for entry in most}
        row = ("", f"+{len(entries) - limit:,} more names", *[""] * (len(_REQUEST_COLUMNS) - 2))
        left_out = (row,)
        entries = [entry for entry in entries if id(entry) in kept]
    rows = tuple(request_row(entry, current) for entry in entries)
    return Table("", _REQUEST_COLUMNS, rows + left_out, (request_row(statistics.total, current),))


def percentile_table(statistics: Statistics, percentiles: Sequence[float] = PERCENTILES) -> Table:
    """Return the response times (ms) of each entry at `percentiles` (fractions), Aggregated last."""
    columns = (
        Column("Type"),
        Column("Name", flexible=True),
        *(Column(label, number=True) for label in readable_percentiles(percentiles)),
        Column("# reqs", number=True),
    )
    timed = [entry for entry in shown_entries(statistics) if entry.num_timed]
    rows = tuple(percentile_row(entry, percentiles) for entry in timed)
    return Table(
        "Response time percentiles (ms)", columns, rows, (percentile_row(statistics.total, percentiles),)
    )


def error_table(statistics: Statistics) -> Table:
    """Return what failed and how often, the most frequent first."""
    failures = sorted(sorted_failures(statistics), key=lambda failure: -failure.occurrences)
    rows = tuple((str(each.occurrences), _one_line(each.to_name())) for each in failures)
    return Table("Error report", (Column("# occurrences"), Column("Error")), rows)


def exception_table(exceptions: Iterable[Mapping[str, Any]]) -> Table:
    """Return which exceptions users' code raised and how often, the most frequent first."""
    ordered = sorted(exceptions, key=lambda row: (-int(row["count"]), str(row["msg"])))
    rows = tuple((str(each["count"]), _one_line(_headline(each))) for each in ordered)
    return Table("Exceptions in the test's own code", (Column("# occurrences"), Column("Exception")), rows)


def notes(statistics: Statistics) -> list[str]:
    """Return what a reader of the figures must know besides: requests cut off, names put together."""
    found = []
    if statistics.names_full:
        found.append(
            f"There were more than {statistics.max_names:,} names; requests of further names stand under "
            "(other). Give requests that differ only in an id one name= to keep them apart from others."
        )
    interrupted = statistics.total.num_interrupted
    if interrupted:
        requests, were = ("request", "was") if interrupted == 1 else ("requests", "were")
        found.append(f"{interrupted:,} {requests} {were} cut off at the stop and not counted.")
    return found


def request_row(entry: Entry, current: bool) -> tuple[str, ...]:
    """Return the cells of an entry in the table of requests."""
    rps = entry.current_rps if current else entry.total_rps
    failures = entry.current_fail_per_sec if current else entry.total_fail_per_sec
    times = (
        entry.avg_response_time,
        entry.min_response_time,
        entry.max_response_time,
        entry.median_response_time,
    )
    return (
        str(entry.method),
        str(entry.name),
        str(entry.num_requests),
        f"{entry.num_failures}({entry.fail_ratio:.2%})",
        *(ms_text(ms if entry.num_timed else None) for ms in times),
        f"{rps:.2f}",
        f"{failures:.2f}",
    )


def percentile_row(entry: Entry, percentiles: Sequence[float]) -> tuple[str, ...]:
    """Return the cells of an entry in the table of percentiles."""
    times = map(ms_text, entry.percentiles(percentiles))
    return (str(entry.method), str(entry.name), *times, str(entry.num_requests))


def _headline(row: Mapping[str, Any]) -> str:
    """The last line of a traceback names the exception; the message alone may be empty."""
    last = str(row["traceback"]).strip().rpartition("\n")[2]
    return last or str(row["msg"])


def _one_line(text: str) -> str:
    return " ".join(text.split())
