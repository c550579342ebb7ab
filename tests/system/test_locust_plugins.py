"""locust-plugins from PyPI runs on Swarm as it is, with Locust itself installed beside it.

Needs a package index, and makes an environment of its own; so it is one of the soak tests. Every run ends by
locust-plugins' own limit of iterations, so that its requests can be counted.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from gevent.pywsgi import WSGIServer

from tests.servers.site import Site
from tests.system.cli_process import Cli, Finished
from tests.system.results import Report

FILES = Path(__file__).with_name("with_locust_plugins")
PACKAGES = Path(__file__).parents[2] / "packages"
REQUIREMENTS = ["locust==2.47.0", "locust-plugins[resource]==5.0.3"]

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with Locust and locust-plugins, and, behind them, what this one has."""
    folder = tmp_path_factory.mktemp("plugins")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=300)
    made = str(folder / "bin" / "python")
    install = [made, "-m", "pip", "install", "--quiet", "--retries", "10", "--timeout", "60", *REQUIREMENTS]
    done = subprocess.run(install, capture_output=True, text=True, timeout=800, check=False)
    if done.returncode:
        pytest.skip(f"the package index did not serve: {done.stderr[-500:]}")
    site_packages = next((folder / "lib").glob("python*")) / "site-packages"
    ours = [*(str(PACKAGES / name / "src") for name in ("cli", "web", "runner", "stats"))]
    (site_packages / "swarm.pth").write_text("\n".join([*ours, sysconfig.get_path("purelib")]))
    return made


def run(cli: Cli, python: str, name: str, *args: str, env: dict[str, str] | None = None) -> Finished:
    """Run one of the files headless until its iterations are done, or for the time that `args` give."""
    text = (FILES / f"{name}.py").read_text(encoding="utf-8")
    (cli.folder / f"{name}.py").write_text(text, encoding="utf-8")
    command = [python, "-m", "swarm_cli", "-f", f"{name}.py", "--headless", "--json", "-t", "60", *args]
    return cli.run_program(command, env=env, timeout=150)


def test_ours_answers_although_locust_is_there(cli: Cli, python: str) -> None:
    shown = cli.run_program(
        [
            python,
            "-c",
            "import importlib.metadata as m, swarm.compat.locust, swarm, locust, locust_plugins\n"
            "print(m.version('locust'), locust.HttpUser is swarm.HttpUser, locust.__version__)",
        ]
    )
    assert shown.out == "2.47.0 True 2.47.0\n", shown.err


def test_iterations_are_limited(cli: Cli, python: str) -> None:
    with Site() as site:
        result = run(cli, python, "limits", "-H", site.url, "-i", "12", "-u", "3", "-r", "3")
    assert result.code == 0, result.err
    assert site.counts() == {"GET /hello": 12}


def test_iterations_are_limited_on_each_worker(cli: Cli, python: str) -> None:
    with Site() as site:
        result = run(
            cli, python, "limits", "-H", site.url, "-i", "5", "-u", "4", "-r", "4", "--processes", "2"
        )
    assert result.code == 0, result.err
    assert site.counts() == {"GET /hello": 10}
    assert Report(result).counts == site.counts()


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        (["--check-rps", "1000000"], 3),
        (["--check-avg-response-time", "0.000001"], 3),
        (["--check-fail-ratio", "-1"], 3),
        (["--check-fail-ratio", "0.5", "--check-avg-response-time", "1000000", "--check-rps", "0"], 0),
    ],
)
def test_checks_decide_on_the_exit_code(cli: Cli, python: str, checks: list[str], code: int) -> None:
    with Site() as site:
        result = run(cli, python, "limits", "-H", site.url, "-i", "3", *checks)
    assert result.code == code, result.err
    assert ("CHECK FAILED" in result.err) is bool(code)


def test_a_pace_for_the_whole_run_takes_the_place_of_the_waits(cli: Cli, python: str) -> None:
    with Site() as site:
        result = run(cli, python, "limits", "-H", site.url, "-i", "6", "--ips", "10", "-u", "2", "-r", "2")
        paced = run(cli, python, "paced", "-H", site.url, "-i", "6", "-u", "2", "-r", "2")
    assert (result.code, paced.code) == (0, 0), result.err + paced.err
    assert site.counts() == {"GET /hello": 12}


def test_readers_give_their_rows_and_begin_again(cli: Cli, python: str) -> None:
    with Site() as site:
        result = run(cli, python, "readers", "-H", site.url, "-i", "4")
    assert result.code == 0, result.err
    assert [seen.path for seen in site.seen] == [
        *("/own/Ada/name", "/shared/Ada", "/own/Bo/Ada", "/shared/Bo"),
        *("/own/Cy/Bo", "/shared/Cy", "/own/Ada/Cy", "/shared/Ada"),
    ]


