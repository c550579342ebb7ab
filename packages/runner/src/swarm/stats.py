"""The statistics as a locustfile meets them: settings that it may assign, and greenlets that print and keep.

A setting is read from this module each time it is needed, so that an assignment takes effect at once, be it at
the top of a locustfile or in a listener. The measurements themselves are in `swarm_stats`.
"""

from __future__ import annotations

import logging
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import gevent

from swarm.exceptions import SwarmError
from swarm_stats.registry import Registry
from swarm_stats.reports import PERCENTILES
from swarm_stats.reports import json as json_report
from swarm_stats.reports.lines import NARROWEST_NAME, lines
from swarm_stats.reports.table import error_table, percentile_table, requests_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from swarm.runners.runner import Runner
    from swarm_stats.reports import Statistics

PERCENTILES_TO_REPORT = list(PERCENTILES)
"""Columns of the percentile table and of the CSV files."""
PERCENTILES_TO_STATISTICS = [0.95, 0.99]
"""Percentiles in the UI's table."""
PERCENTILES_TO_CHART = [0.5, 0.95]
"""Percentiles in the UI's charts and in the history."""
CONSOLE_STATS_INTERVAL_SEC = 2
HISTORY_STATS_INTERVAL_SEC = 5
CSV_STATS_INTERVAL_SEC = 1
CSV_STATS_FLUSH_INTERVAL_SEC = 5
CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW = 10
"""Seconds that a "current" percentile looks back."""

STATS_NAME_WIDTH = 80
"""Characters of the column of names, once STATS_AUTORESIZE is off."""
STATS_TYPE_WIDTH = 8
"""Characters of the column of types, likewise."""
STATS_AUTORESIZE = True
"""Whether a table is as wide as its names and the terminal make it; otherwise the two widths above hold."""

console_logger = logging.getLogger("swarm.stats_logger")
"""Where `stats_printer` writes its tables, one record a table."""


class RequestStats(Registry):
    """The statistics of a run on this machine: a registry whose clock is the system's.

    With `use_response_times_cache` each entry has percentiles of late, not the total alone.
    """

    def __init__(self, use_response_times_cache: bool = False) -> None:
        super().__init__(clock=time.time, use_response_times_cache=use_response_times_cache)


def validate_stats_configuration() -> None:
    """Check the percentiles that a locustfile may have assigned. Raises SwarmError for one that is none."""
    for name in ("PERCENTILES_TO_REPORT", "PERCENTILES_TO_STATISTICS", "PERCENTILES_TO_CHART"):
        for value in globals()[name]:
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                raise SwarmError(
                    f"swarm.stats.{name} contains {value!r}; percentiles are written as fractions from 0 to 1: "
                    "0.95 for 95 %."
                )


def print_stats(stats: Statistics, current: bool = True) -> None:
    """Print the table of requests; rates are those of late, or with `current` False those of the whole run."""
    _print(get_stats_summary(stats, current))


def print_percentile_stats(stats: Statistics) -> None:
    """Print the table of percentiles."""
    _print(get_percentile_stats_summary(stats))


def print_error_report(stats: Statistics) -> None:
    """Print what failed and how often; nothing when nothing did."""
    if stats.errors:
        _print(get_error_report_summary(stats))


def print_stats_json(stats: Statistics) -> None:
    """Write the statistics to stdout in the form of `--json`."""
    sys.stdout.write(json_report.text(stats) + "\n")
    sys.stdout.flush()


def save_stats_json(stats: Statistics, filename: str) -> None:
    """Write the same to a file, `.json` added to its name. Raises OSError when it cannot be written."""
    Path(f"{filename}.json").write_text(json_report.text(stats) + "\n", encoding="utf-8")


def get_stats_summary(stats: Statistics, current: bool = True) -> list[str]:
    """Return the table of requests as lines."""
    return lines(requests_table(stats, current=current), columns=_fixed_columns())


def get_percentile_stats_summary(stats: Statistics) -> list[str]:
    """Return the table of percentiles as lines."""
    return lines(percentile_table(stats, PERCENTILES_TO_REPORT), columns=_fixed_columns())


def get_error_report_summary(stats: Statistics) -> list[str]:
    """Return what failed and how often as lines."""
    return lines(error_table(stats))


def stats_printer(stats: Registry) -> Callable[[], NoReturn]:
    """Return a function for `gevent.spawn` that prints the table every CONSOLE_STATS_INTERVAL_SEC seconds."""

    def print_forever() -> NoReturn:
        while True:
            print_stats(stats)
            gevent.sleep(CONSOLE_STATS_INTERVAL_SEC)

    return print_forever


def stats_history(runner: Runner) -> NoReturn:
    """Append a row to `runner.stats.history` every HISTORY_STATS_INTERVAL_SEC seconds; for `gevent.spawn`."""
    while True:
        update_stats_history(runner)
        gevent.sleep(HISTORY_STATS_INTERVAL_SEC)


def update_stats_history(runner: Runner, timestamp: str | None = None) -> None:
    """Append one row to `runner.stats.history`: users, current rates and percentiles.

    `timestamp` is the text that stands for its time, by default the time now in ISO 8601.
    """
    runner.stats.current_window = CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW
    row = runner.stats.add_history_row(runner.user_count, PERCENTILES_TO_CHART)
    if timestamp is not None:
        row["time"] = timestamp


def resize_handler(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001  what a signal's handler gets
    """Fit STATS_NAME_WIDTH to the terminal, while STATS_AUTORESIZE is on; for `signal.signal(SIGWINCH, …)`."""
    global STATS_NAME_WIDTH
    if STATS_AUTORESIZE:
        STATS_NAME_WIDTH = max(shutil.get_terminal_size().columns - FIGURES_WIDTH, NARROWEST_NAME)


FIGURES_WIDTH = 90
"""Characters that the columns beside the names take, about."""


def _fixed_columns() -> dict[str, int]:
    return {} if STATS_AUTORESIZE else {"Type": STATS_TYPE_WIDTH, "Name": STATS_NAME_WIDTH}


def _print(rows: Sequence[str]) -> None:
    console_logger.info("%s", "\n".join([*rows, ""]))
