"""One frozen copy of a run's statistics: what table, CSV, JSON and report are all made from.

The rule: nobody records into a snapshot, and its clock stands still, so that all that is read from it agrees.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from swarm_stats.entries import Entry
    from swarm_stats.failures import Failure, FailureKey
    from swarm_stats.registry import Registry


@dataclass(frozen=True)
class Snapshot:
    """The statistics of a run at `time` (seconds since the epoch).

    `exceptions` are rows with count, msg, traceback and nodes; `names_full` tells that some requests stand
    under "(other)".
    """

    time: float
    start_time: float
    last_request_timestamp: float | None
    total: Entry
    entries: Mapping[tuple[str, str], Entry]
    errors: Mapping[FailureKey, Failure]
    exceptions: tuple[Mapping[str, Any], ...]
    history: tuple[Mapping[str, Any], ...]
    names_full: bool
    max_names: int
    current_window: int

    @classmethod
    def of(
        cls,
        registry: Registry,
        exceptions: Iterable[Mapping[str, Any]] = (),
        now: float | None = None,
    ) -> Snapshot:
        """Take a snapshot of `registry`; `now` defaults to its clock."""
        total = registry.total.copy()
        entries = {key: entry.copy() for key, entry in registry.entries.items() if not entry.is_empty}
        snapshot = cls(
            time=registry.clock() if now is None else now,
            start_time=total.start_time,
            last_request_timestamp=total.last_request_timestamp,
            total=total,
            entries=entries,
            errors={key: copy(failure) for key, failure in registry.errors.items()},
            exceptions=tuple(dict(row) for row in exceptions),
            history=tuple(dict(row) for row in registry.history),
            names_full=registry.names_full,
            max_names=registry.max_names,
            current_window=registry.current_window,
        )
        for entry in (total, *entries.values()):
            entry.stats = snapshot
        return snapshot

    @property
    def clock(self) -> Callable[[], float]:
        """A clock that stands still at `time`."""
        return lambda: self.time

    @property
    def interrupted(self) -> int:
        """Requests that were cut off when the run stopped."""
        return self.total.num_interrupted
