"""What a master does before and after a run for its workers: tells where it listens, waits, and accounts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gevent

from swarm.log import get_logger
from swarm.transport.secret import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swarm.control.accounting import Accounting, WorkerAccount
    from swarm.runners.master import MasterRunner

log = get_logger(__name__)

POLL_S = 0.05
REMIND_S = 10.0
"""Seconds between two lines that say who is still waited for."""


class Gathering:
    """Waits until the workers that are expected are there. `ended` gives the exit codes of children that ended."""

    def __init__(
        self,
        runner: MasterRunner,
        expected: int,
        max_wait: float,
        ended: Callable[[], Sequence[int]] = tuple,
    ) -> None:
        self._runner = runner
        self._expected = expected
        self._max_wait = max_wait
        self._ended = ended

    def wait(self) -> str:
        """Return an empty text when all are there, else why they will not come."""
        runner, begun = self._runner, time.monotonic()
        reminded = begun
        while runner.worker_count < self._expected:
            now = time.monotonic()
            if codes := self._ended():
                return f"a worker process ended before the run began (exit code {codes[0]}): its message is above"
            if self._max_wait and now - begun >= self._max_wait:
                return (
                    f"{runner.worker_count} of {self._expected} workers came within {self._max_wait:g} s: start "
                    "more, or give a lower --expect-workers"
                )
            if now - reminded >= REMIND_S:
                reminded = now
                log.info(f"waiting for workers: {runner.worker_count} of {self._expected} are there")
            gevent.sleep(POLL_S)
        return ""


def tell_where(runner: MasterRunner) -> None:
    """Say where the master listens, and on loopback how others could reach it."""
    if is_loopback(runner.host):
        log.info(
            f"listening for workers on {runner.host}:{runner.port}, for this machine only. For workers on others: "
            "--master-bind-host ADDRESS --secret-file FILE (make the file with `swarm-cli secret`)"
        )
    else:
        log.info(f"listening for workers on {runner.host}:{runner.port}")


def remarks(accounting: Accounting | None) -> list[str]:
    """Return the paragraph of the summary that accounts for the samples; none for a run on one machine."""
    if accounting is None:
        return []
    rows = [_line(row) for row in accounting.workers if not row.closed or abs(row.offset_s or 0) >= NOTABLE_S]
    return ["\n".join([accounting.sentence(), *rows])]


def facts(accounting: Accounting | None) -> dict[str, Any]:
    """Return what the JSON tells of the workers; nothing for a run on one machine."""
    if accounting is None:
        return {}
    return {
        "samples_heard": accounting.heard,
        "samples_merged": accounting.merged,
        "samples_reset": accounting.reset,
        "samples_refused": accounting.refused,
        "samples_missing": accounting.missing,
        "samples_complete": accounting.closed,
        "workers": [
            {
                "id": row.identity,
                "samples_heard": row.heard,
                "samples_merged": row.merged,
                "samples_reset": row.reset,
                "samples_refused": row.refused,
                "samples_missing": row.missing,
                "complete": row.closed,
                "clock_offset_s": row.offset_s,
                "clock_uncertainty_s": row.uncertainty_s,
            }
            for row in accounting.workers
        ],
    }


NOTABLE_S = 0.5
"""A clock that is further off has its line in the summary."""


def _line(row: WorkerAccount) -> str:
    clock = (
        "its clock was not compared"
        if row.offset_s is None
        else f"its clock is {row.offset_s:+.3f} s off (± {row.uncertainty_s or 0:.3f} s)"
    )
    known = f"at least {row.missing} missing" if row.missing else "its last report is missing"
    missing = "" if row.closed else f", {known}"
    reset = f", {row.reset} before the reset" if row.reset else ""
    heard = max(row.heard, row.arrived)
    return f"  {row.identity}: {row.merged} of {heard} samples merged{reset}{missing}; {clock}"
