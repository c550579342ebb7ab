"""What a journal keeps of a run, so that a master that starts again can go on with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The run as it was last decided: its number, the state of its lifecycle, and what it is to do."""

    run: int
    state: str
    users: Mapping[str, int] = field(default_factory=dict)
    spawn_rate: float = 1.0
    host: str | None = None
    stop_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker that takes part in the run.

    `applied` is the number of its last delta that is merged and committed, `merged` the samples in all of them,
    and `final` says that the last one closed its part of the run. `index` is its number in the swarm, from 0.
    """

    identity: str
    incarnation: int
    index: int = 0
    applied: int = 0
    merged: int = 0
    final: bool = False
