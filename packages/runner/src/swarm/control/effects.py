"""What the cores of master and worker ask their shells to do, besides the instructions of the run's lifecycle.

A shell carries out a list in its order. `swarm.control.instructions` are part of it: on the master the ones of
the run's own listeners (ClearStatistics, FireTestStart, FireSpawningComplete, FireTestStopping, FireTestStop,
Shutdown), on a worker those and Spawn, HoldUsers, ReleaseUsers, StopUsers, CutUsers. A Spawn, StopUsers or CutUsers
whose phase is no longer `core.phase` when its turn comes is to be dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from swarm.control.instructions import Instruction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swarm.control.accounting import Accounting
    from swarm.control.messages import Delta, Message
    from swarm.control.records import RunRecord, WorkerRecord


@dataclass(frozen=True, slots=True)
class Effect(Instruction):
    """Base of the effects."""


@dataclass(frozen=True, slots=True)
class Log(Effect):
    """Write a line to the log; `level` is "info" or "warning"."""

    level: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FireResetStats(Effect):
    """Call the listeners of `reset_stats`."""


# -- of the master ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send(Effect):
    """Send a message to the worker behind this routing id. When it can't be reached, bring in Disconnected."""

    peer: bytes
    message: Message


@dataclass(frozen=True, slots=True)
class Apply(Effect):
    """Merge this delta into the run's statistics, its seconds moved by `-offset_s`; then bring in Journaled.

    `offset_s` is how far the worker's clock is ahead of the master's. With a journal the row is committed first:
    at the latest with it the worker's record.
    """

    identity: str
    incarnation: int
    delta: Delta
    offset_s: float


@dataclass(frozen=True, slots=True)
class Discard(Effect):
    """Merge nothing of this delta, but note in the journal that it came; then bring in Journaled.

    Its samples were recorded before the last reset, or with `refused` it is none that can be.
    """

    identity: str
    incarnation: int
    delta: Delta
    refused: bool = False


@dataclass(frozen=True, slots=True)
class ResetStatistics(Effect):
    """Set the run's statistics to zero before the effects after this one; with a journal commit that."""


@dataclass(frozen=True, slots=True)
class Drop(Effect):
    """Count something that came and was dropped, for `reason` (a fixed text, in the plural); log it now and then."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Remember(Effect):
    """Commit the run to the journal before the effects after this one are carried out; without one do nothing."""

    run: RunRecord


@dataclass(frozen=True, slots=True)
class RememberWorker(Effect):
    """Commit to the journal that this worker takes part in `run`; before the effects after this one."""

    run: int
    worker: WorkerRecord


@dataclass(frozen=True, slots=True)
class WorkerJoined(Effect):
    """A worker is new (event `worker_connect`)."""

    identity: str
    index: int


@dataclass(frozen=True, slots=True)
class WorkerLost(Effect):
    """A worker is silent; its users go to the others at the spawn rate. What it has leased may be given back."""

    identity: str


@dataclass(frozen=True, slots=True)
class WorkerBack(Effect):
    """A worker that was missing speaks again, as the same process."""

    identity: str


@dataclass(frozen=True, slots=True)
class WorkerLeft(Effect):
    """A worker said goodbye; `drained` when it had been told to leave and has delivered all that it measured."""

    identity: str
    drained: bool = False


@dataclass(frozen=True, slots=True)
class RunClosed(Effect):
    """The run is over: every worker has delivered its last delta, or their time is up."""

    accounting: Accounting


# -- of the worker ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Say(Effect):
    """Send a message to the master."""

    message: Message


@dataclass(frozen=True, slots=True)
class Reconnect(Effect):
    """Open a new socket with a new routing id: the master was not heard for too long."""


@dataclass(frozen=True, slots=True)
class Welcomed(Effect):
    """The master has taken this worker in, for the first time or again (`again`)."""

    index: int
    options: Mapping[str, Any]
    again: bool


@dataclass(frozen=True, slots=True)
class PrepareRun(Effect):
    """A run begins, or goes on with other options: take them over before anything else of it.

    The host and the stop timeout (seconds), the master's options (empty: none are new), and how many resets of
    the run's statistics lie before all that is recorded from now on.
    """

    host: str | None
    stop_timeout: float | None
    options: Mapping[str, Any] = field(default_factory=dict)
    resets: int = 0


@dataclass(frozen=True, slots=True)
class Reset(Effect):
    """The statistics of `run` were reset for the `resets`-th time: cut a delta as Cut says, then tell the listeners.

    What was recorded until then lies before the reset.
    """

    run: int
    resets: int


@dataclass(frozen=True, slots=True)
class Cut(Effect):
    """Cut a delta off the statistics of `run` and bring it in as DeltaCut, `final` as it is here.

    A final one is cut when all users have ended; listeners of `report_to_master` are called before each.
    """

    run: int
    final: bool


@dataclass(frozen=True, slots=True)
class End(Effect):
    """End the process; the reason is empty when the master said so or the worker was asked to."""

    reason: str = ""


# -- of both ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeliverCustom(Effect):
    """Give a message of the user's own to its listener; `identity` is its sender, empty for the master."""

    identity: str
    type: str
    data: Any


@dataclass(frozen=True, slots=True)
class Forward(Effect):
    """A message that the core has no part in (the source, the leases of feeds), from a sender that it knows.

    On the master `peer` is where an answer goes to and `identity` the worker, empty before its hello: then it is
    a SourceRequest.
    """

    message: Message
    peer: bytes = b""
    identity: str = ""
