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


def write_played(path: Path, seconds: int = SECONDS) -> None:
    """Write the same run from its first second on: a frame each second, a twentieth of the names in each."""
    history, heat_map, names = _history(fine=True), _heat(_history(fine=True)), _names()
    columns = ("time", "columns")
    snapshot: dict[str, Any] = {
        "schema": 1,
        "id": "played-1",
        "time": END - SECONDS,
        "run": {**_run(), "state": "running", "ended": None},
        "total": _total(),
        "names": names,
        "workers": _workers(),
        "history": {key: [] for key in history},
        "history_lag": 0,
        "window": 10,
        "events": [
            {"id": 1, "time": END - SECONDS, "kind": "state", "text": "spawning", "state": "spawning"}
        ],
        "errors": {"kinds": 0, "occurrences": 0, "exceptions": 0},
        "log": 0,
    }
    frames = []
    for second in range(seconds):
        changed = range(second % 20, NAMES, 20)
        frames.append(
            {
                "id": f"played-{second + 2}",
                "time": END - SECONDS + second + 1,
                "run": {**snapshot["run"], "elapsed": second + 1},
                "total": snapshot["total"],
                "names": {key: [values[at] for at in changed] for key, values in names.items()},
                "workers": snapshot["workers"],
                "history": {key: [values[second]] for key, values in history.items()},
                "heat": {key: [heat_map[key][second]] for key in columns},
                "events": [],
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


def _history(fine: bool = False) -> dict[str, list[Any]]:
    rows: dict[str, list[Any]] = {
        key: []
        for key in [
            "time",
            "users",
            "target",
            "rps",
            "fps",
            "p50",
            "p95",
            "p99",
            "avg",
            "workers",
            "cpu",
            "lag",
        ]
    }
    second = END - SECONDS
    while second < END:
        wave = math.sin(second / 95)
        users = min(5_000, (second - END + SECONDS) * 8 + 1)
        values = (
            second,
            users,
            5_000,
            users,
            0,
            20 + 5 * wave,
            90 + 20 * wave,
            250 + 60 * wave,
            30,
            98,
            60,
            2,
        )
        for key, value in zip(rows, values, strict=True):
            rows[key].append(value)
        second += 1 if fine or END - second <= 900 else 5
    return rows


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
