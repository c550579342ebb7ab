"""A made-up recording: 1,000 names, 100 workers, 2 h, in the form that `--record` writes."""

from __future__ import annotations

import gzip
import json
import math
from typing import TYPE_CHECKING, Any

from swarm_stats import heat

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = 1_000
WORKERS = 100
SECONDS = 7_200
END = 1_790_000_000
ODD = ["/<script>alert(1)</script>", "/\u202eright-to-left", "/\U0001f41d\U0001f525", "/" + "long" * 500]
"""Names that try to be markup, turn the line round, or are very long."""
SLOWEST = "/catalogue/section-07/item/0007"


def write(path: Path, alter: Callable[[dict[str, Any], dict[str, Any]], None] | None = None) -> None:
    """Write the recording; `alter` changes its snapshot and its details before."""
    history = _history()
    snapshot = {
        "schema": 1,
        "id": "big-1",
        "time": END,
        "run": _run(),
        "total": _total(),
        "names": _names(),
        "workers": _workers(),
        "history": history,
        "history_lag": 4,
        "window": 10,
        "events": [
            {"id": 1, "time": END - SECONDS, "kind": "state", "text": "spawning", "state": "spawning"},
            {"id": 2, "time": END - SECONDS + 600, "kind": "state", "text": "running", "state": "running"},
            {"id": 3, "time": END - 1, "kind": "state", "text": "stopped", "state": "stopped"},
        ],
        "errors": {"kinds": 1, "occurrences": 60, "exceptions": 0},
        "log": 0,
    }
    details = {
        "series": {f"GET\x1f{SLOWEST}": {"step": 10, **_series(history)}},
        "heatmaps": {"\x1fAggregated": _heat(history)},
        "percentiles": {
            "\x1fAggregated": {"service": _percentiles("", "Aggregated"), "intent": None},
            f"GET\x1f{SLOWEST}": {"service": _percentiles("GET", SLOWEST), "intent": None},
        },
        "errors": {
            "failures": [
                {
                    "id": "f1",
                    "method": "GET",
                    "name": SLOWEST,
                    "error": "HTTPError('500 Server Error')",
                    "occurrences": 60,
                    "nodes": [f"host-0_{n:03}" for n in range(20)],
                    "node_count": 30,
                    "first_seen": END - 600,
                    "last_seen": END - 1,
                    "series": {"step": 10, "time": [END - 20, END - 10], "counts": [1, 2]},
                }
            ],
            "exceptions": [],
            "more": {"kinds": 0, "occurrences": 0},
        },
        "logs": [],
        "setup": {
            "classes": [],
            "shapes": [],
            "options": [],
            "defaults": {"users": 1, "rate": 1, "run_time": None, "host": None, "profile": None},
            "class_picker": False,
            "workers": {"there": WORKERS, "expected": WORKERS},
            "preflight": [],
        },
    }
    if alter:
        alter(snapshot, details)
    frames = [
        {
            "id": f"big-{n}",
            "time": END + n,
            "run": snapshot["run"],
            "names": _changed(n, snapshot["names"]),
            "events": [],
        }
        for n in range(2, 62)
    ]
    _write(path, snapshot, frames, details)


def write_going_on(path: Path, seconds: int, *, before: bool, part: int = 1) -> None:
    """Write the same run while it goes on: a frame each second, with a `part`-th of the names in it.

    `before` says whether two hours lie before the first frame; otherwise it is the run's first.
    """
    history = _history() if before else {key: [] for key in COLUMNS}
    begin = END if before else END - SECONDS
    names, workers, total = _names(), _workers(), _total()
    run = {**_run(), "state": "running", "ended": None, "started": END - SECONDS, "run_time": None}
    snapshot: dict[str, Any] = {
        "schema": 1,
        "id": "going-1",
        "time": begin,
        "run": run,
        "total": total,
        "names": names,
        "workers": workers,
        "history": history,
        "history_lag": 0,
        "window": 10,
        "events": [
            {"id": 1, "time": END - SECONDS, "kind": "state", "text": "spawning", "state": "spawning"}
        ],
        "errors": {"kinds": 0, "occurrences": 0, "exceptions": 0},
        "log": 0,
    }
    first = {key: list(values) for key, values in history.items()}
    frames = []
    for second in range(begin, begin + seconds):
        rows = {key: [value] for key, value in zip(COLUMNS, _row(second), strict=True)}
        heat_of = _heat(first if second == begin and before else rows)
        frames.append(
            {
                "id": f"going-{second - begin + 2}",
                "time": second + 1,
                "run": {**run, "elapsed": second + 1 - END + SECONDS},
                "total": total,
                "names": {key: values[second % part :: part] for key, values in names.items()},
                "history": rows,
                "heat": {"time": heat_of["time"], "columns": heat_of["columns"]},
                "events": [],
                **({"workers": workers} if second % part == 0 else {}),
            }
        )
    _write(path, snapshot, frames, {})


def _write(
    path: Path, snapshot: dict[str, Any], frames: list[dict[str, Any]], details: dict[str, Any]
) -> None:
    lines: list[dict[str, Any]] = [
        {"swarm_recording": 1, "version": "0.1.0", "time": END},
        {"event": "full", "data": snapshot},
        *({"event": "frame", "data": frame} for frame in frames),
        {"event": "details", "data": details},
    ]
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def _percentiles(method: str, name: str) -> dict[str, Any]:
    fractions = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0]
    times = [1.0, 21.0, 70.0, 270.0, 900.0, 1_700.0, 2_000.0]
    return {
        "method": method,
        "name": name,
        "of": "service",
        "count": 50_000,
        "fractions": fractions,
        "ms": times,
    }


