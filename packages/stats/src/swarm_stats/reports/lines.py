"""Tables drawn as plain lines, and the final summary that is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm_stats.reports import PERCENTILES
from swarm_stats.reports.table import (
    Table,
    error_table,
    exception_table,
    notes,
    percentile_table,
    requests_table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swarm_stats.reports.table import Column
    from swarm_stats.snapshot import Snapshot

NARROWEST_NAME = 16
"""Characters that a name keeps, however narrow the terminal."""


def lines(table: Table, width: int | None = None, columns: Mapping[str, int] | None = None) -> list[str]:
    """Draw a table `width` characters wide (None: as wide as its names need), with a rule round the rows.

    `columns` sets the width of some of them, by title. Names that do not fit are shortened in their middle;
    nothing else is.
    """
    widths = _widths(table, width)
    for index, column in enumerate(table.columns):
        fixed = (columns or {}).get(column.title)
        if fixed is not None:
            widths[index] = fixed if column.flexible else max(fixed, widths[index])
    rule = _rule(table.columns, widths)
    drawn = [table.title] if table.title else []
    drawn.append(_line(table.columns, widths, tuple(column.title for column in table.columns)))
    drawn.append(rule)
    drawn += [_line(table.columns, widths, row) for row in table.rows]
    if table.rows or table.totals:
        drawn.append(rule)
    drawn += [_line(table.columns, widths, row) for row in table.totals]
    return drawn


def summary(
    snapshot: Snapshot,
    percentiles: Sequence[float] = PERCENTILES,
    width: int | None = None,
    remarks: Sequence[str] = (),
) -> list[str]:
    """Return the final summary: requests, percentiles, errors, exceptions, notes, and then `remarks`.

    `remarks` are the caller's (that the run is INVALID, which samples are missing), a paragraph each.
    """
    tables = [requests_table(snapshot, current=False)]
    if snapshot.total.num_timed:
        tables.append(percentile_table(snapshot, percentiles))
    if snapshot.errors:
        tables.append(error_table(snapshot))
    if snapshot.exceptions:
        tables.append(exception_table(snapshot.exceptions))
    drawn: list[str] = []
    for table in tables:
        drawn += [*lines(table, width), ""]
    for remark in (*notes(snapshot), *remarks):
        drawn += [remark, ""]
    return drawn


def _widths(table: Table, width: int | None) -> list[int]:
    cells = [tuple(column.title for column in table.columns), *table.rows, *table.totals]
    widths = [max(len(row[index]) for row in cells) for index in range(len(table.columns))]
    flexible = next((index for index, column in enumerate(table.columns) if column.flexible), None)
    if flexible is not None and width is not None:
        others = len(_rule(table.columns, widths)) - widths[flexible]
        widths[flexible] = max(width - others, NARROWEST_NAME)
    return widths


def _rule(columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts = [
        ("-|-" if column.rule else "-|" if index else "") + "-" * width
        for index, (column, width) in enumerate(zip(columns, widths, strict=True))
    ]
    return "".join(parts)


def _line(columns: Sequence[Column], widths: Sequence[int], row: Sequence[str]) -> str:
    parts = []
    for index, (column, width, cell) in enumerate(zip(columns, widths, row, strict=True)):
        before = " | " if column.rule else "  " if index else ""
        shown = _shorten(cell, width) if column.flexible else cell
        parts.append(before + (shown.rjust(width) if column.number else shown.ljust(width)))
    return "".join(parts).rstrip()


def _shorten(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    head = (width - 3) // 2
    return f"{text[:head]}...{text[head + 3 - width :]}"
