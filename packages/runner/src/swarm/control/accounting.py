"""The account of a run's samples: heard of, merged, missing; worker by worker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerAccount:
    """One worker's part in a run, in samples.

    `heard` is the highest running count that it told of, `merged` what has come in its deltas. `closed` says
    that its last delta came, so that nothing can be missing. The clock's offset (seconds ahead of the master's)
    and its uncertainty are None when it was never estimated.
    """

    identity: str
    incarnation: int
    heard: int
    merged: int
    closed: bool
    offset_s: float | None = None
    uncertainty_s: float | None = None

    @property
    def missing(self) -> int:
        """Samples that were heard of and did not come; there may be more unless the account is closed."""
        return 0 if self.closed else max(0, self.heard - self.merged)


@dataclass(frozen=True, slots=True)
class Accounting:
    """The accounts of all workers that took part in a run."""

    run: int
    workers: tuple[WorkerAccount, ...]

    @property
    def heard(self) -> int:
        """Samples that all workers told of."""
        return sum(max(row.heard, row.merged) for row in self.workers)

    @property
    def merged(self) -> int:
        """Samples in the run's statistics."""
        return sum(row.merged for row in self.workers)

    @property
    def missing(self) -> int:
        """Samples that are missing, at least."""
        return sum(row.missing for row in self.workers)

    @property
    def closed(self) -> bool:
        """Whether every worker has delivered its last delta, so that the statistics are exact."""
        return all(row.closed for row in self.workers)

    def sentence(self) -> str:
        """Return the account in one line, for the summary."""
        workers = f"{len(self.workers)} worker{'' if len(self.workers) == 1 else 's'}"
        if self.closed:
            return f"{workers}: all {self.merged} samples merged, none missing."
        open_rows = [row.identity for row in self.workers if not row.closed]
        names = ", ".join(open_rows[:5]) + (f" and {len(open_rows) - 5} more" if len(open_rows) > 5 else "")
        return f"{workers}: {self.merged} samples merged, at least {self.missing} missing (of {names})."
