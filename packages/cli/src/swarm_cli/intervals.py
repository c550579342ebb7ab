"""The intervals of the control plane: there are no options, variables of the environment change them.

SWARM_HEARTBEAT_INTERVAL, SWARM_REPORT_INTERVAL, SWARM_FINAL_DEADLINE, SWARM_QUIT_GRACE, SWARM_ORPHAN_AFTER and
SWARM_CONNECT_DEADLINE are seconds.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from swarm import runners
from swarm.control.settings import MasterSettings, WorkerSettings
from swarm_cli.errors import CommandLineError

if TYPE_CHECKING:
    from collections.abc import Mapping


def master_settings(**given: Any) -> MasterSettings:
    """Return the master's settings: the intervals of `swarm.runners` and the environment, and those `given`."""
    settings = MasterSettings(
        heartbeat_interval=_seconds("HEARTBEAT_INTERVAL", runners.HEARTBEAT_INTERVAL),
        report_interval=_seconds("REPORT_INTERVAL", runners.WORKER_REPORT_INTERVAL),
        final_deadline=_seconds("FINAL_DEADLINE", MasterSettings().final_deadline),
        quit_grace=_seconds("QUIT_GRACE", MasterSettings().quit_grace),
        missing_after=runners.HEARTBEAT_LIVENESS,
    )
    return replace(settings, **given)


def worker_settings(**given: Any) -> WorkerSettings:
    """Return the worker's settings likewise."""
    runners.CONNECT_RETRY_COUNT = 1 if _has("CONNECT_DEADLINE") else runners.CONNECT_RETRY_COUNT
    runners.CONNECT_TIMEOUT = _seconds("CONNECT_DEADLINE", runners.CONNECT_TIMEOUT)
    settings = WorkerSettings(
        heartbeat_interval=_seconds("HEARTBEAT_INTERVAL", runners.HEARTBEAT_INTERVAL),
        missing_after=runners.HEARTBEAT_LIVENESS,
        orphan_after=_seconds("ORPHAN_AFTER", runners.MASTER_HEARTBEAT_TIMEOUT),
    )
    return replace(settings, **given)


def _has(name: str, environ: Mapping[str, str] = os.environ) -> bool:
    return f"SWARM_{name}" in environ


def _seconds(name: str, default: float, environ: Mapping[str, str] = os.environ) -> float:
    text = environ.get(f"SWARM_{name}")
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise CommandLineError(f"SWARM_{name} is {text!r}; it is a number of seconds above 0")
    return value
