"""A run in a terminal: the live table, the keys, and the terminal afterwards."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from contextlib import contextmanager
from typing import TYPE_CHECKING

import gevent
import pytest

from tests.system.cli_process import SWARM_CLI, Cli

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminal:
    """`swarm-cli` in a terminal of 30 lines by 110 columns."""

    def __init__(self, cli: Cli, command: list[str]) -> None:
        self._descriptor, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 110, 0, 0))
        self.before = termios.tcgetattr(child)
        self._child = child
        environment = {"TERM": "xterm"} | {k: v for k, v in cli.environment.items() if k != "COLUMNS"}
        self.process = subprocess.Popen(
            command,
            cwd=cli.folder,
            env=environment,
            stdin=child,
            stdout=child,
            stderr=child,
            preexec_fn=_take_terminal,  # noqa: PLW1509  it makes two system calls
        )
        self.shown = ""
        self._reader = gevent.spawn(self._read)

    def _read(self) -> None:
        while True:
            try:
                gevent.socket.wait_read(self._descriptor)
                data = os.read(self._descriptor, 65536)
            except OSError:
                return
            self.shown += data.decode(errors="replace")

    @property
    def text(self) -> str:
        """What was shown, without what moves the cursor or colours."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown)

    @property
    def modes(self) -> list[object]:
        """The terminal's modes now."""
        return termios.tcgetattr(self._child)

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._descriptor, keys.encode())

    def wait_for(self, text: str) -> None:
        """Return when `text` was shown."""
        with gevent.Timeout(60, AssertionError(f"{text!r} was not shown in {self.text}")):
            while text not in self.text:
                gevent.sleep(0.01)

    def finish(self) -> int:
        """Wait for the process's end and return its exit code; the terminal stays open."""
        code = self.process.wait(30)
        before = ""
        while before != self.shown:  # what is in the terminal's buffer still
            before = self.shown
            gevent.sleep(0.1)
        return code

    def close(self) -> None:
        """End the process and the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.kill()
        os.close(self._child)
        os.close(self._descriptor)


def _take_terminal() -> None:
    """Make the terminal on stdin that of the process's own session, and it its foreground."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def terminal(cli: Cli, *args: str, command: str = SWARM_CLI) -> Iterator[Terminal]:
    screen = Terminal(cli, [command, *args])
    try:
        yield screen
    finally:
        screen.close()


def test_the_keys_start_and_stop_users(sleeper: Cli) -> None:
    with terminal(sleeper, "--headless", "-u", "2", "-r", "2") as screen:
        screen.wait_for("all users spawned users=2")
        screen.press("w")
        screen.wait_for("all users spawned users=3")
        screen.press("W")
        screen.wait_for("all users spawned users=13")
        screen.press("s")
        screen.wait_for("all users spawned users=12")
        screen.press("S")
        screen.wait_for("ramping users=2 rate=100")
        screen.press("p")
        screen.wait_for("paused: no user begins another task")
        screen.press("p")
        screen.wait_for("the run goes on")
        screen.press("\x03")
        code = screen.finish()
        after = screen.modes

    assert code == 0
    assert after == screen.before


def test_the_keys_work_beside_the_browser_ui(sleeper: Cli) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        sleeper.environment.pop(name, None)
    with terminal(sleeper, "-P", "0") as screen:
        screen.wait_for("Browser UI: http://127.0.0.1:")
        screen.press("\r")
        screen.wait_for("the browser UI is at http://127.0.0.1:")
        screen.press("w")
        screen.wait_for("all users spawned users=1")
        screen.press("\x03")
        code = screen.finish()
        after = screen.modes

    assert code == 0
    assert after == screen.before


def test_the_table_is_drawn_in_place_with_the_progress(sleeper: Cli) -> None:
    with terminal(sleeper, "--headless", "-u", "2", "-r", "100", "-t", "10m") as screen:
        screen.wait_for("s of 10m, 2 of 2 users")
        screen.press("\x03")
        code = screen.finish()

    assert code == 0
    assert re.search(r" \d+%  running: \d+s of 10m, 2 of 2 users", screen.text)
    assert "\x1b[1A" in screen.shown  # the cursor went up
    assert screen.shown.rindex("\x1b[?25h") > screen.shown.rindex("\x1b[?25l")  # and is seen again
    assert "Response time percentiles" in screen.text


def test_a_terminal_that_cannot_be_redrawn_gets_plain_lines(sleeper: Cli) -> None:
    sleeper.environment["TERM"] = "dumb"
    with terminal(sleeper, "--headless", "-t", "10m") as screen:
        screen.wait_for("s of 10m, 1 of 1 users")
        screen.press("\x03")
        screen.finish()

    assert "\x1b[1A" not in screen.shown


@pytest.mark.parametrize(("times", "stopping"), [(1, 0.8), (2, 60)])
def test_the_terminal_is_given_back_after_ctrl_c(cli: Cli, times: int, stopping: float) -> None:
    from tests.system.cli_process import SLEEPER

    cli.write(
        "locustfile.py", SLEEPER + f"\n        def on_stop(self):\n            time.sleep({stopping})\n"
    )
    with terminal(cli, "--headless", "-s", "60") as screen:
        screen.wait_for("all users spawned")
        screen.press("\x03")
        screen.wait_for("SIGINT: stopping in order")
        if times == 2:
            screen.process.send_signal(signal.SIGINT)
        code = screen.finish()
        after = screen.modes

    assert code == (0 if times == 1 else 130)
    assert after == screen.before
    assert screen.shown.rindex("\x1b[?25h") > screen.shown.rindex("\x1b[?25l")


def test_prints_of_the_locustfile_are_shown_above_the_table(cli: Cli) -> None:
    from tests.system.cli_process import SLEEPER

    cli.write(
        "locustfile.py",
        SLEEPER
        + """
    from swarm import events

    @events.spawning_complete.add_listener
    def say(**_):
        print("everybody is here")
    """,
    )
    with terminal(cli, "--headless", "-t", "1") as screen:
        screen.finish()

    assert "everybody is here\r\n" in screen.text


def test_a_run_in_the_background_leaves_the_terminal_alone(sleeper: Cli) -> None:
    """Taking keys there would stop the process by SIGTTOU."""
    sleeper.write(
        "background.sh", f'#!/bin/bash\nset -m\n"{SWARM_CLI}" --headless -t 1 &\nwait $!\necho "code $?"\n'
    )
    with terminal(sleeper, "background.sh", command="bash") as screen:
        screen.finish()

    assert "code 0" in screen.text