def test_a_distributor_shares_rows_between_workers(cli: Cli, python: str) -> None:
    with Site() as site:
        result = run(
            cli, python, "readers", "-H", site.url, "-i", "3", "-u", "2", "-r", "2", "--processes", "2"
        )
    assert result.code == 0, result.err
    shared = {name: count for name, count in site.counts().items() if "/shared/" in name}
    assert shared == {"GET /shared/Ada": 2, "GET /shared/Bo": 2, "GET /shared/Cy": 2}


def test_transactions_are_written_to_files(cli: Cli, python: str) -> None:
    with Site() as site:
        result = run(
            cli,
            python,
            "transactions",
            "-H",
            site.url,
            "-i",
            "5",
            "--log-transactions-in-file",
            "--csv",
            "tx",
        )
    assert result.code == 0, result.err
    rows = read(cli.folder / "tx_transactions.csv")
    assert [row["transaction_name"] for row in rows] == ["shopping", "paying"] * 5
    summary = {row["Name"]: row for row in read(cli.folder / "tx_transactions_summary.csv")}
    assert (summary["paying"]["Request Count"], summary["paying"]["Failure Count"]) == ("5", "5")
    assert summary["shopping"]["Failure Count"] == "0"


@pytest.mark.parametrize(
    ("listener", "requests", "said"),
    [
        ("RescheduleTaskOnFail", 3, "left the task set"),
        ("InterruptTaskOnFail", 3, "left the task set"),
        ("RunOnFail", 3, "run on fail: 500 Server Error"),
        ("RunOnUserError", 3, "user error: 'user'"),
        ("StopUserOnFail", 1, "a user stopped"),
        ("QuitOnFail", 1, "a user stopped"),
        ("ExitOnFail", 1, "a user stopped"),
    ],
)
def test_listeners_act_on_failures(cli: Cli, python: str, listener: str, requests: int, said: str) -> None:
    time = ["-t", "3"] if listener == "StopUserOnFail" else []  # nobody is left to end the run
    with Site() as site:
        result = run(cli, python, "listeners", "-H", site.url, "-i", "3", *time, env={"LISTENER": listener})
    assert result.code == 1, result.err
    assert site.counts() == {"GET /hello": requests, "GET /status/500": requests}
    assert said in result.out
    assert ("went on" in result.out) is listener.startswith("RunOn")


def test_results_are_written_as_jmeter_does(cli: Cli, python: str) -> None:
    with Site() as site:
        run(cli, python, "listeners", "-H", site.url, "-i", "3", env={"LISTENER": "Jmeter"})
    rows = read(cli.folder / "jmeter.csv")
    assert [row["success"] for row in rows if row["label"]] == ["true", "false"] * 3


def test_users_have_pools_of_connections(cli: Cli, python: str) -> None:
    with Site() as site:
        result = run(
            cli, python, "pools", "-H", site.url, "-i", "10", "-u", "2", "-r", "2", "--pool_size", "4"
        )
    assert result.code == 0, result.err
    assert sum(site.counts().values()) == 30
    assert set(Report(result).counts) == {"GET fast", "POST requests"}
    assert site.connections > 2


def test_what_a_page_embeds_is_requested(cli: Cli, python: str) -> None:
    seen = []

    def page(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b'<html><img src="/one.png"><script src="two.js"></script></html>']

    server = WSGIServer(("127.0.0.1", 0), page, log=None)
    server.start()
    try:
        target = f"http://127.0.0.1:{server.server_port}"
        result = run(cli, python, "resources", "-H", target, "-i", "8", "-u", "2", "-r", "2")
    finally:
        server.stop(timeout=1)
    assert result.code == 0, result.err
    counts = Report(result).counts
    assert counts["GET fast"] + counts["GET requests"] == 8 == seen.count("/page")
    assert counts["GET fast_resources"] == 2 * counts["GET fast"]
    assert counts["GET requests_resources"] == 2 * counts["GET requests"]


def test_one_user_is_run_for_a_debugger(cli: Cli, python: str) -> None:
    text = "import swarm.compat.locust\n" + (FILES / "paced.py").read_text(encoding="utf-8")
    (cli.folder / "paced.py").write_text(text, encoding="utf-8")
    with Site() as site:
        result = cli.run_program([python, "paced.py"], env={"TARGET": site.url})
    assert result.code == 0, result.err
    assert site.counts() == {"GET /hello": 3}
    assert result.out.count("/hello") == 3


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
