"""The keys of a terminal while a run lasts.

w, W, s and S change the number of users, p pauses and goes on, Enter opens the browser UI.
"""

from __future__ import annotations

import os
import re
import sys
import termios
import tty
import webbrowser
from typing import TYPE_CHECKING, Any

import gevent

from swarm.log import get_logger

if TYPE_CHECKING:
    from swarm.runners.steered import SteeredRunner

log = get_logger(__name__)

STEPS = {"w": 1, "W": 10, "s": -1, "S": -10}
"""Users started (or stopped, below 0) by each key."""
PAUSE = "p"
OPEN = frozenset("\r\n")
SPECIAL_KEY = re.compile(r"\x1b[\[O][0-9;]*[A-Za-z~]")
"""What a terminal sends for an arrow or a function key, in which there are letters."""
RATE = 100.0
"""Users a second at which a key's step is made."""


class Keys:
    """Reads the terminal's keys from `start` to `stop`; does nothing where stdin is no terminal of ours."""

    def __init__(self, runner: SteeredRunner) -> None:
        self._runner = runner
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self._saved: list[Any] | None = None
        self._descriptor = -1

    def start(self) -> None:
        """Take single keys, without echo, and follow them; Ctrl-C stays a signal."""
        if not _is_ours():
            return
        self._descriptor = sys.stdin.fileno()
        self._saved = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor, termios.TCSANOW)
        self._greenlet = gevent.spawn(self._read)

    def stop(self) -> None:
        """Give the terminal back as it was; harmless when called again, and from a signal handler."""
        saved, self._saved = self._saved, None
        if saved is not None:
            termios.tcsetattr(self._descriptor, termios.TCSANOW, saved)
        if self._greenlet is not None:
            self._greenlet.kill(block=False)

    def _read(self) -> None:
        watcher = gevent.get_hub().loop.io(self._descriptor, 1)
        try:
            while True:
                gevent.get_hub().wait(watcher)
                pressed = os.read(self._descriptor, 32).decode(errors="ignore")
                if not pressed:
                    return
                self.press(pressed)
        except OSError:
            return  # the terminal has gone
        finally:
            watcher.close()

    def press(self, pressed: str) -> None:
        """Do what the keys ask for, all of them as one step; other keys mean nothing."""
        keys = SPECIAL_KEY.sub("", pressed)
        if OPEN & set(keys):
            self._open_browser()
        if keys.count(PAUSE) % 2:
            self._pause_or_resume()
        change = sum(STEPS.get(key, 0) for key in keys)
        if change != 0:
            self._change_users(change)

    def _open_browser(self) -> None:
        url = getattr(self._runner.environment.web_ui, "url", None)
        if url and not (_has_a_screen() and webbrowser.open(url)):
            log.info(f"the browser UI is at {url}")

    def _pause_or_resume(self) -> None:
        if self._runner.lifecycle.state == "paused":
            self._runner.resume()
            log.info("the run goes on")
            return
        self._runner.pause()
        if self._runner.lifecycle.state == "paused":
            log.info("paused: no user begins another task; p goes on, and the run time does not wait")

    def _change_users(self, change: int) -> None:
        if self._runner.shape_greenlet:
            log.warning("a load shape decides on the users; keys change nothing")
            return
        self._runner.start(max(0, self._runner.target_user_count + change), RATE)


def _has_a_screen() -> bool:
    """Whether a browser would get a window of its own; one that runs in the terminal would take that from us."""
    return sys.platform == "darwin" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


def _is_ours() -> bool:
    """Whether stdin is a terminal in whose foreground we are; touching it elsewhere stops the process."""
    try:
        descriptor = sys.stdin.fileno()
        return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except (AttributeError, OSError, ValueError):
        return False
