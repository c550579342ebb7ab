"""What a run leaves behind: table, CSV and JSON agree with one another and with the server."""

from __future__ import annotations

import csv
import json
import os
import re
import resource
import signal
from typing import TYPE_CHECKING

import pytest

from tests.system.counting_server import CountingServer, counting_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.cli_process import Cli

BUYER = """
    from locust import {base}, constant, task

    class Buyer({base}):
        wait_time = constant(0.005)

        @task(3)
        def look(self):
            self.client.get("/shop")

        @task
        def buy(self):
            self.client.get("/fail")
"""


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with counting_server() as server:
        yield server


def rows(cli: Cli, name: str) -> list[dict[str, str]]:
    with (cli.folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("base", ["FastHttpUser", "HttpUser"])
def test_server_table_csv_and_json_agree_to_the_request(cli: Cli, server: CountingServer, base: str) -> None:
    cli.write("locustfile.py", BUYER.format(base=base))

    result = cli.run(
        "--headless", "-u", "5", "-r", "5", "-t", "2", "-H", server.url,
        "--csv", "out", "--json", "--json-file", "all",
    )  # fmt: skip

    assert result.code == 1, result.err
    document = json.loads(result.out)
    by_name = {entry["name"]: entry for entry in document}
    stats = {row["Name"]: row for row in rows(cli, "out_stats.csv")}
    interrupted = document[0]["run"]["interrupted"]
    assert set(by_name) == {"/shop", "/fail"}
    assert list(stats) == ["/fail", "/shop", "Aggregated"]
    for name in by_name:
        count = by_name[name]["num_requests"]
        assert int(stats[name]["Request Count"]) == count
        assert f"GET   {name}" in result.err
        assert sum(by_name[name]["response_times"].values()) == count
        assert sum(by_name[name]["histogram_us"].values()) == count
    total = sum(entry["num_requests"] for entry in document)
    assert 0 <= server.answered.total() - total <= interrupted
    assert int(stats["Aggregated"]["Request Count"]) == total
    assert int(stats["Aggregated"]["Failure Count"]) == by_name["/fail"]["num_failures"] > 0
    last = rows(cli, "out_stats_history.csv")[-1]
    assert int(last["Total Request Count"]) == total
    failures = rows(cli, "out_failures.csv")
    assert [int(row["Occurrences"]) for row in failures] == [by_name["/fail"]["num_failures"]]
    assert rows(cli, "out_exceptions.csv") == []
    assert json.loads((cli.folder / "all.json").read_text()) == document


def test_the_full_history_has_rows_for_each_entry(cli: Cli, server: CountingServer) -> None:
    cli.write("locustfile.py", BUYER.format(base="FastHttpUser"))

    cli.run("--headless", "-t", "2", "-H", server.url, "--csv", "deep/er/out", "--csv-full-history")

    names = {row["Name"] for row in rows(cli, "deep/er/out_stats_history.csv")}
    assert names == {"/shop", "/fail", "Aggregated"}


def test_settings_of_the_locustfile_change_columns_and_intervals(cli: Cli, server: CountingServer) -> None:
    cli.write(
        "locustfile.py",
        BUYER.format(base="FastHttpUser")
        + """
    import locust.stats

    locust.stats.PERCENTILES_TO_REPORT = [0.25, 0.75]

    from locust import events

    @events.init.add_listener
    def set_up(environment, **_):
        locust.stats.CONSOLE_STATS_INTERVAL_SEC = 0.2
    """,
    )

    result = cli.headless("-H", server.url, "--csv", "out")

    assert "25%" in rows(cli, "out_stats.csv")[0]
    assert "50%" not in rows(cli, "out_stats.csv")[0]
    assert " 25%  " in result.err
    assert result.err.count("running: ") >= 2


def test_only_the_summary_is_printed_when_asked_for(sleeper: Cli) -> None:
    result = sleeper.run("--headless", "-t", "3", "--only-summary")

    assert result.err.count("Aggregated") == 2  # requests and percentiles


def test_a_table_is_printed_while_the_run_lasts(sleeper: Cli) -> None:
    with sleeper.running("--headless", "-t", "10m", "-u", "2", "-r", "100") as run:
        run.wait_for("of 10m, 2 of 2 users")
        run.wait_for("Aggregated")
        run.signal(signal.SIGINT)
        result = run.finish()

    assert re.search(r"running: \d+s of 10m, 2 of 2 users\nType +Name", result.err)
    assert result.err.count("Aggregated") >= 3


def test_statistics_are_reset_when_all_users_are_there(sleeper: Cli) -> None:
    result = sleeper.run("--headless", "-u", "4", "-r", "100", "-t", "1", "--reset-stats")

    assert result.code == 0
    assert "statistics reset" in result.err


def test_a_full_disk_is_told_once_and_the_results_are_printed(sleeper: Cli) -> None:
    (sleeper.folder / "out_stats.csv").symlink_to("/dev/full")

    result = sleeper.run("--headless", "-t", "2", "--csv", "out", "--json")

    assert result.code == 2
    assert result.err.count("cannot be written: No space left on device") == 1
    assert "out_stats.csv is not complete: No space left on device." in result.err
    assert "Response time percentiles" in result.err
    assert json.loads(result.out)[0]["num_requests"] > 0
    assert rows(sleeper, "out_stats_history.csv")
    assert "Traceback" not in result.err


def test_a_disk_that_fills_up_during_the_run_is_told_and_keeps_what_was_written(sleeper: Cli) -> None:
    result = sleeper.run(
        "--headless", "-t", "6", "--csv", "out",
        preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )  # fmt: skip

    assert result.code == 2
    assert "out_stats_history.csv is not complete: File too large." in result.err
    assert "Response time percentiles" in result.err
    assert os.path.getsize(sleeper.folder / "out_stats_history.csv") == 1000
    assert "Traceback" not in result.err


def test_json_that_nobody_reads_is_told(sleeper: Cli) -> None:
    sleeper.write("run.sh", '#!/bin/sh\nexec "$@" > /dev/full\n').chmod(0o755)
    from tests.system.cli_process import SWARM_CLI

    result = sleeper.run_program(["./run.sh", SWARM_CLI, "--headless", "-t", "1", "--json"])

    assert result.code == 2
    assert "The JSON could not be written to stdout: No space left on device." in result.err
    assert "Response time percentiles" in result.err
    assert "Traceback" not in result.err


def test_an_unreachable_target_is_reported_as_failures(cli: Cli) -> None:
    cli.write("locustfile.py", BUYER.format(base="FastHttpUser"))
    with counting_server() as gone:
        url = gone.url

    result = cli.headless("-H", url)

    assert result.code == 1
    assert "ConnectionRefusedError(111, 'Connection refused')" in result.err
    assert "100.00%" in result.err


def test_logs_are_json_lines_on_request(sleeper: Cli) -> None:
    result = sleeper.headless("--log-format", "json", "--logfile", "log.jsonl")

    lines = [json.loads(line) for line in (sleeper.folder / "log.jsonl").read_text().splitlines()]
    assert {"event", "level", "logger", "timestamp"} <= set(lines[0])
    assert any("all users spawned" in line["event"] for line in lines)
    assert "all users spawned" not in result.err


def test_logging_is_left_alone_on_request(cli: Cli) -> None:
    from tests.system.cli_process import SLEEPER

    cli.write(
        "locustfile.py",
        SLEEPER + '\n    import logging\n    logging.basicConfig(format="MINE %(message)s", level="DEBUG")\n',
    )

    result = cli.headless("--skip-log-setup")

    assert "MINE all users spawned" in result.err
    assert "RunLifecycle" not in result.err  # the chatter of a library that does its work behind the scenes
