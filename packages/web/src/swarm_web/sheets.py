"""Tables of what the API shows, as CSV: of a run that goes on, and of a recording, where there is nothing else.

Columns and units are API.md's: durations in ms, times in seconds since the epoch, rates a second.
"""

from __future__ import annotations

import csv
import time
from io import StringIO
from typing import TYPE_CHECKING, Any

from flask import Response

from swarm_web.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from swarm_web.source import Source

FAILURES = ("method", "name", "error", "occurrences", "first_seen", "last_seen", "node_count")
EXCEPTIONS = ("count", "msg", "traceback", "nodes", "first_seen", "last_seen")


def csv_answer(kind: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Return rows as a file to be downloaded, made in turns."""
    text, turns = StringIO(), Turns()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow(row)
        turns.give_way()
    response = Response(text.getvalue().encode(errors="replace"), mimetype="text/csv")
    name = f"{kind}_{time.strftime('%Y-%m-%d_%H-%M-%S', time.gmtime())}.csv"
    response.headers["Content-Disposition"] = f"attachment;filename={name}"
    return response


def sheet(source: Source, kind: str) -> Response:
    """Return one of SHEETS as a file."""
    return csv_answer(kind, *SHEETS[kind](source))


Table = tuple["Sequence[str]", "Iterable[Sequence[Any]]"]


def _columnar(columns: Mapping[str, Sequence[Any]]) -> Table:
    return list(columns), zip(*columns.values(), strict=True)


def _rows(keys: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Table:
    return keys, [[_cell(row.get(key)) for key in keys] for row in rows]


def _cell(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


SHEETS: Mapping[str, Callable[[Source], Table]] = {
    "history": lambda source: _columnar(source.snapshot()["history"]),
    "names": lambda source: _columnar(source.snapshot()["names"]),
    "workers": lambda source: _columnar(source.snapshot()["workers"]),
    "failures": lambda source: _rows(FAILURES, source.error_document()["failures"]),
    "exceptions": lambda source: _rows(EXCEPTIONS, source.error_document()["exceptions"]),
}
"""What there is: the whole run over time, names, workers, and what failed."""
