"""The statistics as a locustfile meets them: settings that it may assign, and greenlets that print and keep.

A setting is read from this module each time it is needed, so that an assignment takes effect at once, be it at
the top of a locustfile or in a listener. The measurements themselves are in `swarm_stats`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NoReturn

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.runners.runner import Runner
    from swarm_stats.registry import Registry

PERCENTILES_TO_REPORT = [0.50, 0.66, 0.75, 0.80, 0.90, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0]
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

console_logger = logging.getLogger("swarm.stats_logger")
"""Where `stats_printer` writes its tables, one record a table."""


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


def update_stats_history(runner: Runner) -> None:
    """Append one row to `runner.stats.history`: users, current rates and percentiles."""
    runner.stats.current_window = CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW
    runner.stats.add_history_row(runner.user_count, PERCENTILES_TO_CHART)
