"""Files that are written while the load runs, on a disk that may be full.

What cannot be written is kept and tried again, so that nothing is lost when there is room again; the first
refusal is told at once, and what is still unwritten at the end is an error of the run.
"""

from __future__ import annotations

import csv
import io
import os
import stat
from typing import TYPE_CHECKING

from swarm.log import get_logger
from swarm_cli.errors import CommandLineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

log = get_logger(__name__)

MAX_UNWRITTEN_BYTES = 32 * 1024 * 1024
"""What a file keeps at most of what could not be written; then it is given up."""


def check_writable(path: Path, option: str) -> None:
    """Make the folder of `path` and see that it can be written.

    Raises CommandLineError that names the option when it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise CommandLineError(f"{option}: {path} cannot be written: {error.strerror}") from error


def as_csv(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as CSV text with `\\r\\n` at the end of each."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


class OutputFile:
    """One file of an option; `problem` says why it is not complete, None when it is."""

    def __init__(self, path: Path, option: str) -> None:
        check_writable(path, option)
        self.path = path
        self.problem: str | None = None
        self._option = option
        self._descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC)
        self._is_regular = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        self._unwritten = b""
        self._given_up = False

    def append(self, data: bytes) -> None:
        """Add to what the next `flush` writes."""
        if not self._given_up:
            self._unwritten += data

    def flush(self) -> None:
        """Write what was appended, after what is there."""
        self._attempt(b"")

    def replace(self, data: bytes) -> None:
        """Make `data` all that is in the file."""
        try:
            if self._is_regular:
                os.lseek(self._descriptor, 0, os.SEEK_SET)
                os.ftruncate(self._descriptor, 0)
        except OSError as error:
            self._refused(error)
            return
        self._unwritten = b""
        self._attempt(data)

    def close(self) -> None:
        """Close the file; what could not be written is lost now."""
        os.close(self._descriptor)

    def _attempt(self, data: bytes) -> None:
        self._unwritten += data
        try:
            while self._unwritten:
                self._unwritten = self._unwritten[os.write(self._descriptor, self._unwritten) :]
        except OSError as error:
            self._refused(error)
        else:
            self.problem = "more was to be written than could be kept" if self._given_up else None

    def _refused(self, error: OSError) -> None:
        if self.problem is None:
            log.error(
                f"{self._option}: {self.path} cannot be written: {error.strerror}; the run goes on, and "
                "writing is tried again"
            )
        self.problem = error.strerror or str(error)
        if len(self._unwritten) > MAX_UNWRITTEN_BYTES:
            self._given_up = True
            self._unwritten = b""