COLUMNS = ("time", "users", "target", "rps", "fps", "p50", "p95", "p99", "avg", "workers", "cpu", "lag")


def _row(second: int) -> tuple[float, ...]:
    wave = math.sin(second / 95)
    users = min(5_000, (second - END + SECONDS) * 8 + 1)
    latencies = (20 + 5 * wave, 90 + 20 * wave, 250 + 60 * wave, 30)
    return (second, users, 5_000, users, 0, *latencies, 98, 60, 2)


def _history() -> dict[str, list[Any]]:
    fine = range(END - 900, END)
    rows = [_row(second) for second in [*range(END - SECONDS, END - 900, 5), *fine]]
    return {key: [row[at] for row in rows] for at, key in enumerate(COLUMNS)}


def _series(history: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {key: history[key][::10] for key in ("time", "rps", "fps", "p50", "p95", "p99", "avg")}


def _heat(history: dict[str, list[Any]]) -> dict[str, Any]:
    bounds = heat.bounds_ms()
    columns = []
    for users, p50 in zip(history["users"], history["p50"], strict=True):
        column: list[int] = []
        for bucket in range(1, len(bounds) - 1):
            middle = math.log((bounds[bucket] + bounds[bucket + 1]) / 2)
            n = int(users * 0.2 * math.exp(-(((middle - math.log(p50)) / 0.8) ** 2)))
            if n:
                column += [bucket, n]
        columns.append(column)
    return {
        "method": "",
        "name": "Aggregated",
        "step": 1,
        "bounds": bounds,
        "time": history["time"],
        "columns": columns,
    }


def _names() -> dict[str, list[Any]]:
    names = ODD + [f"/catalogue/section-{n % 40:02}/item/{n:04}" for n in range(len(ODD), NAMES)]
    slow = names.index(SLOWEST)
    return {
        "i": list(range(NAMES)),
        "method": ["GET"] * NAMES,
        "name": names,
        "requests": [1_000 + n for n in range(NAMES)],
        "failures": [60 if n == slow else 0 for n in range(NAMES)],
        "rps": [5.0] * NAMES,
        "fps": [0.1 if n == slow else 0.0 for n in range(NAMES)],
        **{key: [None] * NAMES for key in ("p50", "p95", "p99")},
        "p50_run": [20.0 + n / 100 for n in range(NAMES)],
        "p95_run": [900.0 if n == slow else 80.0 + n / 50 for n in range(NAMES)],
        "p99_run": [1_900.0 if n == slow else 180.0 + n / 50 for n in range(NAMES)],
        "avg": [30.0] * NAMES,
        "min": [1.0] * NAMES,
        "max": [2_000.0] * NAMES,
        "length": [512.0] * NAMES,
        "interrupted": [0] * NAMES,
    }


def _changed(frame: int, names: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {**names, "requests": [requests + 10 * frame for requests in names["requests"]]}


def _workers() -> dict[str, list[Any]]:
    lost, busy = 88, 17
    return {
        "id": [f"host-{n // 10}_{n:03}" for n in range(WORKERS)],
        "index": list(range(WORKERS)),
        "state": ["missing" if n == lost else "running" for n in range(WORKERS)],
        "users": [0 if n == lost else 50 for n in range(WORKERS)],
        "rps": [51.0] * WORKERS,
        "cpu": [99.0 if n == busy else 60.0 for n in range(WORKERS)],
        "memory": [61_000_000] * WORKERS,
        "lag": [1.0] * WORKERS,
        "offset": [0.001] * WORKERS,
        "offset_error": [0.0003] * WORKERS,
        "heard_at": [END - 60 if n == lost else END for n in range(WORKERS)],
        "samples_heard": [50_000] * WORKERS,
        "samples_merged": [49_000 if n == lost else 50_000 for n in range(WORKERS)],
        "deltas": [300] * WORKERS,
        "complete": [n != lost for n in range(WORKERS)],
    }


def _total() -> dict[str, Any]:
    keys = [
        "requests",
        "failures",
        "rps",
        "fps",
        "p50",
        "p95",
        "p99",
        "p50_run",
        "p95_run",
        "p99_run",
        "avg",
        "min",
        "max",
        "length",
        "interrupted",
    ]
    values = [5_000_000, 60, 5_000.0, 0.1, 20.0, 91.0, 268.0, 21.0, 92.0, 270.0, 31.0, 1.0, 2_000.0, 512.0, 0]
    return dict(zip(keys, values, strict=True))


def _run() -> dict[str, Any]:
    return {
        "state": "stopped",
        "since": END - 1,
        "started": END - SECONDS,
        "ended": END,
        "elapsed": SECONDS,
        "run_time": SECONDS,
        "users": 0,
        "target": 5_000,
        "rate": 80.0,
        "classes": {"Visitor": 0},
        "target_classes": {"Visitor": 5_000},
        "host": "http://127.0.0.1:8000",
        "locustfile": "checkout.py",
        "profile": "checkout-soak",
        "shape": None,
        "role": "master",
        "replay": True,
        "waits": None,
        "actions": [],
        "workers": {"there": WORKERS - 1, "expected": WORKERS, "missing": 1},
        "verdict": {
            "valid": True,
            "reasons": [],
            "cpu_max": 99.0,
            "cpu_mean": 60.0,
            "lag_p99_ms": 1.0,
            "lag_max_ms": 9.0,
        },
        "accounting": {
            "heard": 5_000_000,
            "merged": 4_999_000,
            "missing": 1_000,
            "closed": True,
            "text": "100 workers: 4,999,000 of 5,000,000 samples merged, at least 1,000 missing.",
        },
        "interrupted": 0,
        "names_full": False,
        "max_names": 10_000,
    }
