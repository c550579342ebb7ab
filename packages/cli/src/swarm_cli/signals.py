"""Ctrl-C and SIGTERM: the first ends the run in order, with its report; a second Ctrl-C ends the process.

The handlers are Python's own and not gevent's, so that the second Ctrl-C works while a task keeps the event
loop from turning.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Self

import gevent

from swarm_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


class Signals:
    """Catches both signals from `__enter__` to `__exit__`.

    `on_stop` is called in the event loop at the first of them, `on_abort` right before an abrupt end.
    """

    def __init__(self, on_stop: Callable[[], None], on_abort: Callable[[], None]) -> None:
        self._on_stop = on_stop
        self._on_abort = on_abort
        self._stopping = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        self._before = {
            number: signal.signal(number, self._receive) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # what signal.signal returned

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if not self._stopping:
            self._stopping = True
            loop = gevent.get_hub().loop
            loop.run_callback_threadsafe(self._on_stop)
            name = signal.Signals(number).name
            # Not through logging, whose locks the interrupted code may hold.
            os.write(2, f"\n{name}: stopping in order; Ctrl-C again ends at once\n".encode())
        elif number == signal.SIGINT:
            self._abort()

    def _abort(self) -> None:
        self._on_abort()
        os._exit(ExitCode.INTERRUPTED)
