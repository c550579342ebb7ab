"""How far a run has come: time of run time, users of target, state."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from swarm_cli.timespan import format_timespan

if TYPE_CHECKING:
    from swarm.runners.steered import SteeredRunner


class Progress:
    """Tells the progress of a runner; the clock runs from `begin`."""

    def __init__(self, runner: SteeredRunner) -> None:
        self._runner = runner
        self._begun = time.monotonic()
        self._run_time: float | None = None

    def begin(self, run_time: float | None) -> None:
        """Start the clock of a run that is to last `run_time` seconds, None without an end."""
        self._begun = time.monotonic()
        self._run_time = run_time

    @property
    def fraction(self) -> float | None:
        """The part of the run time that is over, None for a run without an end."""
        return min(1.0, self._elapsed / self._run_time) if self._run_time else None

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._begun

    def line(self) -> str:
        """Return one line: `running: 12s of 1m, 50 of 50 users`."""
        runner = self._runner
        lasting = f" of {format_timespan(self._run_time)}" if self._run_time else ""
        users = f"{runner.user_count:,} of {runner.target_user_count:,} users"
        return f"{runner.lifecycle.state}: {format_timespan(round(self._elapsed))}{lasting}, {users}"
