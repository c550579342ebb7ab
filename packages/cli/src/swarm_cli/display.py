"""What a terminal or a log shows while the run lasts: the table and the progress."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn, Protocol

import gevent

from swarm import stats as settings
from swarm_cli.console import tell
from swarm_cli.summary import table_text

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm_cli.parser import Options
    from swarm_cli.progress import Progress


class Display(Protocol):
    """Shows a run from `start` to `stop`."""

    def start(self) -> None:
        """Begin to show it."""

    def stop(self) -> None:
        """Show nothing any more; the terminal is as it was."""

    def abort(self) -> None:
        """Give the terminal back at once, from a signal handler."""


class NoDisplay:
    """Shows nothing."""

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""


class PlainDisplay(NoDisplay):
    """Prints progress and table every CONSOLE_STATS_INTERVAL_SEC seconds."""

    def __init__(self, environment: Environment, progress: Progress) -> None:
        self._environment = environment
        self._progress = progress
        self._greenlet: gevent.Greenlet[..., NoReturn] | None = None

    def start(self) -> None:
        """Begin to print."""
        self._greenlet = gevent.spawn(self._print)

    def stop(self) -> None:
        """Print nothing any more."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def _print(self) -> NoReturn:
        while True:
            gevent.sleep(settings.CONSOLE_STATS_INTERVAL_SEC)
            tell(f"{self._progress.line()}\n{table_text(self._environment.stats)}\n")


def display_for(environment: Environment, options: Options, progress: Progress) -> Display:
    """Return what suits the options and where stderr goes."""
    if not (options.headless or options.print_stats):
        return NoDisplay()
    if sys.stderr.isatty():
        from swarm_cli.terminal import LiveDisplay, can_be_redrawn

        if can_be_redrawn():
            return LiveDisplay(environment, progress, with_table=not options.only_summary)
    return NoDisplay() if options.only_summary else PlainDisplay(environment, progress)
