"""All of a run that the report embeds and a recording ends with, as plain values and bounded in size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm_stats import heat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from swarm_web.name_rows import NameRow
    from swarm_web.recorder import Recorder

SCHEMA = 1
HISTORY_ROWS = 1_440
HEAT_COLUMNS = 720
SPARK_POINTS = 60
NAMES = 5_000
"""Names that the report lists; of the rest their number."""
SPARKS = 1_000
"""Names that have a series in the report."""
ERRORS = 200
ERROR_TEXT = 1_000
SEPARATOR = "\x1f"


def run_data(recorder: Recorder) -> dict[str, Any]:
    """Return the report's payload; API.md has its shape."""
    snapshot = dict(recorder.snapshot())
    snapshot["history"] = recorder.history.rows.coarser(HISTORY_ROWS).columns()
    order, more = _most_used(snapshot["names"])
    snapshot["names"] = {
        column: [values[position] for position in order] for column, values in snapshot["names"].items()
    }
    snapshot["more_names"] = more
    by_number = {row.number: row for row in recorder.names}
    rows = [by_number[number] for number in snapshot["names"]["i"]]
    return {
        "schema": SCHEMA,
        "snapshot": snapshot,
        "heat": fewer_columns(recorder.heatmap(None, "") or {}),
        "names": sparks(rows[:SPARKS]),
        "errors": bounded_errors(recorder.errors.document(ERRORS)),
        "setup": recorder.setup(),
    }


def details(recorder: Recorder) -> dict[str, Any]:
    """Return what a recording ends with: everything that is asked for one by one while a run goes on."""
    keys = [("", None), *((str(row.entry.method), str(row.entry.name)) for row in recorder.names)]
    shown = {f"{method}{SEPARATOR}{name or 'Aggregated'}": (method, name) for method, name in keys}
    return {
        "series": {key: recorder.series(name, method) for key, (method, name) in shown.items()},
        "heatmaps": {key: recorder.heatmap(name, method) for key, (method, name) in shown.items()},
        "errors": recorder.error_document(),
        "logs": recorder.log_document(limit=2_000)["lines"],
        "setup": recorder.setup(),
    }


def sparks(rows: Sequence[NameRow]) -> dict[str, Any]:
    """Return the series of names on one grid of at most `SPARK_POINTS` times."""
    series = [row.series.columns(names=("rps", "p95")) for row in rows]
    times = [time for each in series for time in each["time"]]
    if not times:
        return {"step": 0, "time": [], "p95": [], "rps": []}
    first, last = min(times), max(times)
    finest = min((row.series.step for row in rows), default=10)
    step = finest * -(-(last - first + finest) // (SPARK_POINTS * finest))
    begin = first - first % step
    count = (last - begin) // step + 1
    grid: dict[str, Any] = {"step": step, "time": [begin + step * position for position in range(count)]}
    grid["p95"] = [_on_grid(each["time"], each["p95"], begin, step, count, max) for each in series]
    grid["rps"] = [_on_grid(each["time"], each["rps"], begin, step, count, _mean) for each in series]
    return grid


def fewer_columns(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Return a heat map of at most `HEAT_COLUMNS` columns."""
    times = drawn.get("time", [])
    if len(times) <= HEAT_COLUMNS:
        return dict(drawn)
    step = -(-(times[-1] - times[0] + drawn["step"]) // HEAT_COLUMNS)
    columns: dict[int, heat.Column] = {}
    for time, flat in zip(times, drawn["columns"], strict=True):
        column = columns.setdefault(time - time % step, {})
        for bucket, count in zip(flat[::2], flat[1::2], strict=True):
            column[bucket] = column.get(bucket, 0) + count
    return {
        **drawn,
        "step": step,
        "time": list(columns),
        "columns": [heat.flat(column) for column in columns.values()],
    }


def bounded_errors(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return errors without the length of their texts."""
    failures = [
        {**each, "error": each["error"][:ERROR_TEXT], "name": each["name"][:ERROR_TEXT]}
        for each in document["failures"][:ERRORS]
    ]
    exceptions = [
        {**each, "msg": each["msg"][:ERROR_TEXT], "traceback": each["traceback"][-4 * ERROR_TEXT :]}
        for each in document["exceptions"][:ERRORS]
    ]
    return {**document, "failures": failures, "exceptions": exceptions}


def _most_used(names: Mapping[str, Sequence[Any]]) -> tuple[list[int], int]:
    """The positions of the names to be listed, failing and frequent first, and how many are left out."""
    failures, requests = names["failures"], names["requests"]
    order = sorted(range(len(requests)), key=lambda each: (-failures[each], -requests[each]))
    return order[:NAMES], max(0, len(order) - NAMES)


def _on_grid(
    times: Sequence[int], values: Sequence[float | None], begin: int, step: int, count: int, fold: Any
) -> list[float | None]:
    cells: list[list[float]] = [[] for _ in range(count)]
    for time, value in zip(times, values, strict=True):
        if value is not None:
            cells[(time - begin) // step].append(value)
    return [_short(fold(cell)) if cell else None for cell in cells]


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known)


def _short(value: float) -> float:
    """Three digits are enough for a line of 60 points."""
    return float(f"{value:.3g}")
