"""The text that a run ends with, as wide as the terminal or, in a file, as its names need."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from swarm import stats as settings
from swarm_stats.reports.lines import lines, summary
from swarm_stats.reports.table import requests_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swarm.control.generator import Verdict
    from swarm_stats.reports import Statistics
    from swarm_stats.reports.table import Table
    from swarm_stats.snapshot import Snapshot

ROWS_WHILE_RUNNING = 50
"""Names in a table that is printed again and again; the summary lists them all."""
FILE_COLUMNS = 160
"""Columns of a table that is not written to a terminal, unless its names are shorter."""


def summary_text(snapshot: Snapshot, verdict: Verdict, problems: Sequence[str]) -> str:
    """Return the final tables and, below, what a reader must know: the verdict, outputs that failed."""
    remarks = [*invalid_remarks(verdict), *problems]
    width = _width(lines(requests_table(snapshot, current=False)), _columns())
    return "\n".join(summary(snapshot, settings.PERCENTILES_TO_REPORT, width, remarks)) + "\n"


def invalid_remarks(verdict: Verdict) -> list[str]:
    """Return the paragraph that calls a run INVALID, none for a valid one."""
    if verdict.valid:
        return []
    reasons = "".join(f"\n  - {reason}" for reason in verdict.reasons)
    return [
        "INVALID: the load generator was the bottleneck; these may be its figures, not the target's:"
        + reasons
    ]


def table_text(statistics: Statistics) -> str:
    """Return the table of a run that goes on, as plain lines."""
    return "\n".join(fitting(requests_table(statistics, limit=ROWS_WHILE_RUNNING), _columns())) + "\n"


def fitting(table: Table, columns: int) -> list[str]:
    """Return the lines of a table, its names shortened when it is wider than that many columns."""
    natural = lines(table)
    return natural if _width(natural, columns) is None else lines(table, columns)


def _width(natural: Sequence[str], columns: int) -> int | None:
    return None if max(map(len, natural)) <= columns else columns


def _columns() -> int:
    return shutil.get_terminal_size().columns if sys.stderr.isatty() else FILE_COLUMNS
