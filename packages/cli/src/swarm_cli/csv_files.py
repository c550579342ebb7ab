"""`--csv`: the four files that are kept up to date while the run lasts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import gevent

from swarm import stats as settings
from swarm_cli.files import OutputFile, as_csv
from swarm_stats.reports import csv as reports
from swarm_stats.reports import shown_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from swarm.environment import Environment
    from swarm.runners.steered import SteeredRunner
    from swarm_stats.entries import Entry
    from swarm_stats.reports import Statistics
    from swarm_stats.snapshot import Snapshot

ENTRIES_AT_ONCE = 20
"""Rows made without a turn for the users."""
SHARE_OF_TIME = 0.01
"""The part of a core that rewriting the files may take: with many names they are written less often."""


class CsvFiles:
    """PREFIX_stats.csv, PREFIX_stats_history.csv, PREFIX_failures.csv and PREFIX_exceptions.csv."""

    def __init__(self, environment: Environment, prefix: str, *, full_history: bool) -> None:
        self._environment = environment
        self._full_history = full_history
        self._stats, self._history, self._failures, self._exceptions = self.files = [
            OutputFile(Path(f"{prefix}_{name}.csv"), "--csv")
            for name in ("stats", "stats_history", "failures", "exceptions")
        ]
        # Percentiles of late are kept for an entry only where somebody reads them.
        environment.stats.use_response_times_cache |= full_history
        self._last_row = (0, 0)
        self._greenlet: gevent.Greenlet[..., NoReturn] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._history.append(as_csv([reports.history_header(settings.PERCENTILES_TO_REPORT)]))
        self._greenlet = gevent.spawn(self._keep_current)

    def finish(self, snapshot: Snapshot) -> None:
        """Write what the run has come to, and close the files."""
        if self._greenlet is not None:
            self._greenlet.kill()
        if self._last_row != (int(snapshot.time), snapshot.total.num_requests):
            self._append_history(snapshot, snapshot.time, users=0)
        self._history.flush()
        self._write_state(snapshot, snapshot.exceptions)
        for file in self.files:
            file.close()

    def _keep_current(self) -> NoReturn:
        runner: SteeredRunner = self._environment.runner  # type: ignore[assignment] # made before the files
        state_due = 0.0
        while True:
            self._environment.stats.current_window = settings.CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW
            self._append_history(runner.stats, time.time(), runner.user_count)
            begun = time.monotonic()
            if begun >= state_due:
                self._history.flush()
                self._write_state(runner.stats, list(runner.exceptions.values()))
                took = time.monotonic() - begun
                state_due = begun + max(settings.CSV_STATS_FLUSH_INTERVAL_SEC, took / SHARE_OF_TIME)
            gevent.sleep(settings.CSV_STATS_INTERVAL_SEC)

    def _append_history(self, statistics: Statistics, now: float, users: int) -> None:
        self._last_row = (int(now), statistics.total.num_requests)
        rows = reports.history_rows(
            statistics, now, users, settings.PERCENTILES_TO_REPORT, full=self._full_history
        )
        self._history.append(as_csv(rows))

    def _write_state(self, statistics: Statistics, exceptions: Sequence[Mapping[str, Any]]) -> None:
        percentiles = settings.PERCENTILES_TO_REPORT
        rows: list[Sequence[object]] = [reports.stats_header(percentiles)]
        for part in _parts(statistics):
            rows += reports.stats_rows(part, percentiles)[:-1]
            gevent.sleep(0)
        rows += reports.stats_rows(_Part({}, statistics), percentiles)
        self._stats.replace(as_csv(rows))
        self._failures.replace(as_csv([reports.FAILURES_HEADER, *reports.failures_rows(statistics)]))
        self._exceptions.replace(as_csv([reports.EXCEPTIONS_HEADER, *reports.exceptions_rows(exceptions)]))


class _Part:
    """Some entries of statistics, so that between parts the users have their turn: a row takes 60 µs."""

    def __init__(self, entries: Mapping[tuple[str, str], Entry], whole: Statistics) -> None:
        self.entries = entries
        self.total = whole.total
        self.errors = whole.errors
        self.names_full = whole.names_full
        self.max_names = whole.max_names


def _parts(statistics: Statistics) -> Iterator[_Part]:
    entries = shown_entries(statistics)
    for begin in range(0, len(entries), ENTRIES_AT_ONCE):
        some = entries[begin : begin + ENTRIES_AT_ONCE]
        yield _Part({(entry.name, entry.method): entry for entry in some}, statistics)
