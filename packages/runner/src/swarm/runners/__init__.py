"""The gevent shells round the pure core. The names of states and intervals here may be assigned by users.

Whoever needs an interval reads it from this module when it is due, so that an assignment takes effect.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swarm.runners.local import LocalRunner
    from swarm.runners.roles import DistributedRunner, MasterRunner, WorkerRunner
    from swarm.runners.runner import Runner

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

_HOME = {
    "LocalRunner": "swarm.runners.local",
    "Runner": "swarm.runners.runner",
    "DistributedRunner": "swarm.runners.roles",
    "MasterRunner": "swarm.runners.roles",
    "WorkerRunner": "swarm.runners.roles",
}

__all__ = ["DistributedRunner", "LocalRunner", "MasterRunner", "Runner", "WorkerRunner"]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'swarm.runners' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
