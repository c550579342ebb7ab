"""What master and workers say to each other: the messages, their fields, and what each field may hold.

The rule: whatever changes state is numbered by its sender and acknowledged, and may be said twice. Assignments
are absolute, deltas are applied in the order of their numbers, once each. A message never names its sender; the
transport knows that.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  the codec reads the fields' types
from dataclasses import dataclass, field
from typing import Any

PROTOCOL = 1
"""Both ends must speak the same number."""


@dataclass(frozen=True, slots=True)
class Message:
    """Base of all messages. Times are seconds on the clock of the sender's own host (since the epoch)."""


# -- from a worker ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello(Message):
    """A worker is there, for the first time or again.

    `identity` is the worker's name, `incarnation` the life of its process: the same name with another
    incarnation is another worker. `session` is the token of an earlier welcome, empty the first time.
    `locustfile` is the content hash of what it has loaded, `applied` the number of the last assignment that it
    took, `run` the run that it belonged to, `cut` the number of the last delta that it has cut.
    """

    identity: str
    incarnation: int
    session: str
    sent_at: float
    protocol: int = PROTOCOL
    version: str = ""
    locustfile: str = ""
    run: int = 0
    applied: int = 0
    cut: int = 0
    state: str = "ready"
    users: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heartbeat(Message):
    """A sign of life and what the worker is doing.

    `samples` is its running count of samples in `run`, `cut` the number of its last delta, `applied` the last
    assignment that it took, `reached` the last whose users all run (or have all stopped). `heard_at` and
    `master_time` are when it last heard the master, and what the master's clock said in that message: what the
    master needs to estimate the offset of the clocks. `complete` is the ramp of the run's last SpawningComplete.
    """

    session: str
    sent_at: float
    run: int
    state: str
    users: Mapping[str, int]
    samples: int
    cut: int
    applied: int
    reached: int
    heard_at: float = 0.0
    master_time: float = 0.0
    cpu_percent: float = 0.0
    memory_bytes: int = 0
    lag_p99_ms: float = 0.0
    complete: int = 0


@dataclass(frozen=True, slots=True)
class Delta(Message):
    """Increments of the worker's statistics since the delta before; `samples` requests are in it.

    `final` marks the last one of a run. `payload` is what `swarm_stats.deltas` cuts and applies. `resets` is how
    many resets of the run's statistics the worker knew of when it was cut: all in it was recorded after the last
    of them.
    """

    session: str
    run: int
    number: int
    samples: int
    final: bool
    payload: Mapping[str, Any]
    resets: int = 0


@dataclass(frozen=True, slots=True)
class Goodbye(Message):
    """The worker leaves in order; its users have stopped and its last delta was sent."""

    session: str


@dataclass(frozen=True, slots=True)
class SourceRequest(Message):
    """The worker asks for the locustfile and the local modules that it imports."""


# -- from the master -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Welcome(Message):
    """The master takes the worker in, in answer to the hello that was sent at `answers` (the worker's clock).

    `run` is the run in which the master knows this worker, 0 for none: then what the worker still does of a run is
    nobody's. `applied` is the last delta of it that the master has merged in `run`.
    """

    session: str
    sent_at: float
    index: int
    run: int
    applied: int
    heartbeat_interval: float
    report_interval: float
    options: Mapping[str, Any] = field(default_factory=dict)
    answers: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal(Message):
    """The master does not take the worker in, and why; with `retry` it may say hello again."""

    reason: str
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Assignment(Message):
    """Run exactly these users of each class, got to at `spawn_rate` a second.

    `number` rises with each assignment to this worker. `run` above the worker's own begins a new run there.
    `phase` is "run", "pause" (no user begins a task), "stop" (stop the users, send the final delta) or "cut" (the
    same, and what drains still is cut off at once). The first user starts or stops after `start_after` seconds, so
    that slow ramps are even across the swarm. `options` are those of the master, empty when the worker has them;
    `resets` see Pulse.
    """

    session: str
    number: int
    run: int
    phase: str
    users: Mapping[str, int]
    spawn_rate: float
    host: str | None = None
    stop_timeout: float | None = None
    start_after: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)
    resets: int = 0


@dataclass(frozen=True, slots=True)
class Pulse(Message):
    """The master's heartbeat; `applied` is the last delta of this worker that is merged and safe in `run`.

    `resets` is how many times the run's statistics were reset. A worker that hears of another one cuts a delta:
    what it had recorded until then belongs before the reset.
    """

    session: str
    sent_at: float
    run: int
    applied: int
    resets: int = 0


@dataclass(frozen=True, slots=True)
class SpawningComplete(Message):
    """All users of the whole swarm are there, for the `ramp`-th time in the run; repeated until it is known of.

    A worker that comes later hears of it when it has its share.
    """

    session: str
    run: int
    user_count: int
    ramp: int = 1


@dataclass(frozen=True, slots=True)
class Source(Message):
    """The locustfile: relative path to text of it and of its local modules, and which one to load."""

    main: str
    files: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class Quit(Message):
    """The run is over for good: end the process."""

    session: str


# -- both ways -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Custom(Message):
    """A message of the user's own; numbered by its sender for this peer, delivered once, in order."""

    session: str
    number: int
    type: str
    data: Any


@dataclass(frozen=True, slots=True)
class CustomReceived(Message):
    """All custom messages up to `number` have arrived."""

    session: str
    number: int


@dataclass(frozen=True, slots=True)
class LeaseRequest(Message):
    """A worker asks for rows of a feed; `number` is its request's number for this feed.

    `urgent` when a user waits. Then the answer may take a while: the master may have to recall rows first.
    """

    session: str
    feed: str
    number: int
    rows: int
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Lease(Message):
    """Rows of a feed for this worker alone, in blocks.

    Without rows it is `exhausted` when every row has been handed to a user; else there may be some later.
    `error` says why the feed cannot be read, empty when it can.
    """

    session: str
    feed: str
    number: int
    block: int
    rows: list[Any]
    exhausted: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class LeaseProgress(Message):
    """What becomes of a block of a feed.

    A worker wants to "begin" it, and the master answers "begun" or "revoked". The master wants a "recall", and
    the worker answers that it has "returned" some of it, or is "done" with it, as it says by itself when it has
    used it up. `rows` is how many of its last rows were given back, in all.
    """

    session: str
    feed: str
    block: int
    state: str
    rows: int = 0


MESSAGES: dict[str, type[Message]] = {
    each.__name__: each
    for each in (
        Hello,
        Heartbeat,
        Delta,
        Goodbye,
        SourceRequest,
        Welcome,
        Refusal,
        Assignment,
        Pulse,
        SpawningComplete,
        Source,
        Quit,
        Custom,
        CustomReceived,
        LeaseRequest,
        Lease,
        LeaseProgress,
    )
}
"""Every message by the name under which it travels."""
