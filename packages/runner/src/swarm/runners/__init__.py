"""The gevent shells round the pure core. The names of states and intervals here may be assigned by users.

Whoever needs an interval reads it from this module when it is due, so that an assignment takes effect.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swarm.runners.distributed import DistributedRunner
    from swarm.runners.local import LocalRunner
    from swarm.runners.master import MasterRunner
    from swarm.runners.nodes import WorkerNode, WorkerNodes
    from swarm.runners.runner import Runner
    from swarm.runners.worker import WorkerRunner

STATE_INIT = "ready"
STATE_SPAWNING = "spawning"
STATE_RUNNING = "running"
STATE_CLEANUP = "cleanup"
STATE_STOPPING = "stopping"
STATE_STOPPED = "stopped"
STATE_MISSING = "missing"

CPU_MONITOR_INTERVAL = 5.0
"""Seconds between two events `usage_monitor`."""
CPU_WARNING_THRESHOLD = 90
"""Percent of one core above which `cpu_warning` is fired."""

HEARTBEAT_INTERVAL = 1.0
"""Seconds between signs of life of master and workers, both ways."""
HEARTBEAT_LIVENESS = 3
"""So many silent intervals, and a worker is missing."""
WORKER_REPORT_INTERVAL = 1.0
"""Seconds between a worker's reports of its statistics."""
MASTER_HEARTBEAT_TIMEOUT = 300.0
"""Seconds that a worker's users run on while its master is silent."""
WORKER_LOG_REPORT_INTERVAL = 10.0
"""Seconds between a worker's reports of what it has logged; with 0 or less there are none."""
CONNECT_TIMEOUT = 5.0
"""Seconds of one attempt of a worker that finds no master."""
CONNECT_RETRY_COUNT = 60
"""Attempts after which it gives up."""

_HOME = {
    "LocalRunner": "swarm.runners.local",
    "Runner": "swarm.runners.runner",
    "DistributedRunner": "swarm.runners.distributed",
    "MasterRunner": "swarm.runners.master",
    "WorkerRunner": "swarm.runners.worker",
    "WorkerNode": "swarm.runners.nodes",
    "WorkerNodes": "swarm.runners.nodes",
}

__all__ = [
    "DistributedRunner",
    "LocalRunner",
    "MasterRunner",
    "Runner",
    "WorkerNode",
    "WorkerNodes",
    "WorkerRunner",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'swarm.runners' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
