"""The workers' logs on their way into the master's: the listener at this end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.runners import worker_logs
from swarm_web.logs import take_in

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm_web.logs import LogBook

INTERVAL_S = 2.0
"""Seconds in which new lines come."""


def collect_lines(environment: Environment, book: LogBook) -> None:
    """Take the lines that workers send from now on into `book`, and into `environment.worker_logs`."""
    runner: Any = environment.runner
    if not hasattr(runner, "clients"):
        return

    def take(worker: str, lines: list[Any]) -> None:
        take_in(book, worker, lines)
        worker_logs.keep(environment, worker, worker_logs.as_texts(worker, lines))

    worker_logs.collect(runner, take, INTERVAL_S)
