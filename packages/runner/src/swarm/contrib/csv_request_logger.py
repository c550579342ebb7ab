"""A CSV file with a row for each request: `CsvRequestLogger`.

Rows are collected and written once a second, so that a request costs a tuple and not a system call.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent

if TYPE_CHECKING:
    from typing import TextIO

    from swarm.environment import Environment

CSV_COLUMNS = (
    "timestamp",
    "request_type",
    "name",
    "response_time_ms",
    "response_length",
    "status_code",
    "exception",
)
WRITE_INTERVAL_S = 1.0


class CsvRequestLogger:
    """Writes each request of a run into a CSV file with CSV_COLUMNS.

    `timestamp` is when it was sent, in seconds since the epoch; `status_code` is 0 without a response. The file
    is made anew. Each worker has one of its own: `requests.csv` is `requests-0.csv` on the worker with the index
    0; the master, which sends no requests, has none.
    """

    def __init__(self, filepath: str, *, flush_interval: int | None = None) -> None:
        """Write to `filepath`; with a `flush_interval`, whenever so many rows wait, too."""
        self._path = Path(filepath)
        self._flush_rows = flush_interval
        self._rows: list[tuple[Any, ...]] = []
        self._file: TextIO | None = None
        self._environment: Environment | None = None
        self._writer: gevent.Greenlet[..., Any] | None = None

    def register(self, environment: Environment) -> None:
        """Log the requests of `environment` from now on, until it quits.

        Raises OSError when the file cannot be written; a worker's file is opened with its first row.
        """
        from swarm.runners import MasterRunner, WorkerRunner

        self._environment = environment
        if not isinstance(environment.runner, (MasterRunner, WorkerRunner)):
            self._open()
        environment.events.request.add_listener(self._on_request)
        environment.events.quitting.add_listener(self._on_quitting)

    def close(self) -> None:
        """Write what waits and close the file; no request is logged any more."""
        environment = self._environment
        if environment is None:
            return
        environment.events.request.remove_listener(self._on_request)
        environment.events.quitting.remove_listener(self._on_quitting)
        if self._writer is not None:
            self._writer.kill(block=False)
            self._writer = None
        self._write()
        if self._file is not None:
            self._file.close()
            self._file = None
        self._environment = None

    def _on_request(
        self,
        *,
        request_type: str,
        name: str,
        response_time: float | None = None,
        response_length: int | None = 0,
        exception: BaseException | str | None = None,
        response: Any = None,
        start_time: float | None = None,
        **_other: Any,
    ) -> None:
        self._rows.append(
            (
                time.time() if start_time is None else start_time,
                request_type,
                name,
                "" if response_time is None else round(response_time, 2),
                response_length or 0,
                getattr(response, "status_code", 0) or 0,
                "" if exception is None else str(exception),
            )
        )
        if self._flush_rows is not None and len(self._rows) >= self._flush_rows:
            self._write()
        elif self._writer is None:
            self._writer = gevent.spawn(self._write_regularly)

    def _on_quitting(self, **_: Any) -> None:
        self.close()

    def _write_regularly(self) -> None:
        while True:
            gevent.sleep(WRITE_INTERVAL_S)
            self._write()

    def _write(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            file = self._file or self._open()
            csv.writer(file, lineterminator="\n").writerows(rows)
            file.flush()

    def _open(self) -> TextIO:
        path = self._path
        runner = None if self._environment is None else self._environment.runner
        index = getattr(runner, "worker_index", None)
        if index is not None:
            path = path.with_stem(f"{path.stem}-{index}")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = file = path.open("w", newline="", encoding="utf-8")
        csv.writer(file, lineterminator="\n").writerow(CSV_COLUMNS)
        file.flush()
        return file
