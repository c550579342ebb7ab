"""Locust's classes that write CSV files, for scripts that make or subclass them; `--csv` needs none of this."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, Protocol

import gevent

from swarm import stats as settings
from swarm_stats.reports import csv as reports

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from swarm.environment import Environment


class CSVWriter(Protocol):
    """What rows are written to; `csv.writer` makes one."""

    def writerow(self, row: Iterable[Any], /) -> Any:
        """Write one row."""


class StatsCSV:
    """The tables of an environment's run, each with its header, written to a CSV writer as they are now."""

    def __init__(self, environment: Environment, percentiles_to_report: Sequence[float]) -> None:
        self.environment = environment
        self.percentiles_to_report = percentiles_to_report

    def requests_csv(self, writer: CSVWriter) -> None:
        """Write the requests by name, Aggregated last."""
        percentiles = self.percentiles_to_report
        self._write(writer, reports.stats_header(percentiles))
        self._write(writer, *reports.stats_rows(self.environment.stats, percentiles))

    def failures_csv(self, writer: CSVWriter) -> None:
        """Write the failures by cause."""
        self._write(writer, reports.FAILURES_HEADER, *reports.failures_rows(self.environment.stats))

    def exceptions_csv(self, writer: CSVWriter) -> None:
        """Write the exceptions of the users' own code."""
        runner = self.environment.runner
        rows = list(runner.exceptions.values()) if runner is not None else []
        self._write(writer, reports.EXCEPTIONS_HEADER, *reports.exceptions_rows(rows))

    def close_files(self) -> None:
        """Close nothing: these tables go to writers of the caller's own."""

    def _write(self, writer: CSVWriter, *rows: Sequence[object]) -> None:
        for row in rows:
            writer.writerow(row)


class StatsCSVFileWriter(StatsCSV):
    """Keeps the four files of `--csv` current, at the intervals of `swarm.stats`: spawn `stats_writer`."""

    def __init__(
        self,
        environment: Environment,
        percentiles_to_report: Sequence[float],
        base_filepath: str,
        full_history: bool = False,
    ) -> None:
        """Open the files. Raises OSError when one cannot be written."""
        super().__init__(environment, percentiles_to_report)
        self.base_filepath = base_filepath
        self.full_history = full_history
        environment.stats.use_response_times_cache |= full_history
        self._requests = self._open("_stats.csv")
        self._history = self._open("_stats_history.csv")
        self._failures = self._open("_failures.csv")
        self._exceptions = self._open("_exceptions.csv")

    def __call__(self) -> NoReturn:
        """Do what `stats_writer` does."""
        self.stats_writer()

    def stats_writer(self) -> NoReturn:
        """Write for ever: a row of history each second, the other files every few seconds."""
        history = csv.writer(self._history)
        self._write(history, reports.history_header(self.percentiles_to_report))
        due = 0.0
        while True:
            self._write(history, *self._history_rows())
            if time.monotonic() >= due:
                due = time.monotonic() + settings.CSV_STATS_FLUSH_INTERVAL_SEC
                self.requests_flush()
                self.stats_history_flush()
                self.failures_flush()
                self.exceptions_flush()
            gevent.sleep(settings.CSV_STATS_INTERVAL_SEC)

    def requests_flush(self) -> None:
        """Bring the file of requests up to date."""
        self.requests_csv(self._rewritten(self._requests))
        self._requests.flush()

    def stats_history_flush(self) -> None:
        """Write what the history has gained."""
        self._history.flush()

    def failures_flush(self) -> None:
        """Bring the file of failures up to date."""
        self.failures_csv(self._rewritten(self._failures))
        self._failures.flush()

    def exceptions_flush(self) -> None:
        """Bring the file of exceptions up to date."""
        self.exceptions_csv(self._rewritten(self._exceptions))
        self._exceptions.flush()

    def close_files(self) -> None:
        """Bring all files up to date and close them."""
        self.requests_flush()
        self.failures_flush()
        self.exceptions_flush()
        for file in (self._requests, self._history, self._failures, self._exceptions):
            file.close()

    def stats_history_file_name(self) -> str:
        """Return the path of the history."""
        return f"{self.base_filepath}_stats_history.csv"

    def _open(self, ending: str) -> IO[str]:
        return Path(f"{self.base_filepath}{ending}").open("w", encoding="utf-8", newline="")

    def _rewritten(self, file: IO[str]) -> CSVWriter:
        file.seek(0)
        file.truncate()
        return csv.writer(file)

    def _history_rows(self) -> list[reports.Row]:
        runner = self.environment.runner
        return reports.history_rows(
            self.environment.stats,
            time.time(),
            runner.user_count if runner is not None else 0,
            self.percentiles_to_report,
            full=self.full_history,
        )
