"""The workers' logs on their way into the master's: the listener at this end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.runners import worker_logs
from swarm_web.logs import take_in

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm_web.logs import LogBook

LINES = 500
"""Lines of each worker that `environment.worker_logs` keeps."""


def collect_lines(environment: Environment, book: LogBook) -> None:
    """Take the lines that workers send from now on into `book`, and into `environment.worker_logs`."""
    runner: Any = environment.runner
    if not hasattr(runner, "clients"):
        return

    def take(worker: str, lines: list[Any]) -> None:
        kept = environment.worker_logs.setdefault(worker, [])
        kept += take_in(book, worker, lines)
        del kept[:-LINES]

    worker_logs.collect(runner, take)
