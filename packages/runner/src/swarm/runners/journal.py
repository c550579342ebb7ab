"""The master's journal of a run, so that another master can go on where one was killed: a file of SQLite.

The rule: what is acknowledged to a worker is in the file. A delta is added in the same turn in which it is
merged, and acknowledged when `commit` has returned it. A checkpoint holds all that was merged until then, and
for each worker up to which number; deltas that it holds are deleted.

The file survives the death of the process at any moment, not that of the machine: nothing waits for the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gevent
import msgpack
from gevent.lock import RLock
from gevent.threadpool import ThreadPool

from swarm.runners.journal_file import DeltaRow, JournalError, JournalFile, RunRow, WorkerRow
from swarm_stats.deltas import BadPayload, apply, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TypeVar

    from swarm_stats.exceptions import Exceptions
    from swarm_stats.registry import Registry

    T = TypeVar("T")

__all__ = ["Journal", "JournalError", "Merged", "MergedDelta"]

CHECKPOINT_BYTES = 32 * 1024 * 1024
"""So many bytes of deltas, and the next commit makes a checkpoint."""
MERGED, RESET, REFUSED = "merged", "reset", "refused"
REPLAY_TURN = 50
"""Deltas that are replayed before the other greenlets have a turn."""


@dataclass(frozen=True, slots=True)
class MergedDelta:
    """A delta that was dealt with: whose, its number in the run, and what `swarm_stats.deltas.apply` was given.

    `fate` is MERGED, or RESET or REFUSED for one of which nothing was merged; its payload is empty then.
    """

    identity: str
    incarnation: int
    number: int
    samples: int
    final: bool
    offset_s: float
    payload: Mapping[str, Any]
    fate: str = MERGED


@dataclass(frozen=True, slots=True)
class Merged:
    """What of one life of a worker is dealt with: deltas up to `applied`, and whether the last one is.

    `samples` of them are in the statistics, `reset` were before their last reset, `refused` could not be read.
    """

    applied: int = 0
    samples: int = 0
    final: bool = False
    reset: int = 0
    refused: int = 0


class Journal:
    """Keeps what `registry` and `exceptions` merged in the file at `path`, which is made if need be.

    `run` is the number of the run in it, 0 for none; `facts` are plain values of the caller's own (the target,
    the phase, the session); `merged` tells of each (identity, incarnation) what is merged; `kept` are numbers of
    the run that others keep here by name.

    Raises JournalError when the file is none of ours, damaged, of a newer version, or in use.
    """

    def __init__(
        self,
        path: Path,
        registry: Registry,
        exceptions: Exceptions,
        checkpoint_bytes: int = CHECKPOINT_BYTES,
    ) -> None:
        self.path = path
        self.run = 0
        self.facts: dict[str, Any] = {}
        self.merged: dict[tuple[str, int], Merged] = {}
        self.kept: dict[str, int] = {}
        self._registry = registry
        self._exceptions = exceptions
        self._checkpoint_bytes = checkpoint_bytes
        self._bytes = 0  # of the deltas in the file
        self._pending: list[MergedDelta] = []
        self._changed = False
        self._writing = RLock()
        self._thread = ThreadPool(1)  # its own: the hub's resolves names
        try:
            self._file = self._in_thread(lambda: JournalFile(path))
        except BaseException:
            self._thread.kill()
            raise

    def restore(self) -> bool:
        """Merge the run in the file into the registry, which is empty; return whether there was one.

        A checkpoint does not tell which workers a failure came from: that is known of what was merged after it.
        Raises JournalError when the file is damaged.
        """
        found = self._in_thread(self._file.read)
        if found is None:
            return False
        run, workers, deltas = found
        self.kept = self._in_thread(self._file.read_kept)
        registry = self._registry
        try:
            self.run, self.facts = run.number, _unpacked(run.facts)
            apply(registry, _unpacked(run.statistics), exceptions=self._exceptions)
            for row in workers:
                counts = (row.applied, row.samples, bool(row.final), row.reset, row.refused)
                self.merged[row.identity, row.incarnation] = Merged(*counts)
            for turn, delta in enumerate(deltas, 1):
                self._count(delta)
                if delta.fate == MERGED:
                    payload = _unpacked(delta.payload)
                    apply(registry, payload, delta.offset_s, self._exceptions, delta.identity)
                self._bytes += len(delta.payload)
                if turn % REPLAY_TURN == 0:
                    gevent.sleep(0)
            registry.history[:] = msgpack.unpackb(run.history)
        except (BadPayload, KeyError, ValueError, TypeError, msgpack.UnpackException) as error:
            raise self._file.damaged(f"{type(error).__name__}: {error}") from error
        for entry in (registry.total, *registry.entries.values()):
            entry.start_time = run.start_time
        return True

    def begin(self, run: int, facts: Mapping[str, Any]) -> None:
        """Begin run number `run`: what the file holds of another one goes. The registry was cleared before."""
        self.run = run
        self.facts = dict(facts)
        self.merged.clear()
        self.kept.clear()
        self._pending.clear()
        self.commit(checkpoint=True)

    def note(self, facts: Mapping[str, Any]) -> None:
        """Replace `facts`; they are in the file after the next commit."""
        self.facts = dict(facts)
        self._changed = True

    def reset(self, facts: Mapping[str, Any]) -> None:
        """Count all that was merged as before a reset: the registry was reset, and a checkpoint is to follow."""
        self.note(facts)
        for key, each in self.merged.items():
            self.merged[key] = replace(each, samples=0, reset=each.reset + each.samples)

    def keep(self, name: str, number: int) -> None:
        """Keep a number by this name until the next run; it is in the file after the next commit."""
        self.kept[name] = number
        self._changed = True

    def add(self, delta: MergedDelta) -> None:
        """Take in a delta, in the same turn in which the registry merged it.

        Raises JournalError when it is not the one that follows the last of its worker.
        """
        self._count(delta)
        self._pending.append(delta)

    def commit(self, checkpoint: bool = False) -> list[MergedDelta]:
        """Write what was added since the last commit in one transaction; return it: it may be acknowledged.

        Other greenlets go on meanwhile. With `checkpoint`, and when there are many deltas, the registry as it
        is now takes the place of the deltas. Nothing is returned for a run that has ended meanwhile. Raises
        JournalError when it cannot be written; the deltas are kept for the next commit then.
        """
        with self._writing:
            run = self.run
            batch, self._pending = self._pending, []
            changed, self._changed = self._changed, False
            try:
                if checkpoint or self._bytes > self._checkpoint_bytes:
                    self._write_checkpoint()
                elif batch or changed:
                    self._write_deltas(batch, changed)
            except BaseException:
                if self.run == run:
                    self._pending = batch + self._pending
                    self._changed = True
                raise
        return batch if self.run == run else []

    def close(self) -> None:
        """Let go of the file; what was not committed is not in it."""
        with self._writing:
            self._in_thread(self._file.close)
            self._thread.kill()

    def _count(self, delta: MergedDelta | DeltaRow) -> None:
        key = (delta.identity, delta.incarnation)
        merged = self.merged.get(key, Merged())
        if delta.number != merged.applied + 1:
            raise self._file.damaged(
                f"delta {delta.number} of {delta.identity} does not follow number {merged.applied}"
            )
        count = {MERGED: "samples", RESET: "reset", REFUSED: "refused"}[delta.fate]
        counted = {count: getattr(merged, count) + delta.samples}
        self.merged[key] = replace(merged, applied=delta.number, final=bool(delta.final), **counted)

    def _write_checkpoint(self) -> None:
        # Everything as it is in this turn; the thread makes bytes of it.
        statistics = pack(self._registry, self._exceptions)
        history = list(self._registry.history)
        kept = dict(self.kept)
        run = RunRow(self.run, msgpack.packb(self.facts), self._registry.start_time, b"", b"")
        workers = [
            WorkerRow(*key, each.applied, each.samples, each.final, each.reset, each.refused)
            for key, each in self.merged.items()
        ]

        def write() -> None:
            whole = replace(
                run, statistics=msgpack.packb(statistics), history=msgpack.packb(history, default=str)
            )
            self._file.write_checkpoint(whole, workers, kept)

        self._in_thread(write)
        self._bytes = 0

    def _write_deltas(self, batch: list[MergedDelta], changed: bool) -> None:
        facts = msgpack.packb(self.facts) if changed else None
        kept = dict(self.kept) if changed else None

        def write() -> int:
            rows = [
                DeltaRow(
                    each.identity,
                    each.incarnation,
                    each.number,
                    each.samples,
                    each.final,
                    each.offset_s,
                    msgpack.packb(each.payload),
                    each.fate,
                )
                for each in batch
            ]
            self._file.write_deltas(rows, facts, kept)
            return sum(len(row.payload) for row in rows)

        self._bytes += self._in_thread(write)

    def _in_thread(self, work: Callable[[], T]) -> T:
        result: T = self._thread.apply(work)
        return result


def _unpacked(packed: bytes) -> dict[str, Any]:
    unpacked: dict[str, Any] = msgpack.unpackb(packed, strict_map_key=False)
    return unpacked
