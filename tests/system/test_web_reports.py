"""What the report and the recording of a run without a UI hold of its workers, its logs and its end."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from swarm_web.report import unpacked
from tests.system.cli_process import Cli

LOCUSTFILE = """
    import logging
    import time
    from swarm import User, constant, task

    class Sleeper(User):
        wait_time = constant(0.02)

        def on_start(self):
            logging.info("a user begins")

        @task
        def nap(self):
            with self.environment.events.request.measure("SLEEP", "nap"):
                time.sleep(0.005)
"""


@pytest.mark.parametrize("processes", [[], ["--processes", "2"]], ids=["local", "swarm"])
def test_they_have_the_whole_run(cli: Cli, processes: list[str]) -> None:
    cli.write("locustfile.py", LOCUSTFILE)
    outputs = ("--html", "report.html", "--record", "run.jsonl")
    finished = cli.run(*processes, "--headless", "-u", "6", "-r", "50", "-t", "4", *outputs)
    assert finished.code == 0, finished.err

    page = (cli.folder / "report.html").read_text("utf-8")
    payload = unpacked(page)
    lines = [json.loads(line) for line in (cli.folder / "run.jsonl").read_text("utf-8").splitlines()]
    full = [line["data"] for line in lines if line.get("event") == "full"][-1]
    (details,) = [line["data"] for line in lines if line.get("event") == "details"]
    heat = details["heatmaps"]["\x1fAggregated"]
    for shown, drawn in ((payload["snapshot"], payload["heat"]), (full, heat)):
        requests = shown["total"]["requests"]
        assert requests > 100
        assert round(sum(shown["history"]["rps"])) == requests
        assert sum(sum(column[1::2]) for column in drawn["columns"]) == requests
        states = [event["state"] for event in shown["events"] if event["kind"] == "state"]
        assert states[-1] == "stopped"
        if processes:
            check_workers(shown)
    begun = [(line["node"], line["times"]) for line in details["logs"] if line["text"] == "a user begins"]
    nodes = set(full["workers"]["id"]) if processes else {"local"}
    assert {node for node, _ in begun} == nodes
    assert sum(times for _, times in begun) == 6
    if processes:
        assert "<h2>Workers</h2>" in page
        (workers,) = [check for check in payload["setup"]["preflight"] if check["check"] == "workers"]
        assert (workers["ok"], workers["text"]) == (True, "2 of 2 workers are there")


def check_workers(shown: dict[str, Any]) -> None:
    rows = shown["workers"]
    assert len(rows["id"]) == 2
    assert rows["complete"] == [True, True]
    assert rows["samples_merged"] == rows["samples_heard"]
    assert sum(rows["samples_merged"]) == shown["total"]["requests"]
    assert shown["run"]["workers"] == {"there": 2, "expected": 2, "missing": 0}
    assert shown["run"]["accounting"]["complete"]


def test_a_run_in_the_ui_that_is_ended_with_its_process_keeps_its_workers(cli: Cli) -> None:
    cli.write("locustfile.py", LOCUSTFILE)
    outputs = ("--html", "report.html", "--record", "run.jsonl")
    swarm = ("--processes", "2", "--web-port", "0", "--autostart", "-u", "4", "-r", "50")
    with cli.running(*swarm, *outputs, "--stop-timeout", "5") as process:
        process.wait_for("Browser UI: ")
        process.wait_for("all users spawned")
        process.signal(signal.SIGINT)
        finished = process.finish(90)
    assert finished.code == 0, finished.err
    payload = unpacked((cli.folder / "report.html").read_text("utf-8"))
    shown = payload["snapshot"]
    check_workers(shown)
    assert [event["text"] for event in shown["events"] if event["kind"] == "state"][-1] == "stopped"
    assert sum(sum(column[1::2]) for column in payload["heat"]["columns"]) == shown["total"]["requests"]
    assert round(sum(shown["history"]["rps"])) == shown["total"]["requests"] > 0
