"""The live table of a terminal, drawn by rich in place; logs and prints scroll by above it.

The table is drawn as lines: rich's own tables take 15 ms for 20 rows, in which the event loop, and with it
every user, stands still; these take 0.3 ms.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import gevent
from rich.console import Console
from rich.live import Live
from rich.text import Text

from swarm import stats as settings
from swarm_cli.summary import fitting
from swarm_stats.reports.table import requests_table

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm_cli.progress import Progress

CHROME_LINES = 10
"""Lines round the rows: head, rules, totals, progress, and room for the log above."""
BAR_WIDTH = 24
SHOW_CURSOR = "\x1b[?25h"


def can_be_redrawn() -> bool:
    """Whether the terminal of stderr can move its cursor."""
    console = Console(stderr=True)
    return console.is_terminal and not console.is_dumb_terminal


class LiveDisplay:
    """Redraws progress and table every CONSOLE_STATS_INTERVAL_SEC seconds, at most as high as the screen."""

    def __init__(self, environment: Environment, progress: Progress, *, with_table: bool) -> None:
        self._environment = environment
        self._progress = progress
        self._with_table = with_table
        self._console = Console(stderr=True, highlight=False, soft_wrap=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
            redirect_stderr=True,
        )
        self._greenlet: gevent.Greenlet[..., NoReturn] | None = None
        self._redirected: list[tuple[logging.StreamHandler[Any], Any]] = []

    def start(self) -> None:
        """Begin to draw, and let the log scroll by above."""
        stderr = sys.stderr
        self._live.start()
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is stderr:
                self._redirected.append((handler, stderr))
                handler.setStream(sys.stderr)
        self._greenlet = gevent.spawn(self._draw)

    def stop(self) -> None:
        """Remove what was drawn and give log and terminal back."""
        if self._greenlet is not None:
            self._greenlet.kill()
        for handler, stream in self._redirected:
            handler.setStream(stream)
        self._redirected = []
        self._live.stop()

    def abort(self) -> None:
        """Show the cursor again; there is no time for more."""
        if sys.__stderr__ is not None:
            sys.__stderr__.write(SHOW_CURSOR)

    def _draw(self) -> NoReturn:
        while True:
            self._live.update(self._picture(), refresh=True)
            gevent.sleep(settings.CONSOLE_STATS_INTERVAL_SEC)

    def _picture(self) -> Text:
        picture = Text(no_wrap=True, overflow="ellipsis")
        if self._with_table:
            self._append_table(picture)
        picture.append(_bar(self._progress.fraction), style="cyan")
        picture.append(self._progress.line())
        return picture

    def _append_table(self, picture: Text) -> None:
        rows = max(3, self._console.height - CHROME_LINES)
        table = requests_table(self._environment.stats, limit=rows)
        head, *body = fitting(table, self._console.width)
        picture.append(f"{head}\n", style="bold")
        picture.append("".join(f"{line}\n" for line in body))


def _bar(fraction: float | None) -> str:
    if fraction is None:
        return ""
    done = round(fraction * BAR_WIDTH)
    return f"{'━' * done}{'─' * (BAR_WIDTH - done)} {fraction:4.0%}  "
