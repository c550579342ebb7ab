"""What happens to the cores of master and worker: the events that their shells bring in, one `handle` for all.

`MasterCore.handle(now, happening)` and `WorkerCore.handle(now, happening)` take these and return what is to be
done (`swarm.control.effects`, `swarm.control.instructions`). `now` is seconds since the epoch on a clock that
never goes back: the wall clock when the process began, plus what a monotonic clock has counted since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swarm.control.instructions import Target
    from swarm.control.messages import Message
    from swarm.control.records import RunRecord, WorkerRecord


@dataclass(frozen=True, slots=True)
class Happening:
    """Base of all that happens."""


# -- to the master ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Received(Happening):
    """A message of a worker came; `peer` is the routing id under which the transport knows it."""

    peer: bytes
    message: Message


@dataclass(frozen=True, slots=True)
class Disconnected(Happening):
    """The transport can no longer reach this peer. Its worker may come back under another routing id."""

    peer: bytes


@dataclass(frozen=True, slots=True)
class MasterTick(Happening):
    """Time goes by: to be brought in at least four times in a heartbeat interval."""


@dataclass(frozen=True, slots=True)
class Asked(Happening):
    """Somebody asks the run for something.

    Start, retarget, pause, resume, stop, force (what drains while it stops is cut off), reset (its statistics),
    configure (only give workers the options), or quit.

    What follows `target` goes with start and retarget: the host, the stop timeout (seconds), whether the
    statistics are reset when all users are there, and the options that workers take over (None: as before).
    `handle` raises LifecycleError when the state does not allow it; nothing has changed then.
    """

    name: str
    target: Target | None = None
    host: str | None = None
    stop_timeout: float | None = None
    reset_when_complete: bool = False
    options: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DrainAsked(Happening):
    """The worker of this name is to leave in order, with all that it measured; its users go to the others.

    `handle` raises LifecycleError when that cannot be; nothing has changed then.
    """

    identity: str


@dataclass(frozen=True, slots=True)
class Journaled(Happening):
    """The delta of an Apply or Discard is dealt with, and committed where there is a journal: it is acknowledged.

    `refused` says that it could not be read, so that nothing of it was counted.
    """

    identity: str
    incarnation: int
    run: int
    number: int
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Restored(Happening):
    """The journal of a master that died holds this run; to be brought in before anything else."""

    run: RunRecord
    workers: Sequence[WorkerRecord]


# -- to the worker ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard(Happening):
    """A message of the master came."""

    message: Message


@dataclass(frozen=True, slots=True)
class Connected(Happening):
    """The transport has a connection to the master, for the first time or again."""


@dataclass(frozen=True, slots=True)
class WorkerTick(Happening):
    """Time goes by: to be brought in at least four times in a heartbeat interval.

    `uncut` is how many samples were recorded since the last delta was cut, `users` the users that run, by class.
    """

    uncut: int = 0
    users: Mapping[str, int] = field(default_factory=dict)
    cpu_percent: float = 0.0
    memory_bytes: int = 0
    lag_p99_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Spawned(Happening):
    """Exactly the users of the Spawn of this phase run."""

    phase: int


@dataclass(frozen=True, slots=True)
class UsersStopped(Happening):
    """All users have ended, as the StopUsers of this phase asked."""

    phase: int


@dataclass(frozen=True, slots=True)
class DeltaCut(Happening):
    """A delta was cut, as a Cut asked: `samples` are in its `payload`. One that is empty need only come if final.

    `resets` is what the last PrepareRun or Reset of the run said.
    """

    run: int
    final: bool
    samples: int
    payload: Mapping[str, Any]
    resets: int = 0


@dataclass(frozen=True, slots=True)
class LeaveAsked(Happening):
    """The worker's process is to end in order (SIGTERM, Ctrl-C, a test that asked for it)."""


# -- to both ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CustomAsked(Happening):
    """A message of the user's own is to be sent: on the master to one worker, or to all that are there."""

    type: str
    data: Any
    identity: str | None = None
