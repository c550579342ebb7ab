"""The log of this process and of its workers on its way into the book: while somebody wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.runners import worker_logs
from swarm_web.logs import LogTap, take_in

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm_web.logs import LogBook

INTERVAL_S = 2.0
"""Seconds in which new lines come."""


class LogTaking:
    """Takes the log of an environment's process and of its workers into `book`, from `begin` to `end`.

    Several may want it: each calls both, and the last one to end ends it.
    """

    def __init__(self, environment: Environment, book: LogBook) -> None:
        self._environment = environment
        self._book = book
        self._wanted = 0
        self._tap: LogTap | None = None

    @property
    def node(self) -> str:
        """The name of this process in the book."""
        return "master" if hasattr(self._environment.runner, "clients") else "local"

    def begin(self) -> None:
        """Take lines from now on."""
        self._wanted += 1
        if self._tap is None:
            self._tap = LogTap(self._book, self.node)
            self._tap.open()
            collect_lines(self._environment, self._book)

    def end(self) -> None:
        """Take this process's lines no longer, unless somebody else wants them."""
        self._wanted -= 1
        if self._tap is not None and not self._wanted:
            self._tap.close()
            self._tap = None


def collect_lines(environment: Environment, book: LogBook) -> None:
    """Take the lines that workers send from now on into `book`, and into `environment.worker_logs`."""
    runner: Any = environment.runner
    if not hasattr(runner, "clients"):
        return

    def take(worker: str, lines: list[Any]) -> None:
        take_in(book, worker, lines)
        worker_logs.keep(environment, worker, worker_logs.as_texts(worker, lines))

    worker_logs.collect(runner, take, INTERVAL_S)
