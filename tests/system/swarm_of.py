"""A master and its workers as processes, with short intervals, on a port that the system chose."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import gevent

from tests.system.results import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.system.cli_process import Cli, Finished, Running

INTERVALS = {
    "SWARM_HEARTBEAT_INTERVAL": "0.1",
    "SWARM_REPORT_INTERVAL": "0.1",
    "SWARM_FINAL_DEADLINE": "15",
    "SWARM_QUIT_GRACE": "30",
    "PYTHONFAULTHANDLER": "1",
}

COMPLETE = ("--stop-timeout", "10")
"""Arguments with which whatever is in flight at the end is counted, however slow the machine."""

HITTER = """
    from swarm import FastHttpUser, constant, task

    class Hitter(FastHttpUser):
        wait_time = constant(0.01)

        @task
        def hit(self):
            self.client.get("/hit")
"""
"""A locustfile whose users ask for /hit a hundred times a second each."""

WATCHED = (
    HITTER
    + """
    import json, os, pathlib
    import gevent
    from swarm import events

    def seen(runner):
        \"\"\"What this process knows of the run.\"\"\"
        nodes = {node.id: node.state for node in getattr(runner, "clients", {}).values()}
        return {
            "id": getattr(runner, "client_id", "master"), "state": runner.state, "users": runner.user_count,
            "requests": runner.stats.num_requests, "workers": nodes,
            "rate": runner._swarm_core.lifecycle.target.spawn_rate,
        }

    @events.init.add_listener
    def show(runner, **kwargs):
        def show_for_ever():
            while True:
                with open(f"{os.getpid()}.new", "w") as file:
                    json.dump(seen(runner), file)
                os.replace(file.name, f"{os.getpid()}.seen")
                gevent.sleep(0.05)
        gevent.spawn(show_for_ever)

    def stay(self):
        while pathlib.Path("stay").exists():
            gevent.sleep(0.02)

    Hitter.on_stop = stay
"""
)
"""The same, in processes that show what they know; their users do not end while there is a file `stay`."""


class SwarmOf:
    """Processes that end with the block."""

    def __init__(self, cli: Cli, **environment: str) -> None:
        self.cli = cli
        cli.environment |= INTERVALS | environment
        self.master: Running
        self.workers: list[Running] = []
        self.host, self.port = "127.0.0.1", 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:  # what each of them said is what one needs to see of a failed test
            master = getattr(self, "master", None)
            for name, process in (*([("master", master)] if master else []), *enumerate(self.workers)):
                sys.stdout.write(f"--- {name}\n{process.err}{process.out}\n")
        self._stack.close()

    def start(self, *args: str, workers: int = 2, port: int = 0) -> Self:
        """Start a master with these arguments, and workers for it."""
        self.start_master(*args, port=port, expect=workers)
        for _ in range(workers):
            self.start_worker()
        return self

    def start_master(self, *args: str, port: int = 0, expect: int = 2, host: str = "127.0.0.1") -> Running:
        """Start a master and wait until it listens."""
        self.master = self._stack.enter_context(
            self.cli.running(
                *("--master", "--headless", "--json", "--only-summary", "--expect-workers", str(expect)),
                *("--master-bind-host", host, "--master-bind-port", str(port), *args),
            )
        )
        self.master.wait_for(f"listening for workers on {host}:")
        found = re.search(rf"listening for workers on {re.escape(host)}:(\d+)", self.master.err)
        assert found
        self.host, self.port = host, int(found[1])
        return self.master

    def start_master_with_ui(self, *args: str, expect: int = 2) -> str:
        """Start a master with a browser UI, wait until both listen, and return the UI's address."""
        self.master = self._stack.enter_context(
            self.cli.running(
                *("--master", "--master-bind-port", "0", "--expect-workers", str(expect), "-P", "0", *args)
            )
        )
        self.master.wait_for("listening for workers on")
        found = re.search(r"127\.0\.0\.1:(\d+), for", self.master.err)
        address = re.search(r"Browser UI: (\S+)", self.master.err)
        assert found
        assert address
        self.port = int(found[1])
        return address[1]

    def start_worker(self, *args: str, port: int = 0, within: Sequence[str] = ()) -> Running:
        """Start a worker, through another port than the master's or by another program; it need not be there yet."""
        worker = self._stack.enter_context(
            self.cli.running(
                *("--worker", "--master-host", self.host, "--master-port", str(port or self.port), *args),
                within=within,
            )
        )
        self.workers.append(worker)
        return worker

    def seen_by(self, process: Running) -> Seen:
        """Return what a process of WATCHED showed last."""
        try:
            return Seen(**json.loads((self.cli.folder / f"{process.pid}.seen").read_text()))
        except FileNotFoundError:
            return Seen()

    def settle(self, users: int, workers: Sequence[Running] = (), after: str = "the start") -> None:
        """Wait until these workers of WATCHED, all if none are named, run so many users, and the master says so."""
        among = workers or self.workers

        def settled() -> bool:
            master, each = self.seen_by(self.master), [self.seen_by(worker) for worker in among]
            return (
                {master.state, *(seen.state for seen in each)} == {"running"}
                and master.users == users == sum(seen.users for seen in each)
                and all(master.workers.get(seen.id) == "running" for seen in each)
            )

        def told() -> str:
            return f"{users} users after {after}: {[self.seen_by(each) for each in (self.master, *among)]}"

        until(settled, told)

    def stop(self) -> None:
        """Ask the master to end the run, as Ctrl-C does."""
        self.master.signal(signal.SIGINT)

    def finish(self, timeout: float = 60) -> tuple[Finished, Report]:
        """Wait for the master's end; return what it said, and its JSON."""
        finished = self.master.finish(timeout)
        return finished, Report(finished)


@dataclass(frozen=True)
class Seen:
    """What a process of WATCHED knows; `workers` are the master's, with their states."""

    id: str = ""
    state: str = ""
    users: int = 0
    requests: int = 0
    rate: float = 0
    """Users a second, by which it was told to start or stop users last."""
    workers: Mapping[str, str] = field(default_factory=dict)


def facts(report: Report) -> dict[str, Any]:
    """Return what the JSON tells of the run as a whole."""
    run: dict[str, Any] = report.entries[0]["run"]
    return run


def until(condition: Callable[[], object], what: str | Callable[[], str], seconds: float = 60) -> None:
    """Wait until a condition holds."""
    gave_up = gevent.Timeout(seconds)
    try:
        with gave_up:
            while not condition():
                gevent.sleep(0.01)
    except gevent.Timeout as timeout:
        if timeout is not gave_up:
            raise
        raise AssertionError(f"{what if isinstance(what, str) else what()} did not happen") from None
