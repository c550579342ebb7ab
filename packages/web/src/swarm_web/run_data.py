"""All of a run that the report embeds and a recording ends with, as plain values and bounded in size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm_stats import heat
from swarm_web.curve import INTENT, KINDS, SERVICE
from swarm_web.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from swarm_stats.timeline import Timeline
    from swarm_web.recorder import Recorder
    from swarm_web.source import Source

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
TOTAL = f"{SEPARATOR}Aggregated"
NOTHING: dict[str, Any] = {"step": 10, "time": [], "rps": [], "p95": []}


def run_data(source: Source, snapshot: Mapping[str, Any], history: Timeline) -> dict[str, Any]:
    """Return the report's payload, of `snapshot` with this `history`; API.md has its shape.

    It is made in turns, beside a run that may go on.
    """
    turns = Turns()
    names, is_late = snapshot["names"], bool(snapshot["run"].get("late"))
    order, more = _most_used(names)
    listed = {column: [values[position] for position in order] for column, values in names.items()}
    series = []
    for method, name in zip(listed["method"][:SPARKS], listed["name"][:SPARKS], strict=True):
        series.append(source.series(name, method, metrics=["rps", "p95"]) or NOTHING)
        turns.give_way()
    return {
        "schema": SCHEMA,
        "snapshot": {
            **snapshot,
            "history": history.coarser(HISTORY_ROWS, turns.give_way).columns(),
            "names": listed,
            "more_names": more,
        },
        "heat": fewer_columns(source.heatmap(None, "") or {}, turns),
        "heat_intent": fewer_columns(source.heatmap(None, "", of=INTENT) or {}, turns) if is_late else None,
        "percentiles": {
            SERVICE: source.percentiles(None, ""),
            INTENT: source.percentiles(None, "", INTENT) if is_late else None,
        },
        "names": sparks(series, turns),
        "errors": bounded_errors(source.error_document()),
        "setup": source.setup(),
    }


def details(recorder: Recorder) -> dict[str, Any]:
    """Return what a recording ends with: everything that is asked for one by one while a run goes on."""
    names = [(str(row.entry.method), str(row.entry.name)) for row in recorder.names]
    shown = {TOTAL: ("", None), **{f"{method}{SEPARATOR}{name}": (method, name) for method, name in names}}
    late = {key: chosen for key, chosen in shown.items() if recorder.is_late(*chosen)}
    return {
        "series": {key: recorder.series(name, method) for key, (method, name) in shown.items()},
        "heatmaps": {key: recorder.heatmap(name, method) for key, (method, name) in shown.items()},
        "heatmaps_intent": {
            key: recorder.heatmap(name, method, of=INTENT) for key, (method, name) in late.items()
        },
        "percentiles": {
            key: {of: recorder.percentiles(name, method, of) for of in (KINDS if key in late else (SERVICE,))}
            for key, (method, name) in shown.items()
        },
        "errors": recorder.error_document(),
        "logs": recorder.log_document(limit=2_000)["lines"],
        "setup": recorder.setup(),
    }


def sparks(series: Sequence[Mapping[str, Any]], turns: Turns | None = None) -> dict[str, Any]:
    """Return the series of names on one grid of at most `SPARK_POINTS` times."""
    turns = turns or Turns()
    times = [each["time"] for each in series if each["time"]]
    if not times:
        return {"step": 0, "time": [], "p95": [], "rps": []}
    first, last = min(each[0] for each in times), max(each[-1] for each in times)
    finest = min(each["step"] for each in series)
    step = finest * -(-(last - first + finest) // (SPARK_POINTS * finest))
    begin = first - first % step
    count = (last - begin) // step + 1
    grid: dict[str, Any] = {"step": step, "time": [begin + step * position for position in range(count)]}
    grid["p95"], grid["rps"] = [], []
    for each in series:
        grid["p95"].append(_on_grid(each["time"], each["p95"], begin, step, count, max))
        grid["rps"].append(_on_grid(each["time"], each["rps"], begin, step, count, _mean))
        turns.give_way()
    return grid


def fewer_columns(drawn: Mapping[str, Any], turns: Turns | None = None) -> dict[str, Any]:
    """Return a heat map of at most `HEAT_COLUMNS` columns."""
    times = drawn.get("time", [])
    if len(times) <= HEAT_COLUMNS:
        return dict(drawn)
    step = -(-(times[-1] - times[0] + drawn["step"]) // HEAT_COLUMNS)
    turns = turns or Turns()
    columns: dict[int, heat.Column] = {}
    for time, flat in zip(times, drawn["columns"], strict=True):
        column = columns.setdefault(time - time % step, {})
        for bucket, count in zip(flat[::2], flat[1::2], strict=True):
            column[bucket] = column.get(bucket, 0) + count
        turns.give_way()
    flat = []
    for column in columns.values():
        flat.append(heat.flat(column))
        turns.give_way()
    # A column that is longer than that already stays as long as it is.
    lengths: dict[int, int] = {}
    for begun, length in drawn.get("steps", []):
        lengths[begun - begun % step] = max(step, length)
    steps = [list(each) for each in lengths.items()] or [[next(iter(columns)), step]]
    return {**drawn, "step": step, "steps": steps, "time": list(columns), "columns": flat}


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
    cut = document["failures"][ERRORS:]
    more = {
        "kinds": document["more"]["kinds"] + len(cut),
        "occurrences": document["more"]["occurrences"] + sum(each["occurrences"] for each in cut),
    }
    return {**document, "failures": failures, "exceptions": exceptions, "more": more}


def _most_used(names: Mapping[str, Sequence[Any]]) -> tuple[list[int], int]:
    """The positions of the names to be listed, failing and frequent first, and how many are left out."""
    failures, requests = names["failures"], names["requests"]
    order = sorted(range(len(requests)), key=lambda each: (-failures[each], -requests[each]))
    return order[:NAMES], max(0, len(order) - NAMES)


def _on_grid(
    times: Sequence[int], values: Sequence[float | None], begin: int, step: int, count: int, fold: Any
) -> list[float | None]:
    cells: dict[int, list[float]] = {}
    for time, value in zip(times, values, strict=True):
        if value is not None:
            cells.setdefault((time - begin) // step, []).append(value)
    row: list[float | None] = [None] * count
    for position, cell in cells.items():
        row[position] = _short(fold(cell))
    return row


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known)


def _short(value: float) -> float:
    """Three digits are enough for a line of 60 points."""
    return float(f"{value:.3g}")
