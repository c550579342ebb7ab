"""Faults of a target and of a test: each is told as what it is, and nothing is lost."""

from __future__ import annotations

import csv
import json

import pytest

from tests.system.cli_process import SLEEPER, Cli
from tests.system.fault_server import ANSWERS, fault_server

PATHS = [*ANSWERS, "/silence", "/endless-head"]
FAULTS = """
    from swarm import {base}, constant, task

    class Visitor({base}):
        wait_time = constant(0.05)
        network_timeout = 0.3
        connection_timeout = 0.3
        paths = {paths}

        @task
        def visit(self):
            for path in self.paths:
                self.client.get(path, {options})
            self.environment.runner.quit()
"""


@pytest.mark.parametrize(("base", "options"), [("FastHttpUser", ""), ("HttpUser", "timeout=0.3")])
def test_each_fault_of_a_server_is_a_failure_of_its_own(cli: Cli, base: str, options: str) -> None:
    cli.write("locustfile.py", FAULTS.format(base=base, options=options, paths=PATHS))

    with fault_server() as url:
        result = cli.run("--headless", "-t", "20", "-H", url, "--csv", "out", "--only-summary")

    assert result.code == 1, result.err
    assert "Traceback" not in result.err
    with (cli.folder / "out_failures.csv").open(newline="") as file:
        failures = {row["Name"]: row["Error"] for row in csv.DictReader(file)}
    assert set(failures) == set(PATHS)
    assert len(set(failures.values())) > 4  # each names its own cause


@pytest.mark.parametrize("base", ["FastHttpUser", "HttpUser"])
@pytest.mark.parametrize(
    ("scheme", "host", "said"),
    [("http", "no-such-host.invalid", "no-such-host.invalid"), ("https", "", "SSL")],
)
def test_names_that_do_not_resolve_and_tls_that_fails_are_named(
    cli: Cli, base: str, scheme: str, host: str, said: str
) -> None:
    cli.write("locustfile.py", FAULTS.format(base=base, options="", paths=["/garbage"]))

    with fault_server() as url:
        target = f"{scheme}://{host}" if host else url.replace("http", scheme, 1)
        result = cli.run("--headless", "-t", "20", "-H", target, "--only-summary")

    assert result.code == 1, result.err
    assert "1(100.00%)" in result.err
    assert said.lower() in result.err.lower()
    assert "Traceback" not in result.err


def test_an_on_start_that_raises_is_reported(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER + "\n        def on_start(self):\n            raise LookupError('no such account')\n",
    )

    result = cli.headless()

    assert result.code == 1
    log, table, exceptions = result.err.partition("Exceptions in the test's own code")
    assert table
    assert "LookupError: no such account" in log
    assert "LookupError: no such account" in exceptions


def test_ten_thousand_names_and_more_are_put_together_with_one_warning(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        """
        from swarm import User, task

        class Many(User):
            @task
            def name(self):
                for n in range(10_100):
                    self.environment.events.request.fire(
                        request_type="GET", name=f"/{n}", response_time=1, response_length=0, exception=None
                    )
                self.environment.runner.quit()
        """,
    )

    result = cli.run("--headless", "-t", "30", "--json", "--only-summary")

    assert result.code == 0, result.err[-3000:]
    document = json.loads(result.out)
    other = next(entry for entry in document if entry["name"] == "(other)")
    assert other["num_requests"] == 100
    assert sum(entry["num_requests"] for entry in document) == 10_100
    assert result.err.count("too many names") == 1


def test_the_next_answer_after_a_timeout_of_the_users_own_is_not_the_last_one(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        """
        import gevent
        from swarm import FastHttpUser, task

        class Hasty(FastHttpUser):
            @task
            def visit(self):
                with gevent.Timeout(0.2, False):
                    self.client.get("/silence")
                with self.client.get("/closed-mid-answer", catch_response=True) as response:
                    response.failure(f"then {response.status_code}")
                self.environment.runner.quit()
        """,
    )

    with fault_server() as url:
        result = cli.run("--headless", "-t", "20", "-H", url, "--only-summary")

    assert result.code == 1
    assert "GET /silence: " in result.err
    assert "then 0" in result.err


def test_grpc_is_made_cooperative_when_a_file_imports_it(cli: Cli) -> None:
    cli.write("grpc/__init__.py", "")
    cli.write("grpc/experimental/__init__.py", "")
    cli.write("grpc/experimental/gevent.py", "def init_gevent():\n    print('cooperative')\n")
    cli.write("locustfile.py", "import grpc\n" + SLEEPER.replace("\n    ", "\n"))

    assert cli.run("--list").out.startswith("cooperative\n")
