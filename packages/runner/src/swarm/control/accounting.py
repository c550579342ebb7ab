"""The account of a run's samples: heard of, merged, reset, missing; worker by worker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerAccount:
    """One worker's part in a run, in samples.

    `heard` is the highest running count that it told of, `merged` what of its deltas is in the statistics, `reset`
    what was recorded before their last reset, `refused` what came and could not be read. `final` says that its
    last delta came, so that nothing else can be missing. The clock's offset (seconds ahead of the master's) and
    its uncertainty are None when it was never estimated.
    """

    identity: str
    incarnation: int
    heard: int
    merged: int
    final: bool
    offset_s: float | None = None
    uncertainty_s: float | None = None
    reset: int = 0
    refused: int = 0

    @property
    def arrived(self) -> int:
        """Samples in all deltas that came."""
        return self.merged + self.reset + self.refused

    @property
    def closed(self) -> bool:
        """Whether all that it measured is accounted for."""
        return self.final and not self.refused

    @property
    def missing(self) -> int:
        """Samples that were heard of and are not in the statistics; there may be more unless it is closed."""
        return self.refused + (0 if self.final else max(0, self.heard - self.arrived))


@dataclass(frozen=True, slots=True)
class Accounting:
    """The accounts of all workers that took part in a run."""

    run: int
    workers: tuple[WorkerAccount, ...]

    @property
    def heard(self) -> int:
        """Samples that all workers told of."""
        return sum(max(row.heard, row.arrived) for row in self.workers)

    @property
    def merged(self) -> int:
        """Samples in the run's statistics."""
        return sum(row.merged for row in self.workers)

    @property
    def reset(self) -> int:
        """Samples that were recorded before the last reset of the statistics."""
        return sum(row.reset for row in self.workers)

    @property
    def refused(self) -> int:
        """Samples that came and could not be read."""
        return sum(row.refused for row in self.workers)

    @property
    def missing(self) -> int:
        """Samples that are missing, at least."""
        return sum(row.missing for row in self.workers)

    @property
    def closed(self) -> bool:
        """Whether every worker has delivered its last delta, so that the statistics are exact."""
        return all(row.closed for row in self.workers)

    @property
    def open(self) -> list[str]:
        """The names of the workers that have not delivered all: more than is known may be missing."""
        return [row.identity for row in self.workers if not row.closed]

    def sentence(self) -> str:
        """Return the account in one line, for the summary."""
        workers = f"{len(self.workers)} worker{'' if len(self.workers) == 1 else 's'}"
        before = f" ({self.reset} before the reset are not counted)" if self.reset else ""
        if self.closed:
            return f"{workers}: all {self.merged} samples merged, none missing{before}."
        open_rows = self.open
        names = ", ".join(open_rows[:5]) + (f" and {len(open_rows) - 5} more" if len(open_rows) > 5 else "")
        if not self.missing:
            who, its = ("1 worker", "its") if len(open_rows) == 1 else (f"{len(open_rows)} workers", "their")
            return (
                f"{workers}: {self.merged} samples merged{before}. {who} did not deliver {its} last report: "
                f"{names}; what came after the one before is not counted."
            )
        refused = f"; {self.refused} of them came and could not be read" if self.refused else ""
        missing = f"at least {self.missing} missing (of {names})"
        return f"{workers}: {self.merged} samples merged{before}, {missing}{refused}."
