"""What the process's exit code says, and which reason wins when there are several (docs/exit-codes.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of `swarm-cli`."""

    OK = 0
    FAILED = 1
    """A request failed, a task raised, or the test could not be loaded."""
    ERROR = 2
    """Wrong options, a listener or an output that failed, a lost worker, an error of Swarm's own."""
    MISSING = 3
    """Samples are missing: a worker had measured them and they did not come."""
    INVALID = 4
    """The generator was the bottleneck, so the numbers do not describe the target (`--require-valid`)."""
    INTERRUPTED = 130
    """A second Ctrl-C, or the first before the run had begun."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known about a run when it has ended."""

    process_exit_code: int | None = None
    """`environment.process_exit_code`: the locustfile's own decision, which may be 0."""
    errors: int = 0
    """Exceptions in listeners, outputs that could not be written, errors of Swarm's own."""
    missing: int = 0
    """Samples that workers had measured and that did not come."""
    lost_workers: int = 0
    """Workers that were lost and did not come back."""
    failures: int = 0
    """Failed requests and exceptions of tasks, by kind."""
    invalid: bool = False
    """The generator was the bottleneck."""


def resolve(outcome: Outcome, *, exit_code_on_error: int, require_valid: bool) -> int:
    """Return the exit code of a run: the locustfile's own, then 2, then 3, then 4, then that of failures, then 0.

    A lost worker of which no sample is known to be missing is a 2 behind the 3.
    """
    if outcome.process_exit_code is not None:
        return outcome.process_exit_code
    if outcome.errors:
        return ExitCode.ERROR
    if outcome.missing:
        return ExitCode.MISSING
    if outcome.lost_workers:
        return ExitCode.ERROR
    if outcome.invalid and require_valid:
        return ExitCode.INVALID
    if outcome.failures:
        return exit_code_on_error
    return ExitCode.OK
