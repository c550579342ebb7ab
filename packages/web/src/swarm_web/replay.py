"""A recorded run, served as if it went on: at once as it ended, or second by second."""

from __future__ import annotations

import gzip
import json
from typing import IO, TYPE_CHECKING, Any

import gevent

from swarm.exceptions import SwarmError
from swarm_stats import heat
from swarm_stats.timeline import Timeline
from swarm_web.answers import Problem
from swarm_web.curve import INTENT, SERVICE, no_curve
from swarm_web.documents import OncePerFrame
from swarm_web.history import COLUMNS, drawing
from swarm_web.name_rows import LATE_COLUMNS
from swarm_web.run_data import SEPARATOR, TOTAL
from swarm_web.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from swarm_web.turns import Turns

EVENTS = 1_000
SERIES = ("rps", "fps", "p50", "p95", "p99", "avg")
"""Columns of a name's series."""
PAUSE_S = 5.0
"""A gap in the recording is shortened to this."""


class ReplaySource:
    """The run in a recording. `speed` is how many times as fast it is played; None shows its end at once.

    Raises SwarmError when the file is no recording.
    """

    def __init__(self, path: Path, speed: float | None = None) -> None:
        self.stream = Stream(lambda: self.full.get().plain)
        self.full = OncePerFrame(self.stream, self.snapshot)
        self.failed = OncePerFrame(self.stream, self.error_document)
        self.history = Timeline(COLUMNS)
        self.heat = heat.HeatMap(heat.SECONDS)
        self.heat_intent: heat.HeatMap | None = None
        self.state: dict[str, Any] = {}
        self._details: dict[str, Any] = {}
        self._names: dict[int, int] = {}  # where each row is
        self._speed = speed
        self._lines = list(read(path))
        if not any(line["event"] == "full" for line in self._lines):
            raise SwarmError(f"The recording {path} holds no run.")
        for line in self._lines:
            if line["event"] == "details":
                self._details = line["data"]
        if speed is None:
            for line in self._lines:
                self._apply(line)
            self._lines = []
        else:
            while not self.state:
                self._apply(self._lines.pop(0))

    def play(self) -> None:
        """Play what is left of the recording, at its speed."""
        clock = self.state["time"]
        while self._lines:
            line = self._lines.pop(0)
            at = line["data"].get("time", clock)
            gevent.sleep(min(max(0.0, at - clock), PAUSE_S) / (self._speed or 1.0))
            clock = at
            self._apply(line)
            if line["event"] == "frame":
                changes = {**line["data"], "run": self.state["run"], "id": self.stream.next_identity()}
                self.stream.publish("frame", changes)
            elif line["event"] == "full":
                self.stream.begin_epoch()
                self.stream.publish("frame", {"id": self.stream.next_identity(), "time": at})

    def snapshot(self, _turns: Turns | None = None) -> dict[str, Any]:
        """Return everything that the page shows at once."""
        return {**self.state, "id": self.stream.identity, "history": self.history.columns()}

    def series(
        self,
        name: str | None,
        method: str,
        begin: float | None = None,
        end: float | None = None,
        metrics: list[str] | None = None,
        step: int = 0,  # noqa: ARG002  a recording has one step
    ) -> dict[str, Any] | None:
        """Return the series of a name, or of the whole run; None for a name that is not there."""
        if name is None:
            table = self.history.columns(begin, end, metrics)
            return {"method": "", "name": "Aggregated", "step": self.history.step, **table}
        known = self._details.get("series", {}).get(f"{method}{SEPARATOR}{name}")
        if known is None:
            return self._empty(method, name, {"step": 10, **{column: [] for column in ("time", *SERIES)}})
        columns = {key: value for key, value in known.items() if isinstance(value, list)}
        kept = _within(columns["time"], begin, end)
        return {key: value for key, value in known.items() if key not in columns} | {
            key: [values[position] for position in kept]
            for key, values in columns.items()
            if metrics is None or key == "time" or key in metrics
        }

    def heatmap(
        self,
        name: str | None,
        method: str,
        begin: float | None = None,
        end: float | None = None,
        of: str = SERVICE,
    ) -> dict[str, Any] | None:
        """Return the heat map of a name, or of the whole run; None for a name that is not there."""
        bounds = heat.bounds_ms()
        key = TOTAL if name is None else f"{method}{SEPARATOR}{name}"
        known = self._details.get("heatmaps", {}).get(key)
        if of == INTENT:  # it has those of the names that have requests which began late
            known = self._details.get("heatmaps_intent", {}).get(key, known)
        if name is None and (known is None or self._lines):
            drawn = self.heat_intent if of == INTENT and self.heat_intent is not None else self.heat
            return {"method": "", "name": "Aggregated", **drawing(drawn, begin, end)}
        if known is None:
            nothing = {"step": 30, "steps": [], "bounds": bounds, "time": [], "columns": []}
            return self._empty(method, name or "", nothing)
        kept = _within(known["time"], begin, end)
        steps = known.get("steps", [[time, known["step"]] for time in known["time"][:1]])
        rows = {key: [known[key][position] for position in kept] for key in ("time", "columns")}
        return {**known, "steps": steps, **rows}

    def percentiles(self, name: str | None, method: str, of: str = SERVICE) -> dict[str, Any] | None:
        """Return the percentiles of a name, or of the whole run, as it ended; None for a name that is not there."""
        key = TOTAL if name is None else f"{method}{SEPARATOR}{name}"
        kinds: dict[str, dict[str, Any]] = self._details.get("percentiles", {}).get(key, {})
        known = kinds.get(of) or kinds.get(SERVICE)
        if known is not None:
            return {**known, "of": of}
        if name is None:
            return {"method": "", "name": "Aggregated", **no_curve(of)}
        return self._empty(method, name, no_curve(of))

    def error_document(self, _turns: Turns | None = None) -> dict[str, Any]:
        """Return failures and exceptions."""
        known: dict[str, Any] = self._details.get("errors") or {
            "failures": [],
            "exceptions": [],
            "more": {"kinds": 0, "occurrences": 0},
        }
        for each in known["failures"]:  # one of an older version does not know them
            each.setdefault("nodes", [])
            each.setdefault("node_count", 0)
        return known

    def log_document(
        self,
        cursor: int | None = None,
        node: str | None = None,
        level: str | None = None,
        text: str | None = None,
        limit: int = 500,
    ) -> dict[str, Any]:
        """Return lines of the log."""
        from swarm_web.logs import LogBook

        book = LogBook()
        for line in self._details.get("logs", []):
            for _ in range(line["times"]):
                book.add(line["node"], line["level"], line["logger"], line["text"], line["time"])
        return book.document(cursor, node, level, text, limit)

    def setup(self) -> dict[str, Any]:
        """Return what the run could choose."""
        known: dict[str, Any] = self._details.get("setup") or {
            "classes": [],
            "shapes": [],
            "options": [],
            "defaults": {},
            "class_picker": False,
            "workers": {"there": 0, "expected": 0},
            "preflight": [],
        }
        return known

    def statistics(self) -> bytes:
        """Refuse: a recording has figures, not the statistics themselves."""
        raise Problem(409, "A recording does not have the statistics in that form.", code="replay")

    def _apply(self, line: dict[str, Any]) -> None:
        event, data = line["event"], line["data"]
        if event == "full":
            total = {**LATE_COLUMNS, "rps_run": None, **data["total"]}
            self.state = {**data, "run": _replayed(data["run"]), "total": total}
            _add_unknown(data["names"])
            self.history.restore(data["history"])
            self.heat.clear()
            self.heat_intent = None
            self._names = {number: at for at, number in enumerate(data["names"]["i"])}
        elif event == "frame" and self.state:
            self._take_frame(data)

    def _take_frame(self, data: dict[str, Any]) -> None:
        state = self.state
        state["run"] = _replayed(data["run"])
        for key in ("time", "workers", "errors", "log"):
            state[key] = data.get(key, state[key])
        state["total"] |= data.get("total", {})
        state["events"] = [*state["events"], *data.get("events", [])][-EVENTS:]
        self._put_history(data.get("history", {"time": []}))
        if "heat_intent" in data:
            self.heat_intent = self.heat_intent or self.heat.copy()
            _put_heat(self.heat_intent, data["heat_intent"])
        _put_heat(self.heat, data.get("heat", {"time": [], "columns": []}))
        self._put_names(data.get("names", {"i": []}))

    def _put_history(self, rows: dict[str, list[Any]]) -> None:
        for position, time in enumerate(rows["time"]):
            self.history.put(time, [rows[column][position] if column in rows else None for column in COLUMNS])

    def _put_names(self, rows: dict[str, list[Any]]) -> None:
        names = self.state["names"]
        _add_unknown(rows)
        for position, number in enumerate(rows["i"]):
            at = self._names.get(number)
            if at is None:
                self._names[number] = len(names["i"])
                for column, values in names.items():
                    values.append(rows[column][position])
                continue
            for column, values in names.items():
                values[at] = rows[column][position]

    def _empty(self, method: str, name: str, rest: dict[str, Any]) -> dict[str, Any] | None:
        names = self.state["names"]
        known = zip(names["method"], names["name"], strict=True)
        return {"method": method, "name": name, **rest} if (method, name) in known else None


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of a recording; one that was cut off ends where it was. Raises SwarmError for another file."""
    wrong = f"{path} is no recording of a run (see swarm-cli --record)"
    try:
        with _opened(path) as file:
            try:
                first = json.loads(file.readline())
            except ValueError as error:
                raise SwarmError(f"{wrong}.") from error
            if not isinstance(first, dict) or first.get("swarm_recording") != 1:
                raise SwarmError(f"{wrong}, or one of another version of Swarm.")
            for text in file:
                try:
                    line = json.loads(text)
                except ValueError:
                    return
                yield line
    except (EOFError, gzip.BadGzipFile):
        return
    except OSError as error:
        raise SwarmError(f"The recording {path} cannot be read: {error.strerror or error}.") from error


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_gzipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if is_gzipped else path.open("rb")  # type: ignore[return-value]  # reads bytes, too


def _replayed(run: dict[str, Any]) -> dict[str, Any]:
    return {"late": 0, **run, "replay": True, "actions": []}


def _add_unknown(names: dict[str, list[Any]]) -> None:
    """Add the columns that a recording of an older version does not have."""
    for column, nothing in LATE_COLUMNS.items():
        names.setdefault(column, [nothing] * len(names["i"]))


def _put_heat(drawn: heat.HeatMap, news: dict[str, list[Any]]) -> None:
    for time, flat in zip(news["time"], news["columns"], strict=True):
        drawn.add(time, dict(zip(flat[::2], flat[1::2], strict=True)))


def _within(times: list[float], begin: float | None, end: float | None) -> list[int]:
    return [
        position
        for position, time in enumerate(times)
        if (begin is None or time >= begin) and (end is None or time <= end)
    ]
