"""Master and workers as processes: their counts are the server's, to the request, and every sample is accounted for."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from swarm.transport.secret import Secret
from tests.system.cli_process import SLEEPER, Cli
from tests.system.counting_server import CountingServer, counting_server
from tests.system.results import Report, table
from tests.system.swarm_of import COMPLETE, HITTER, INTERVALS, WATCHED, SwarmOf, facts, until


@pytest.fixture
def server() -> Iterator[CountingServer]:
    """An HTTP server that counts."""
    with counting_server() as server:
        yield server


@pytest.fixture
def hitter(cli: Cli) -> Cli:
    """`swarm-cli` in a folder whose users ask for /hit."""
    cli.write("locustfile.py", HITTER)
    return cli


def test_two_workers_count_what_the_server_has_answered(hitter: Cli, server: CountingServer) -> None:
    hitter.write("locustfile.py", WATCHED)
    with SwarmOf(hitter) as swarm:
        swarm.start("-H", server.url, "-u", "6", "-r", "6", *COMPLETE)
        swarm.settle(6)
        settled_at = server.answered["/hit"]
        until(lambda: server.answered["/hit"] > settled_at + 200, "the load of both")
        swarm.stop()
        finished, report = swarm.finish()
        workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    assert report.counts == {"GET /hit": server.answered["/hit"]}
    assert table(finished)["GET /hit"] == (server.answered["/hit"], 0)
    assert "2 workers: all" in finished.err
    assert "none missing" in finished.err
    run = facts(report)
    assert run["samples_missing"] == 0
    assert run["samples_complete"]
    assert [row["samples_merged"] > 0 for row in run["workers"]] == [True, True]
    assert all(abs(row["clock_offset_s"]) < 0.5 for row in run["workers"])
    assert [worker.code for worker in workers] == [0, 0], workers[0].err
    assert [worker.out for worker in workers] == ["", ""]


def test_processes_are_one_run_with_one_document_and_one_exit_code(
    hitter: Cli, server: CountingServer
) -> None:
    hitter.environment |= INTERVALS
    hitter.write("locustfile.py", HITTER + '\n    print("loaded")\n')

    finished = hitter.run(
        *("--processes", "2", "--headless", "--json", "--only-summary", "-H", server.url),
        *("-u", "5", "-r", "5", "-t", "1", *COMPLETE),
    )

    assert finished.code == 0, finished.err
    assert finished.out.startswith("loaded\n[")
    assert json.loads(finished.out.partition("\n")[2])
    assert Report(finished).counts == {"GET /hit": server.answered["/hit"]}
    assert facts(Report(finished))["samples_missing"] == 0
    assert len(facts(Report(finished))["workers"]) == 2


def test_a_failed_request_on_a_worker_is_the_masters_exit_code(hitter: Cli, server: CountingServer) -> None:
    hitter.environment |= INTERVALS
    hitter.write("locustfile.py", HITTER.replace("/hit", "/fail"))

    finished = hitter.run(
        *("--processes", "2", "--headless", "--only-summary", "-H", server.url),
        *("-u", "2", "-r", "2", "-t", "1"),
    )

    assert finished.code == 1, finished.err
    assert "500 Server Error" in finished.err or "500" in finished.err


def test_ctrl_c_ends_all_processes_in_order_with_one_report(hitter: Cli, server: CountingServer) -> None:
    hitter.environment |= INTERVALS
    with hitter.running(
        *("--processes", "2", "--headless", "--json", "--only-summary", "-H", server.url),
        *("-u", "4", "-r", "4", *COMPLETE),
    ) as run:
        until(lambda: server.answered["/hit"] > 50, "the load")
        run.signal(signal.SIGINT)
        finished = run.finish()

    assert finished.code == 0, finished.err
    assert Report(finished).counts == {"GET /hit": server.answered["/hit"]}
    assert finished.err.count("Response time percentiles") == 1


def test_children_end_with_a_parent_that_is_killed(hitter: Cli, server: CountingServer) -> None:
    hitter.environment |= INTERVALS
    with hitter.running(
        *("--processes", "2", "--headless", "--only-summary", "-H", server.url, "-u", "4", "-r", "4")
    ) as run:
        until(lambda: server.answered["/hit"] > 50, "the load")
        children = [int(found) for found in _children_of(run.pid)]
        run.signal(signal.SIGKILL)
        run.finish()
        assert len(children) == 2
        until(lambda: not any(_is_alive(child) for child in children), "the children's end")


def _children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_worker_takes_locustfile_and_modules_from_the_master(cli: Cli, server: CountingServer) -> None:
    cli.write("paths.py", 'PATH = "/from-a-module"\n')
    cli.write("shop/__init__.py", "")
    cli.write("shop/pages.py", "from paths import PATH\n")
    cli.write(
        "locustfile.py",
        """
        from shop.pages import PATH
        from swarm import FastHttpUser, constant, events, task

        @events.init_command_line_parser.add_listener
        def _(parser):
            parser.add_argument("--suffix", default="")
            parser.add_argument("--token", default="", is_secret=True)

        class Hitter(FastHttpUser):
            wait_time = constant(0.01)

            @task
            def hit(self):
                options = self.environment.parsed_options
                self.client.get(PATH + options.suffix + options.token)
        """,
    )
    elsewhere = cli.folder / "elsewhere"
    elsewhere.mkdir()
    with SwarmOf(cli) as swarm:
        swarm.start_master(
            *("-H", server.url, "-u", "2", "-r", "2", "-t", "1", *COMPLETE),
            *("--suffix", "/x", "--token", "secret"),
        )
        cli.folder = elsewhere
        for _ in range(2):
            swarm.start_worker("-f", "-")
        finished, report = swarm.finish()

    assert finished.code == 0, finished.err
    assert report.counts == {"GET /from-a-module/x": server.answered["/from-a-module/x"]}
    assert set(server.answered) == {"/from-a-module/x"}


def test_another_locustfile_on_a_worker_is_a_warning(hitter: Cli, server: CountingServer) -> None:
    hitter.write("other.py", HITTER + "\n    # another one\n")
    with SwarmOf(hitter) as swarm:
        swarm.start_master("-H", server.url, "-u", "1", "-t", "1", expect=1)
        swarm.start_worker("-f", "other.py")
        finished, _ = swarm.finish()

    assert finished.code == 0
    assert "the worker's locustfile is not the master's" in finished.err


def test_a_master_that_would_not_know_what_to_start_says_what_to_add(sleeper: Cli) -> None:
    sleeper.without_extra_web()
    assert "add -u N" in sleeper.run("--master", "--expect-workers", "4").refused(2)
    assert "add -u N" in sleeper.run("--processes", "2").refused(2)


def test_a_master_without_a_ui_waits_for_its_workers_and_starts(hitter: Cli, server: CountingServer) -> None:
    hitter.without_extra_web()
    with SwarmOf(hitter) as swarm:
        master = swarm.cli.running(
            *("--master", "--master-bind-port", "0", "--expect-workers", "1", "--json", "--only-summary"),
            *("-H", server.url, "-u", "1", "-t", "1", *COMPLETE),
        )
        with master as swarm.master:
            swarm.master.wait_for("listening for workers on")
            found = re.search(r"127\.0\.0\.1:(\d+)", swarm.master.err)
            assert found
            swarm.port = int(found[1])
            swarm.start_worker()
            finished, report = swarm.finish()

    assert finished.code == 0, finished.err
    assert report.counts == {"GET /hit": server.answered["/hit"]}


def test_one_command_starts_several_workers_for_a_master(hitter: Cli, server: CountingServer) -> None:
    with SwarmOf(hitter) as swarm:
        swarm.start_master("-H", server.url, "-u", "2", "-r", "2", "-t", "1", *COMPLETE)
        several = swarm.start_worker("--processes", "2", "-f", "-")
        finished, report = swarm.finish()
        assert several.finish().code == 0, several.err

    assert finished.code == 0, finished.err
    assert report.counts == {"GET /hit": server.answered["/hit"]}


def test_workers_whose_master_is_gone_for_good_end(hitter: Cli, server: CountingServer) -> None:
    with SwarmOf(hitter, SWARM_ORPHAN_AFTER="0.4", SWARM_CONNECT_DEADLINE="5") as swarm:
        swarm.start("-H", server.url, "-u", "1", workers=1)
        until(lambda: server.answered["/hit"] > 20, "the load")
        swarm.master.signal(signal.SIGKILL)
        worker = swarm.workers[0].finish()

    assert worker.code == 2
    assert "without a master for too long; the users are stopped" in worker.err
    assert "the master was away for 5 s: nobody listens" in worker.err


def test_workers_that_do_not_come_in_time_end_the_master(sleeper: Cli) -> None:
    sleeper.environment |= INTERVALS

    finished = sleeper.run(
        *("--master", "--master-bind-port", "0", "--headless", "--expect-workers", "2"),
        *("--expect-workers-max-wait", "0.5", "--only-summary"),
    )

    assert finished.code == 1
    assert "0 of 2 workers came within 0.5 s" in finished.err


def test_nobody_listening_is_said_and_given_up(sleeper: Cli) -> None:
    finished = sleeper.run("--worker", "--master-port", "1", env={"SWARM_CONNECT_DEADLINE": "1"})

    assert finished.code == 2
    assert "nobody listens at 127.0.0.1:1" in finished.err
    assert "Traceback" not in finished.err


def test_a_worker_with_another_secret_is_told_so(sleeper: Cli) -> None:
    secrets = [Secret.new().text, sleeper.run("secret").out.strip()]
    with SwarmOf(sleeper, SWARM_SECRET=secrets[0]) as swarm:
        swarm.start_master("-u", "1")
        sleeper.environment["SWARM_SECRET"] = secrets[1]
        finished = swarm.start_worker().finish()

    assert finished.code == 2
    assert "has another secret" in finished.err
    assert secrets[0] not in finished.err
    assert secrets[1] not in finished.err


def test_another_address_needs_a_secret_and_the_commands_are_given(sleeper: Cli) -> None:
    message = sleeper.run("--master", "--master-bind-host", "*", "--headless").refused(1)

    assert "swarm-cli secret > swarm.secret" in message
    assert "--secret-file" in message


def test_a_locustfile_that_does_not_load_in_a_process_ends_the_run(cli: Cli) -> None:
    cli.environment |= INTERVALS
    cli.write(
        "locustfile.py",
        "import os\nif 'SWARM_CHILD_OF' in os.environ:\n    raise RuntimeError('only here')\n"
        + _dedented(SLEEPER),
    )

    finished = cli.run("--processes", "2", "--headless", "-u", "1", "--only-summary")

    assert finished.code == 1
    assert "a worker process ended before the run began" in finished.err
    assert "only here" in finished.err


def _dedented(text: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in text.splitlines())


def test_a_shape_is_followed_by_the_whole_swarm_class_by_class(cli: Cli, server: CountingServer) -> None:
    cli.environment |= INTERVALS
    cli.write(
        "locustfile.py",
        HITTER
        + """
    from swarm import LoadTestShape

    class Other(FastHttpUser):
        wait_time = constant(0.01)

        @task
        def hit(self):
            self.client.get("/other")

    class Steps(LoadTestShape):
        def tick(self):
            seen = {name for name, _ in self.runner.stats.entries}
            if "/hit" not in seen:
                return 4, 100, [Hitter]
            return None if "/other" in seen else (4, 100, [Other])
""",
    )

    finished = cli.run(
        *("--processes", "2", "--headless", "--json", "--only-summary", "-H", server.url, *COMPLETE)
    )

    assert finished.code == 0, finished.err
    counts = Report(finished).counts
    assert counts == {"GET /hit": server.answered["/hit"], "GET /other": server.answered["/other"]}
    assert min(counts.values()) > 0


def test_a_user_on_a_worker_that_ends_the_test_ends_the_swarm(cli: Cli) -> None:
    cli.environment |= INTERVALS
    cli.write(
        "locustfile.py",
        """
        from swarm import StopTest, User, constant, task

        class Ender(User):
            wait_time = constant(1)

            @task
            def end(self):
                raise StopTest
        """,
    )

    finished = cli.run("--processes", "2", "--headless", "-u", "1", "--only-summary")

    assert finished.code == 0, finished.err
    assert "a user on a worker ends the run" in finished.err
