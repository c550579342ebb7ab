"""What the cores of master and worker are told before they begin; all times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class MasterSettings:
    """The master's intervals and limits.

    A worker that is silent for `missing_after` heartbeat intervals is missing. Workers report each
    `report_interval`. A run that was stopped waits for last deltas up to `final_deadline` beyond its stop timeout,
    a master that quits up to `quit_grace` for goodbyes. `capacity` is how many workers it can hold, None for any
    number. `locustfile` is the content hash of the master's own (empty: don't compare), `options` go with the
    welcome.
    """

    heartbeat_interval: float = 1.0
    missing_after: int = 3
    report_interval: float = 1.0
    final_deadline: float = 30.0
    quit_grace: float = 1.0
    capacity: int | None = None
    version: str = ""
    locustfile: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The worker's intervals and limits.

    The heartbeat's interval holds until the welcome, which gives the master's. `orphan_after` is how long users run
    on without a master. With `delta_window` deltas not acknowledged no other is cut, so that what is kept stays
    bounded: the statistics go on gathering. A worker that leaves waits for its last acknowledgement up to
    `leave_deadline` beyond the stop timeout, and to say goodbye, when it has just lost its connection, up to
    `farewell_deadline`.
    """

    heartbeat_interval: float = 1.0
    missing_after: int = 3
    orphan_after: float = 300.0
    delta_window: int = 16
    leave_deadline: float = 10.0
    farewell_deadline: float = 2.0
    version: str = ""
    locustfile: str = ""
