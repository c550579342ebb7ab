"""The browser UI of a master: its workers, their logs, and a load that is steered from there."""

from __future__ import annotations

import json
import signal
import urllib.request
from typing import Any

from tests.system.cli_process import Cli
from tests.system.swarm_of import SwarmOf, until

LOCUSTFILE = """
    import logging
    import time
    from swarm import User, constant, events, task

    @events.init_command_line_parser.add_listener
    def add(parser):
        parser.add_argument("--tenant", default="first")

    class Sleeper(User):
        wait_time = constant(0.02)

        def on_start(self):
            logging.info("a user of %s", self.environment.parsed_options.tenant)

        @task
        def nap(self):
            with self.environment.events.request.measure("SLEEP", "nap"):
                time.sleep(0.005)
"""


class Page:
    """Asks the UI of a process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}api/v1/{path}", timeout=20) as answer:
            return json.load(answer)

    def post(self, path: str, **body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}api/v1/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    @property
    def shown(self) -> Any:
        return self.get("snapshot")

    def until_state(self, state: str) -> None:
        until(lambda: self.shown["run"]["state"] == state, f"the state {state}")


def test_a_swarm_is_watched_and_steered_in_the_ui_of_its_master(cli: Cli) -> None:
    cli.write("locustfile.py", LOCUSTFILE)
    with SwarmOf(cli) as swarm:
        page = Page(swarm.start_master_with_ui())
        waits = page.shown["run"]["waits"]
        assert (waits["text"], waits["have"], waits["want"]) == ("0 of 2 workers are there", 0, 2)

        first, second = swarm.start_worker(), swarm.start_worker()
        until(lambda: page.shown["workers"]["state"] == ["ready", "ready"], "two workers")
        assert page.shown["run"]["waits"] is None

        page.post("run", users=4, rate=100, options={"tenant": "second"})
        page.until_state("running")
        until(lambda: page.shown["workers"]["users"] == [2, 2], "two users on each")
        until(lambda: min(page.shown["workers"]["samples_merged"]) > 0, "requests of both")
        until(lambda: page.shown["history"]["p50"][-1:] > [0], "the response times of settled seconds")
        shown = page.shown
        assert shown["history_lag"] > 0
        assert all(offset is not None for offset in shown["workers"]["offset"])
        assert {len(column) for column in shown["workers"].values()} == {2}

        def said() -> bool:
            lines = page.get("logs?q=a+user+of+second")["lines"]
            return {line["node"] for line in lines} == set(shown["workers"]["id"])

        until(said, "the lines of both workers' logs")

        page.post("run/load", users=6)
        until(lambda: page.shown["workers"]["users"] == [3, 3], "three users on each")
        page.post("run/pause", paused=True)
        page.until_state("paused")
        page.post("run/pause", paused=False)
        page.until_state("running")

        second.signal(signal.SIGKILL)
        until(lambda: sum(page.shown["workers"]["users"]) == 6, "the users on who is left")
        until(
            lambda: any(event.get("change") == "missing" for event in page.shown["events"]),
            "the lost worker in the timeline",
        )
        page.post("run/stop")
        page.until_state("stopped")
        until(lambda: page.shown["run"]["accounting"] is not None, "the accounting")
        swarm.stop()
        finished = swarm.master.finish()
        assert first.finish().code == 0

    assert "Traceback" not in finished.err
    assert finished.code in (2, 3), finished.err


def test_a_master_with_autostart_begins_when_its_workers_are_there_and_quits_after_the_run(cli: Cli) -> None:
    cli.write("locustfile.py", LOCUSTFILE)
    with SwarmOf(cli) as swarm:
        swarm.start_master_with_ui(
            *("--autostart", "--autoquit", "0", "-u", "4", "-r", "100", "-t", "2", "--json", "--only-summary")
        )
        workers = [swarm.start_worker() for _ in range(2)]
        finished, report = swarm.finish(90)
        for worker in workers:
            worker.finish()

    assert finished.code == 0, finished.err
    assert report.counts["SLEEP nap"] > 0
    assert "2 workers: all" in finished.err
