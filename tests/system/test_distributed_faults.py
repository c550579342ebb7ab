"""What a swarm of processes survives: workers that come late, stall or are killed, and a master that is killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from tests.system.cli_process import Cli
from tests.system.counting_server import CountingServer, counting_server
from tests.system.swarm_of import HITTER, SwarmOf, facts, until


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


def test_a_late_worker_takes_its_share(hitter: Cli, server: CountingServer) -> None:
    with SwarmOf(hitter) as swarm:
        swarm.start("-H", server.url, "-u", "4", "-r", "4", workers=1)
        until(lambda: server.answered["/hit"] > 50, "the load")
        late = swarm.start_worker()
        late.wait_for("this worker has its users users=2")
        late_began = server.answered["/hit"]
        until(lambda: server.answered["/hit"] > late_began + 100, "the load of both")
        swarm.master.signal(signal.SIGTERM)
        finished, report = swarm.finish()

    assert finished.code == 0, finished.err
    assert report.counts == {"GET /hit": server.answered["/hit"]}
    assert [row["samples_merged"] > 0 for row in facts(report)["workers"]] == [True, True]


def test_the_users_of_a_killed_worker_move_and_what_is_missing_is_said(
    hitter: Cli, server: CountingServer
) -> None:
    with SwarmOf(hitter, SWARM_REPORT_INTERVAL="60", SWARM_FINAL_DEADLINE="1") as swarm:
        swarm.start("-H", server.url, "-u", "4", "-r", "4")
        until(lambda: server.answered["/hit"] > 300, "the load")
        swarm.workers[0].signal(signal.SIGKILL)
        swarm.master.wait_for("a worker is silent; its users go to the others")
        swarm.workers[1].wait_for("this worker has its users users=4")
        swarm.master.signal(signal.SIGINT)
        finished, report = swarm.finish()

    run = facts(report)
    assert run["samples_missing"] > 100  # it had reported nothing, and told how many there were
    assert not run["samples_complete"]
    assert finished.code == 3, finished.err
    assert f"at least {run['samples_missing']} missing" in finished.err
    counted = report.counts["GET /hit"]
    assert counted == run["samples_merged"]
    assert counted + run["samples_missing"] <= server.answered["/hit"]


def test_a_worker_that_is_asked_to_end_hands_over_its_users_and_loses_nothing(
    hitter: Cli, server: CountingServer
) -> None:
    with SwarmOf(hitter) as swarm:
        swarm.start("-H", server.url, "-u", "4", "-r", "4")
        until(lambda: server.answered["/hit"] > 100, "the load")
        swarm.workers[0].signal(signal.SIGTERM)
        left = swarm.workers[0].finish()
        swarm.workers[1].wait_for("this worker has its users users=4")
        swarm.master.signal(signal.SIGTERM)
        finished, report = swarm.finish()

    assert left.code == 0, left.err
    assert finished.code == 0, finished.err
    assert facts(report)["samples_complete"]
    assert report.counts == {"GET /hit": server.answered["/hit"]}


def test_a_worker_that_stands_still_over_the_end_of_the_run_loses_nothing(
    hitter: Cli, server: CountingServer
) -> None:
    with SwarmOf(hitter, SWARM_REPORT_INTERVAL="0.5") as swarm:
        swarm.start("-H", server.url, "-u", "4", "-r", "4")
        until(lambda: server.answered["/hit"] > 200, "the load")
        swarm.workers[0].signal(signal.SIGSTOP)
        stalled_at = time.monotonic()
        swarm.master.wait_for("a worker is silent; its users go to the others")
        swarm.master.signal(signal.SIGINT)
        until(lambda: time.monotonic() >= stalled_at + 2, "two seconds")
        swarm.workers[0].signal(signal.SIGCONT)
        finished, report = swarm.finish()

    assert finished.code == 0, finished.err
    assert facts(report)["samples_missing"] == 0
    assert facts(report)["samples_complete"]
    assert report.counts == {"GET /hit": server.answered["/hit"]}


def test_a_master_that_is_killed_and_started_again_counts_exactly(
    hitter: Cli, server: CountingServer
) -> None:
    with SwarmOf(hitter) as swarm:
        journal = ("--journal", "run.journal")
        swarm.start("-H", server.url, "-u", "4", "-r", "4", *journal)
        until(lambda: server.answered["/hit"] > 200, "the load")
        swarm.master.signal(signal.SIGKILL)
        swarm.master.finish()
        at_death = server.answered["/hit"]
        until(lambda: server.answered["/hit"] > at_death + 100, "the load without a master")
        swarm.start_master("-H", server.url, "-u", "4", "-r", "4", *journal, port=swarm.port)
        swarm.master.wait_for("a worker is back")
        back_at = server.answered["/hit"]
        until(lambda: server.answered["/hit"] > back_at + 100, "the load with another master")
        swarm.master.signal(signal.SIGINT)
        finished, report = swarm.finish()
        workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    assert facts(report)["samples_complete"]
    assert report.counts == {"GET /hit": server.answered["/hit"]}
    assert [worker.code for worker in workers] == [0, 0]


def test_nodes_exchange_users_made_with_faker(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        """
        from faker import Faker
        from swarm import User, constant, events, task
        from swarm.runners import MasterRunner, WorkerRunner

        def take_users(environment, msg, **kwargs):
            for user in msg.data:
                print("took", user["name"], "from", msg.node_id, flush=True)
            environment.runner.send_message("taken", [user["email"] for user in msg.data])

        def taken(environment, msg, **kwargs):
            print("taken", len(msg.data), "by", msg.node_id in environment.runner.clients, flush=True)
            environment.taken = getattr(environment, "taken", 0) + len(msg.data)
            if environment.taken == 10:
                environment.runner.quit()

        @events.init.add_listener
        def _(environment, runner, **kwargs):
            if isinstance(runner, MasterRunner):
                runner.register_message("taken", taken, concurrent=True)
            if isinstance(runner, WorkerRunner):
                runner.register_message("users", take_users)

        @events.test_start.add_listener
        def _(environment, **kwargs):
            runner = environment.runner
            if isinstance(runner, MasterRunner):
                fake = Faker("ko_KR")
                try:
                    runner.send_message("users", {"broken": fake})
                except Exception as error:
                    print("refused:", error, flush=True)
                for client_id in runner.clients:
                    users = [{"name": fake.name(), "email": fake.email()} for _ in range(5)]
                    runner.send_message("users", users, client_id=client_id)

        @events.worker_connect.add_listener
        def _(client_id, **kwargs):
            print("connected", flush=True)

        @events.report_to_master.add_listener
        def _(client_id, data, **kwargs):
            data["extra"] = 7

        @events.worker_report.add_listener
        def _(client_id, data, **kwargs):
            if data["extra"] == 7:
                print("report", data["user_count"] >= 0, flush=True)

        class Nobody(User):
            wait_time = constant(1)

            @task
            def rest(self):
                pass
        """,
    )
    with SwarmOf(cli) as swarm:
        swarm.start("-u", "2", "-r", "2")
        finished = swarm.master.finish()
        workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    assert finished.out.count("taken 5 by True") == 2
    assert finished.out.count("connected") == 2
    assert "report True" in finished.out
    assert "refused: The message 'users' cannot be sent: data" in finished.out
    assert "Faker" in finished.out
    for worker in workers:
        assert worker.out.count("took ") == 5
        assert "from master" in worker.out
