"""`--processes`: workers of this machine, each a fresh interpreter that ends with the one who started it.

A patched process is never forked: its greenlets would run on in the child.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import gevent

from swarm.log import get_logger
from swarm.transport.secret import VARIABLE
from swarm_cli.exit_codes import ExitCode
from swarm_cli.roles import PARENT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from swarm.transport.secret import Secret

log = get_logger(__name__)

END_S = 5.0
"""What children have to end by themselves when the run is over."""
POLL_S = 0.1


class Children:
    """Worker processes that run the same command line as this process."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, count: int, *, port: int | None = None, secret: Secret | None = None) -> None:
        """Start so many; with a `port`, for the master that listens there on this machine."""
        arguments, environment = _without(sys.argv[1:], "--processes"), dict(os.environ)
        unwanted = ["PROCESSES"]
        if port is not None:
            others = _without(arguments, "--master-host", "--master-port")
            arguments = ["--master-host", "127.0.0.1", "--master-port", str(port), *others]
            unwanted += ["MODE_MASTER", "MASTER_NODE_HOST", "MASTER_NODE_PORT"]
        if secret is not None:
            environment[VARIABLE] = secret.text
        for name in unwanted:
            environment.pop(f"SWARM_{name}", None)
            environment.pop(f"LOCUST_{name}", None)
        environment[PARENT] = str(os.getpid())
        command = [sys.executable, "-m", "swarm_cli", "--worker", *arguments]
        for _ in range(count):
            self._processes.append(
                subprocess.Popen(  # noqa: S603  our own interpreter and our own arguments
                    command,
                    env=environment,
                    stdin=subprocess.PIPE,  # its end tells them that we are gone
                    stdout=sys.stderr.fileno(),  # stdout has one document
                    process_group=0,  # Ctrl-C is for us, who end them in order
                )
            )

    @property
    def ended(self) -> list[int]:
        """The exit codes of those that have ended."""
        return [process.returncode for process in self._processes if process.poll() is not None]

    def signal(self, number: int) -> None:
        """Send a signal to all that run."""
        for process in self._processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(number)

    def wait(self) -> list[int]:
        """Wait until all have ended; return their exit codes."""
        while len(self.ended) < len(self._processes):
            gevent.sleep(POLL_S)
        return self.ended

    def end(self) -> None:
        """See that all end: those that don't by themselves are killed."""
        for process in self._processes:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        deadline = time.monotonic() + END_S
        while len(self.ended) < len(self._processes):
            if time.monotonic() >= deadline:
                log.warning("worker processes did not end and are killed")
                self.signal(signal.SIGKILL)
            gevent.sleep(POLL_S)


def run_workers(count: int) -> int:
    """Run so many workers for a master elsewhere, until they end; return the highest of their exit codes."""
    children = Children()
    children.start(count)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        children.signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        codes = children.wait()
    finally:
        children.end()
        for number, handler in before.items():
            signal.signal(number, handler)
    return max((code if code >= 0 else ExitCode.ERROR for code in codes), default=ExitCode.OK)


def _without(arguments: Sequence[str], *names: str) -> list[str]:
    """Return the arguments without these options, each with its value."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in names:
            skip = True
        elif argument.partition("=")[0] not in names:
            kept.append(argument)
    return kept
