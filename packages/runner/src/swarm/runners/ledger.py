"""The master's books: merges deltas into the statistics, and with a journal keeps what makes a restart exact."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gevent

from swarm.control.happenings import Journaled, Restored
from swarm.control.records import RunRecord, WorkerRecord
from swarm.log import get_logger
from swarm.runners.journal import MERGED, REFUSED, RESET, Journal, JournalError, MergedDelta
from swarm_stats.deltas import BadPayload, Payload, apply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from swarm.control.effects import Apply, Discard
    from swarm.control.happenings import Happening
    from swarm.control.messages import Delta
    from swarm.runners.runner import Runner

log = get_logger(__name__)

COMMIT_INTERVAL_S = 0.1
"""Deltas wait so long for one another, to be committed in one transaction."""


class Ledger:
    """Keeps the books of `runner`; `bring` is told of what is committed. Without a path there is no journal.

    Raises JournalError when the file cannot be used.
    """

    def __init__(self, runner: Runner, path: Path | None, bring: Callable[[Happening], None]) -> None:
        self._runner = runner
        self._bring = bring
        self._workers: dict[
            tuple[str, int], tuple[int, bool]
        ] = {}  # its index, and whether it was told to leave
        self._run: RunRecord | None = None
        self._noted = True
        self.journal = None if path is None else Journal(path, runner.stats, runner.exceptions)
        self._greenlet = None if self.journal is None else gevent.spawn(self._commit_for_ever)

    def restored(self) -> Restored | None:
        """Take up the run that the journal holds; None when there is none, or it is over."""
        journal = self.journal
        if journal is None or not journal.restore():
            return None
        facts = dict(journal.facts)
        workers = facts.pop("workers", [])
        self._run = RunRecord(run=journal.run, **facts)
        for identity, incarnation, index, *draining in workers:  # an older journal knows of no draining
            self._workers[identity, incarnation] = index, any(draining)
        records = []
        for key, (index, draining) in self._workers.items():
            merged = journal.merged.get(key)
            if merged is None:
                records.append(WorkerRecord(*key, index, draining=draining))
            else:
                records.append(
                    WorkerRecord(
                        *key,
                        index,
                        merged.applied,
                        merged.samples,
                        merged.final,
                        merged.reset,
                        merged.refused,
                        draining,
                    )
                )
        log.info(
            "the journal holds a run", run=journal.run, state=self._run.state, workers=len(records),
            requests=self._runner.stats.num_requests,
        )  # fmt: skip
        return Restored(self._run, records)

    def remember(self, run: RunRecord) -> None:
        """Note the run; it is in the file after `flush`."""
        self._run = run
        self._noted = False

    def remember_worker(self, worker: WorkerRecord) -> None:
        """Note a worker; it is in the file after `flush`."""
        self._workers[worker.identity, worker.incarnation] = worker.index, worker.draining
        self._noted = False

    def flush(self) -> None:
        """Commit what was noted, if anything was."""
        if self._noted or self._run is None or self.journal is None:
            return
        self._noted = True
        try:
            if self._run.run == self.journal.run:
                self.journal.note(self._facts(self._run))
                self._commit()
            else:
                self._runner.stats.clear_all()
                self._runner.exceptions.clear()
                self.journal.begin(self._run.run, self._facts(self._run))
        except JournalError as error:
            log.warning(f"the journal cannot be written: {error}")

    def _facts(self, run: RunRecord) -> dict[str, Any]:
        facts = asdict(run) | {"users": dict(run.users)}
        del facts["run"]
        return facts | {"workers": [[*key, *told] for key, told in self._workers.items()]}

    def apply(self, effect: Apply) -> None:
        """Merge a delta. Raises BadPayload for one that is none, or has not what it says; nothing is counted then."""
        delta = effect.delta
        payload = Payload.read(delta.payload)
        if payload.samples != delta.samples:
            raise BadPayload(f"it is said to have {delta.samples} samples and has {payload.samples}")
        apply(self._runner.stats, payload, effect.offset_s, self._runner.exceptions, effect.identity)
        self._add(effect, delta, MERGED, effect.offset_s, delta.payload)

    def discard(self, effect: Discard) -> None:
        """Note that a delta came of which nothing is merged."""
        self._add(effect, effect.delta, REFUSED if effect.refused else RESET, 0.0, {})

    def _add(
        self, of: Apply | Discard, delta: Delta, fate: str, offset_s: float, payload: Mapping[str, Any]
    ) -> None:
        if self.journal is None:
            refused = fate == REFUSED
            self._bring(Journaled(of.identity, of.incarnation, delta.run, delta.number, refused))
        else:
            self.journal.add(
                MergedDelta(
                    of.identity,
                    of.incarnation,
                    delta.number,
                    delta.samples,
                    delta.final,
                    offset_s,
                    payload,
                    fate,
                )
            )

    def reset(self) -> None:
        """Set the statistics to zero; with a journal that is in the file when this returns, in one transaction."""
        self._runner.stats.reset_all()
        self._runner.exceptions.clear()
        if self.journal is not None and self._run is not None:
            self._noted = True
            self.journal.reset(self._facts(self._run))
            self._commit(checkpoint=True)

    def kept(self, name: str) -> int:
        """Return the number that the journal keeps by this name in this run; 0 for none, and without a journal."""
        return 0 if self.journal is None else self.journal.kept.get(name, 0)

    def keep(self, name: str, number: int) -> None:
        """Keep a number by this name: with a journal it is in the file when this returns."""
        if self.journal is not None:
            self.journal.keep(name, number)
            self._commit()

    def close(self) -> None:
        """Commit what is left and let go of the file."""
        if self._greenlet is not None:
            self._greenlet.kill()
        if self.journal is not None:
            self._commit()
            self.journal.close()

    def _commit_for_ever(self) -> None:
        while True:
            gevent.sleep(COMMIT_INTERVAL_S)
            self._commit()

    def _commit(self, checkpoint: bool = False) -> None:
        journal = self.journal
        if journal is None:
            return
        try:
            run = journal.run
            for merged in journal.commit(checkpoint=checkpoint):
                refused = merged.fate == REFUSED
                self._bring(Journaled(merged.identity, merged.incarnation, run, merged.number, refused))
        except JournalError as error:
            log.warning(f"the journal cannot be written: {error}")
