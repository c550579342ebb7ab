"""A worker from its connection to the end of its process."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import gevent

from swarm.log import get_logger
from swarm_cli.console import tell
from swarm_cli.exit_codes import ExitCode
from swarm_cli.roles import PARENT
from swarm_cli.signals import Signals

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm.runners.worker import WorkerRunner

log = get_logger(__name__)


class WorkerSession:
    """Runs a worker until its master or a signal ends it; the summary and the files are the master's."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        self._environment = environment
        self._runner = runner
        self._exit_asked: SystemExit | None = None

    def run(self) -> int:
        """Connect, run users as the master says, and return the exit code."""
        with Signals(self._leave, lambda: None):
            work = gevent.spawn(self._work)
            while not work.ready():
                try:
                    work.join()
                except SystemExit as asked:
                    self._exit_asked = self._exit_asked or asked
                    self._leave()
        code: int = work.get()
        return code

    def _leave(self) -> None:
        gevent.spawn(self._runner.quit)

    def _work(self) -> int:
        runner, environment = self._runner, self._environment
        if PARENT in os.environ:
            gevent.spawn(_end_with_parent)
        runner.serve()
        runner.greenlet.join()
        try:
            environment.events.quitting.fire(environment=environment, reverse=True)
        except SystemExit as asked:
            self._exit_asked = asked
        code = self._code()
        if runner.end_reason:
            tell(f"swarm-cli: {runner.end_reason}\n")
        log.info(f"the worker ends (exit code {code})")
        environment.events.quit.fire(exit_code=code)
        return code

    def _code(self) -> int:
        runner, environment = self._runner, self._environment
        if self._exit_asked is not None:
            asked = self._exit_asked.code
            return asked if isinstance(asked, int) else ExitCode.OK if asked is None else ExitCode.FAILED
        if environment.process_exit_code is not None:
            return environment.process_exit_code
        if runner.end_reason or runner.internal_errors or environment.events.listener_errors:
            return ExitCode.ERROR
        return ExitCode.OK


def _end_with_parent() -> None:
    """End at once when the process that started this one is gone: it held the other end of our stdin."""
    watcher = gevent.get_hub().loop.io(0, 1)
    try:
        while True:
            gevent.get_hub().wait(watcher)
            if not os.read(0, 4096):
                gevent.sleep(END_GRACE_S)  # an orderly end is on its way when the parent has ended the run
                os.kill(os.getpid(), signal.SIGKILL)
    finally:
        watcher.close()


END_GRACE_S = 2.0
"""What a worker has to end when its parent's end of the pipe is closed."""
