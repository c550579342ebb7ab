"""A swarm of processes whose load is moved off a worker, whose classes are set, and whose stop is forced, by its UI."""

from __future__ import annotations

import json
import signal
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.system.swarm_of import SwarmOf, until
from tests.system.test_web_swarm import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.cli_process import Cli

LOCUSTFILE = """
    import time
    from swarm import User, constant, task

    class Sleeper(User):
        wait_time = constant(0.01)
        tier = "first"

        @task
        def nap(self):
            with self.environment.events.request.measure("SLEEP", self.tier):
                time.sleep(0.05)
"""
LASTING = """
    import time
    from swarm import User, task

    class Lasting(User):
        @task
        def nap(self):
            with self.environment.events.request.measure("SLEEP", "long"):
                time.sleep(1000)
"""


@contextmanager
def swarm_with_ui(cli: Cli, workers: int, *args: str) -> Iterator[tuple[SwarmOf, Page]]:
    """Start a master with a UI and workers, and wait until they are there."""
    with SwarmOf(cli) as swarm:
        page = Page(swarm.start_master_with_ui("--json", "--only-summary", *args, expect=workers))
        for _ in range(workers):
            swarm.start_worker()
        until(lambda: page.shown["workers"]["state"] == ["ready"] * workers, "the workers")
        yield swarm, page


def test_a_worker_is_drained_while_the_run_goes_on_and_nothing_is_missing(cli: Cli) -> None:
    cli.write("locustfile.py", LOCUSTFILE)
    with swarm_with_ui(cli, 3, "--stop-timeout", "20") as (swarm, page):
        page.post("run", users=6, rate=100)
        page.until_state("running")
        until(lambda: page.shown["workers"]["users"] == [2, 2, 2], "two users on each")
        until(lambda: min(page.shown["workers"]["samples_merged"]) > 0, "requests of all")

        gone = page.shown["workers"]["id"][1]
        assert page.post(f"workers/{gone}/drain")["action"] == "drain"
        until(lambda: gone not in page.shown["workers"]["id"], "its leaving")
        until(lambda: page.shown["workers"]["users"] == [3, 3], "its users on the others")
        shown = page.shown
        assert (shown["run"]["state"], shown["run"]["users"]) == ("running", 6)
        assert shown["run"]["workers"] == {"there": 2, "expected": 2, "missing": 0}
        changes = [event for event in shown["events"] if event.get("change") not in (None, "joined")]
        assert [(each["change"], each["text"]) for each in changes] == [
            ("drained", f"{gone} has left (drained)")
        ]
        (asked,) = [event for event in shown["events"] if event.get("action") == "drain"]
        assert (asked["before"], asked["outcome"]) == ({"users": 2}, "done")
        (ended,) = [worker for worker in swarm.workers if "the worker ends" in worker.err]
        assert ended.finish().code == 0

        page.post("run/stop")
        page.until_state("stopped")
        until(lambda: page.shown["run"]["accounting"] is not None, "the accounting")
        accounting = page.shown["run"]["accounting"]
        assert (accounting["missing"], accounting["closed"]) == (0, True)
        assert accounting["text"].startswith("3 workers: all ")
        swarm.master.signal(signal.SIGTERM)
        finished, report = swarm.finish()
        assert finished.code == 0, finished.err
        assert report.counts["SLEEP first"] == accounting["merged"]
        assert [worker.finish().code for worker in swarm.workers] == [0, 0, 0]


def test_what_a_class_is_set_to_reaches_the_workers_before_a_run_and_in_it(cli: Cli) -> None:
    cli.write("locustfile.py", LOCUSTFILE)
    users = '{"user_class_name": "Sleeper", "tier": "zeroth"}'

    def names(page: Page) -> set[str]:
        rows = page.shown["names"]
        return {name for name, requests in zip(rows["name"], rows["requests"], strict=True) if requests}

    def set_tier(page: Page, tier: str) -> None:
        body = json.dumps({"user_class_name": "Sleeper", "tier": tier}).encode()
        request = urllib.request.Request(f"{page.url}user", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 201

    with swarm_with_ui(cli, 2, "--config-users", users) as (_, page):
        set_tier(page, "second")
        page.post("run", users=2, rate=100)
        page.until_state("running")
        until(lambda: names(page), "requests")
        assert names(page) == {"second"}
        set_tier(page, "third")
        until(lambda: names(page) == {"second", "third"}, "requests of the new name")
        assert page.shown["run"]["state"] == "running"


def test_a_stop_of_the_swarm_is_forced(cli: Cli) -> None:
    cli.write("locustfile.py", LASTING)
    with swarm_with_ui(cli, 2, "--stop-timeout", "1000") as (swarm, page):
        page.post("run", users=4, rate=100)
        page.until_state("running")
        page.post("run/stop")
        page.until_state("stopping")
        until(lambda: "force" in page.shown["run"]["actions"], "that it may be forced")
        assert 900 < page.shown["run"]["waits"]["left"] <= 1000
        page.post("run/stop", force=True)
        page.until_state("stopped")
        until(lambda: page.shown["run"]["accounting"] is not None, "the accounting")
        shown = page.shown
        assert (shown["run"]["interrupted"], shown["total"]["requests"]) == (4, 0)
        assert (shown["run"]["accounting"]["missing"], shown["run"]["accounting"]["closed"]) == (0, True)
        swarm.master.signal(signal.SIGTERM)
        assert swarm.finish()[0].code == 0
