"""What a journal keeps of a run, so that a master that starts again can go on with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The run as it was last decided: its number, the state of its lifecycle, and what it is to do.

    `began_at` is when it began (seconds since the epoch, the master's clock), `complete` whether all users of the
    target were there, `ramp` how many times they were, and `resets` how many times its statistics were reset;
    `forced` that users which drain are cut off.
    """

    run: int
    state: str
    users: Mapping[str, int] = field(default_factory=dict)
    spawn_rate: float = 1.0
    host: str | None = None
    stop_timeout: float | None = None
    began_at: float = 0.0
    complete: bool = False
    ramp: int = 0
    resets: int = 0
    reset_when_complete: bool = False
    forced: bool = False


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker that takes part in the run.

    `applied` is the number of its last delta that is committed, and `final` says that it closed its part of the
    run. Of the samples in all of them `merged` are in the statistics, `reset` were recorded before the last reset,
    and `refused` could not be read. `index` is its number in the swarm, from 0; `draining` that it was told to leave.
    """

    identity: str
    incarnation: int
    index: int = 0
    applied: int = 0
    merged: int = 0
    final: bool = False
    reset: int = 0
    refused: int = 0
    draining: bool = False
