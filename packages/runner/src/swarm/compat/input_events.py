"""Single keys of a terminal, for scripts that listen to them; the command line has a reader of its own."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from typing import TYPE_CHECKING, Any, NoReturn

import gevent

from swarm.exceptions import SwarmError
from swarm.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = get_logger(__name__)

POLL_S = 0.2


class InitError(SwarmError):
    """Keys cannot be read here."""


class UnixKeyPoller:
    """Reads single keys of the terminal that is stdin, without echo, until `cleanup`.

    Raises InitError when stdin is no terminal, or one that another process is in the foreground of.
    """

    def __init__(self) -> None:
        try:
            self._descriptor = sys.stdin.fileno()
            is_ours = os.isatty(self._descriptor) and os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except (AttributeError, OSError, ValueError):
            is_ours = False
        if not is_ours:
            raise InitError("Keys cannot be read: stdin is no terminal with this process in its foreground.")
        self._saved: Any = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor, termios.TCSANOW)

    def poll(self) -> str | None:
        """Return the next key that was pressed, None when none was. Does not wait."""
        if not select.select([self._descriptor], [], [], 0)[0]:
            return None
        return os.read(self._descriptor, 1).decode(errors="ignore") or None

    def cleanup(self) -> None:
        """Give the terminal back as it was."""
        termios.tcsetattr(self._descriptor, termios.TCSANOW, self._saved)


class WindowsKeyPoller:
    """Would read keys on Windows, on which Swarm does not run: raises InitError."""

    def __init__(self) -> None:
        raise InitError("Keys of a Windows console cannot be read: Swarm runs on Linux and macOS.")

    def poll(self) -> str | None:
        """Return no key."""
        return None

    def cleanup(self) -> None:
        """Do nothing."""


def get_poller() -> UnixKeyPoller:
    """Return a reader of this terminal's keys. Raises InitError when there is none."""
    return UnixKeyPoller()


def input_listener(key_to_func_map: Mapping[str, Callable[[], object]]) -> Callable[[], None]:
    """Return a function for `gevent.spawn` that calls the function of each key that is pressed.

    Without a terminal it returns at once.
    """

    def listen() -> None:
        try:
            poller = get_poller()
        except InitError as error:
            log.debug(str(error))
            return
        try:
            _follow(poller, key_to_func_map)
        finally:
            poller.cleanup()

    return listen


def _follow(poller: UnixKeyPoller, functions: Mapping[str, Callable[[], object]]) -> NoReturn:
    while True:
        key = poller.poll()
        if key is None:
            gevent.sleep(POLL_S)
        elif key in functions:
            functions[key]()
