"""A master and its workers as processes, with short intervals, on a port that the system chose."""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import gevent

from tests.system.results import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.cli_process import Cli, Finished, Running

INTERVALS = {
    "SWARM_HEARTBEAT_INTERVAL": "0.1",
    "SWARM_REPORT_INTERVAL": "0.1",
    "SWARM_FINAL_DEADLINE": "15",
    "PYTHONFAULTHANDLER": "1",
}

HITTER = """
    from swarm import FastHttpUser, constant, task

    class Hitter(FastHttpUser):
        wait_time = constant(0.01)

        @task
        def hit(self):
            self.client.get("/hit")
"""
"""A locustfile whose users ask for /hit a hundred times a second each."""


class SwarmOf:
    """Processes that end with the block."""

    def __init__(self, cli: Cli, **environment: str) -> None:
        self.cli = cli
        cli.environment |= INTERVALS | environment
        self.master: Running
        self.workers: list[Running] = []
        self.port = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:  # what each of them said is what one needs to see of a failed test
            for name, process in (("master", self.master), *enumerate(self.workers)):
                sys.stdout.write(f"--- {name}\n{process.err}{process.out}\n")
        self._stack.close()

    def start(self, *args: str, workers: int = 2, port: int = 0) -> Self:
        """Start a master with these arguments, and workers for it."""
        self.start_master(*args, port=port, expect=workers)
        for _ in range(workers):
            self.start_worker()
        return self

    def start_master(self, *args: str, port: int = 0, expect: int = 2) -> Running:
        """Start a master and wait until it listens."""
        self.master = self._stack.enter_context(
            self.cli.running(
                *("--master", "--headless", "--json", "--only-summary", "--expect-workers", str(expect)),
                *("--master-bind-port", str(port), *args),
            )
        )
        self.master.wait_for("listening for workers on 127.0.0.1:")
        found = re.search(r"listening for workers on 127\.0\.0\.1:(\d+)", self.master.err)
        assert found
        self.port = int(found[1])
        return self.master

    def start_worker(self, *args: str) -> Running:
        """Start a worker; it need not be there yet."""
        worker = self._stack.enter_context(
            self.cli.running("--worker", "--master-port", str(self.port), *args)
        )
        self.workers.append(worker)
        return worker

    def finish(self, timeout: float = 40) -> tuple[Finished, Report]:
        """Wait for the master's end; return what it said, and its JSON."""
        finished = self.master.finish(timeout)
        return finished, Report(finished)


def facts(report: Report) -> dict[str, Any]:
    """Return what the JSON tells of the run as a whole."""
    run: dict[str, Any] = report.entries[0]["run"]
    return run


def until(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Wait until a condition holds."""
    with gevent.Timeout(seconds, AssertionError(f"{what} did not happen")):
        while not condition():
            gevent.sleep(0.01)
