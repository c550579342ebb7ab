"""The file of a journal: what SQLite holds of a run, and what to do when it does not.

The rule: every method blocks, so the journal calls them in a thread of its own; and every error of SQLite becomes
one that says what to do.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

APPLICATION = 0x5357524D
"""SQLite's application_id of these files: SWRM."""
VERSION = 2
WAL_BYTES = 32 * 1024 * 1024
"""To what the write-ahead log is cut after a checkpoint."""

_SCHEMA = f"""
BEGIN;
CREATE TABLE run (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    facts BLOB NOT NULL,
    start_time REAL NOT NULL,
    statistics BLOB NOT NULL,
    history BLOB NOT NULL
);
CREATE TABLE kept (
    name TEXT PRIMARY KEY,
    number INTEGER NOT NULL
);
CREATE TABLE workers (
    identity TEXT NOT NULL,
    incarnation INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    final INTEGER NOT NULL,
    reset INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    PRIMARY KEY (identity, incarnation)
);
CREATE TABLE deltas (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL,
    incarnation INTEGER NOT NULL,
    number INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    final INTEGER NOT NULL,
    offset_s REAL NOT NULL,
    payload BLOB NOT NULL,
    fate TEXT NOT NULL,
    UNIQUE (identity, incarnation, number)
);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""


class JournalError(SwarmError):
    """The journal cannot be used; its text says which file, why, and what to do."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run at a checkpoint; the bytes are the journal's own."""

    number: int
    facts: bytes
    start_time: float
    statistics: bytes
    history: bytes


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """What the checkpoint holds of one life of a worker."""

    identity: str
    incarnation: int
    applied: int
    samples: int
    final: bool
    reset: int
    refused: int


@dataclass(frozen=True, slots=True)
class DeltaRow:
    """A delta after the checkpoint."""

    identity: str
    incarnation: int
    number: int
    samples: int
    final: bool
    offset_s: float
    payload: bytes
    fate: str


class JournalFile:
    """The file at `path`, made if need be, and locked. Raises JournalError when it cannot serve."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # It holds what the target answered and the run's token: for its owner alone.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, stat.S_IRUSR | stat.S_IWUSR))
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise JournalError(
                f"The journal {path} cannot be opened: {reason}. Give --journal a file in a folder that exists "
                "and may be written to."
            ) from error
        try:
            with self._explained():
                self._prepare()
        except BaseException:
            self._database.close()
            raise

    def read_kept(self) -> dict[str, int]:
        """Return the numbers that were kept, by their names."""
        with self._explained():
            return dict(self._database.execute("SELECT name, number FROM kept").fetchall())

    def read(self) -> tuple[RunRow, list[WorkerRow], list[DeltaRow]] | None:
        """Return the run in the file with its workers and its deltas in order; None for none."""
        with self._explained():
            run = self._database.execute(
                "SELECT number, facts, start_time, statistics, history FROM run"
            ).fetchone()
            if run is None:
                return None
            workers = self._database.execute(
                "SELECT identity, incarnation, applied, samples, final, reset, refused FROM workers"
            ).fetchall()
            deltas = self._database.execute(
                "SELECT identity, incarnation, number, samples, final, offset_s, payload, fate FROM deltas "
                "ORDER BY id"
            ).fetchall()
            return RunRow(*run), [WorkerRow(*row) for row in workers], [DeltaRow(*row) for row in deltas]

    def write_deltas(
        self, deltas: Iterable[DeltaRow], facts: bytes | None, kept: Mapping[str, int] | None
    ) -> None:
        """Append deltas and, unless they are None, replace the run's facts and what is kept: one transaction."""
        with self._transaction():
            if kept is not None:
                self._write_kept(kept)
            if facts is not None:
                self._database.execute("UPDATE run SET facts = ?", (facts,))
            # A commit that was interrupted may have written some of them already.
            self._database.executemany(
                "INSERT OR IGNORE INTO deltas VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        row.identity,
                        row.incarnation,
                        row.number,
                        row.samples,
                        row.final,
                        row.offset_s,
                        row.payload,
                        row.fate,
                    )
                    for row in deltas
                ],
            )

    def write_checkpoint(self, run: RunRow, workers: Sequence[WorkerRow], kept: Mapping[str, int]) -> None:
        """Replace all that the file holds: one transaction."""
        with self._transaction():
            self._write_kept(kept)
            self._database.execute("DELETE FROM deltas")
            self._database.execute("DELETE FROM workers")
            self._database.execute(
                "INSERT OR REPLACE INTO run VALUES (1, ?, ?, ?, ?, ?)",
                (run.number, run.facts, run.start_time, run.statistics, run.history),
            )
            self._database.executemany(
                "INSERT INTO workers VALUES (?, ?, ?, ?, ?, ?, ?)",
                [astuple(row) for row in workers],
            )

    def close(self) -> None:
        """Unlock the file."""
        self._database.close()

    def damaged(self, reason: object) -> JournalError:
        """Return the error for a file whose content makes no sense."""
        return JournalError(
            f"The journal {self.path} is damaged: {reason}. Begin a new one: give --journal another file."
        )

    def _write_kept(self, kept: Mapping[str, int]) -> None:
        self._database.execute("DELETE FROM kept")
        self._database.executemany("INSERT INTO kept VALUES (?, ?)", list(kept.items()))

    def _prepare(self) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        (tables,) = run("SELECT count(*) FROM sqlite_schema").fetchone()
        (application,) = run("PRAGMA application_id").fetchone()
        (version,) = run("PRAGMA user_version").fetchone()
        if tables and application != APPLICATION:
            raise JournalError(
                f"{self.path} is a database of another program. It was left as it is; give --journal another file."
            )
        if tables and version < VERSION:
            raise JournalError(
                f"The journal {self.path} is of version {version}, written by an older Swarm; this one knows version "
                f"{VERSION}. Go on with that Swarm, or give --journal another file."
            )
        if version > VERSION:
            raise JournalError(
                f"The journal {self.path} is of version {version}, written by a newer Swarm; this one knows version "
                f"{VERSION}. Go on with that Swarm, or give --journal another file."
            )
        if tables:
            (found,) = run("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise self.damaged(found)
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        if not tables:
            self._database.executescript(_SCHEMA)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._explained(), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._explanation(error) from error

    def _explanation(self, error: sqlite3.Error) -> JournalError:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return JournalError(
                    f"The journal {self.path} is in use by another master. Stop that one, or give --journal "
                    "another file."
                )
            case sqlite3.SQLITE_NOTADB:
                return JournalError(
                    f"{self.path} is no journal of a run. It was left as it is; give --journal another file."
                )
            case sqlite3.SQLITE_CORRUPT:
                return self.damaged(error)
        return JournalError(
            f"The journal {self.path} cannot be read or written: {error}. See to its folder: is there room, and "
            "may it be written to?"
        )
