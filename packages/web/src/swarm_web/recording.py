"""A run as a file: every frame of the stream, and at the end what is asked for one by one (API.md, Recordings)."""

from __future__ import annotations

import gzip
import time
from typing import IO, TYPE_CHECKING, Any

import swarm
from swarm.exceptions import SwarmError
from swarm.log import get_logger
from swarm_web.encoding import encode
from swarm_web.recorder import recorder_of
from swarm_web.run_data import details

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from swarm.environment import Environment

log = get_logger(__name__)

FORMAT = 1
COMPRESSION = 3
"""Fast: it is done in the process of the load."""


class Recording:
    """Writes the run of an environment into a file, gzipped when its name ends with `.gz`, until `close`.

    `problem` says why it is not complete. Raises SwarmError when the file cannot be written.
    """

    def __init__(self, environment: Environment, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        self._recorder = recorder_of(environment)
        self._epoch = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _opened(path)
        except OSError as error:
            raise SwarmError(f"The recording {path} cannot be written: {error.strerror or error}.") from error
        self._write({"swarm_recording": FORMAT, "version": swarm.__version__, "time": round(time.time(), 3)})
        self._recorder.stream.listeners.append(self._take)
        self._recorder.start()
        self._recorder.log_taking.begin()

    def close(self) -> None:
        """Write what belongs to the end, and close the file."""
        self._recorder.stream.listeners.remove(self._take)
        self._recorder.log_taking.end()
        self._recorder.complete()
        self._write({"event": "full", "data": self._recorder.snapshot()})
        self._write({"event": "details", "data": details(self._recorder)})
        try:
            self._file.close()
        except OSError as error:
            self._fail(error)

    def _take(self, event: str, document: Mapping[str, Any]) -> None:
        epoch = self._recorder.stream.epoch
        if epoch != self._epoch:
            self._epoch = epoch
            self._write({"event": "full", "data": self._recorder.snapshot()})
            document = {**document, "events": []}  # a snapshot has all but the heat map's columns
        self._write({"event": event, "data": document})

    def _write(self, line: Mapping[str, Any]) -> None:
        if self.problem is None:
            try:
                self._file.write(encode(line) + b"\n")
            except (OSError, ValueError) as error:
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.problem = getattr(error, "strerror", None) or str(error)
        log.error(f"the recording {self.path} is not complete: {self.problem}")


def _opened(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(path, "wb", COMPRESSION)  # type: ignore[return-value]  # it takes bytes, too
    return path.open("wb")
