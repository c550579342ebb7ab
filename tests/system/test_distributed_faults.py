"""What a swarm of processes survives: workers that come late, stall or are killed, and a master that is killed."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator

import gevent
import pytest

from tests.system.cli_process import Cli
from tests.system.counting_server import CountingServer, counting_server
from tests.system.swarm_of import COMPLETE, HITTER, WATCHED, SwarmOf, facts, until


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


@pytest.fixture
def watched(cli: Cli) -> Cli:
    """The same, and the processes show what they know."""
    cli.write("locustfile.py", WATCHED)
    return cli


def test_a_late_worker_takes_its_share_and_one_that_comes_at_the_end_spoils_nothing(
    hitter: Cli, server: CountingServer
) -> None:
    with SwarmOf(hitter) as swarm:
        swarm.start(*("-H", server.url, "-u", "4", "-r", "4", *COMPLETE), workers=1)
        until(lambda: server.answered["/hit"] > 50, "the load")
        late = swarm.start_worker()
        late.wait_for("this worker has its users users=2")
        late_began = server.answered["/hit"]
        until(lambda: server.answered["/hit"] > late_began + 100, "the load of both")
        last = swarm.start_worker()
        last.wait_for("connected to the master")
        swarm.master.signal(signal.SIGTERM)
        finished, report = swarm.finish()
        workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    assert report.counts == {"GET /hit": server.answered["/hit"]}
    run = facts(report)
    assert run["samples_complete"]
    assert sum(row["samples_merged"] > 0 for row in run["workers"]) >= 2
    assert [worker.code for worker in workers] == [0, 0, 0]


def test_a_run_goes_on_when_all_workers_were_killed_and_others_came_and_what_is_missing_is_said(
    watched: Cli, server: CountingServer
) -> None:
    with SwarmOf(watched, SWARM_REPORT_INTERVAL="60", SWARM_FINAL_DEADLINE="1") as swarm:
        swarm.start("-H", server.url, "-u", "5", "-r", "4")
        swarm.settle(5)
        began = server.answered["/hit"]
        until(lambda: server.answered["/hit"] > began + 200, "the load")
        first, second = victims = list(swarm.workers)
        first.signal(signal.SIGKILL)
        swarm.master.wait_for("a worker is silent; its users go to the others")
        swarm.settle(5, [second], "the first worker was killed")
        second.signal(signal.SIGKILL)
        until(lambda: not swarm.seen_by(swarm.master).users, "the loss of all users")
        others = [swarm.start_worker() for _ in range(2)]
        swarm.settle(5, others, "all workers were killed")
        killed, heirs = ([swarm.seen_by(each) for each in group] for group in (victims, others))
        assert all(0 < seen.rate <= 4 for seen in heirs)
        swarm.stop()
        finished, report = swarm.finish()

    run = facts(report)
    lost = {row["id"] for row in run["workers"] if row["samples_missing"] > 0}
    assert lost >= {seen.id for seen in killed}  # they had reported nothing, and told how many there were
    assert not run["samples_complete"]
    assert finished.code == 3, finished.err
    sentence = re.search(r"at least (\d+) missing \(of (.*)\)", finished.err)
    assert sentence
    assert "the end of the run waits up to 1 s for what silent workers have measured" in finished.err
    assert int(sentence[1]) == run["samples_missing"]
    assert set(sentence[2].split(", ")) >= {seen.id for seen in killed}
    counted = report.counts["GET /hit"]
    assert counted == run["samples_merged"] > 0
    assert counted + run["samples_missing"] <= server.answered["/hit"]


def test_workers_that_are_asked_to_end_lose_nothing_and_others_take_over_from_all_of_them(
    watched: Cli, server: CountingServer
) -> None:
    with SwarmOf(watched) as swarm:
        swarm.start("-H", server.url, "-u", "4", "-r", "4", *COMPLETE)
        swarm.settle(4)
        first, second = swarm.workers
        first.signal(signal.SIGTERM)
        swarm.settle(4, [second], "the first worker was asked to end")
        second.signal(signal.SIGTERM)
        left = [worker.finish() for worker in (first, second)]
        third = swarm.start_worker()
        swarm.settle(4, [third], "all workers were asked to end")
        swarm.master.signal(signal.SIGTERM)
        finished, report = swarm.finish()

    assert [worker.code for worker in left] == [0, 0], left[0].err + left[1].err
    assert finished.code == 0, finished.err
    assert facts(report)["samples_complete"]
    assert report.counts == {"GET /hit": server.answered["/hit"]}


def test_a_worker_that_stands_still_over_the_end_of_the_run_loses_nothing(
    watched: Cli, server: CountingServer
) -> None:
    with SwarmOf(watched, SWARM_REPORT_INTERVAL="0.5") as swarm:
        swarm.start("-H", server.url, "-u", "4", "-r", "4", *COMPLETE)
        swarm.settle(4)
        stopped, other = swarm.workers
        stopped.signal(signal.SIGSTOP)
        stalled_at = time.monotonic()
        swarm.settle(4, [other], "a worker was stopped")
        swarm.stop()
        until(lambda: swarm.seen_by(swarm.master).state == "stopping", "the end of the run")
        too_late = swarm.start_worker()  # for any user
        too_late.wait_for("connected to the master")
        until(lambda: time.monotonic() >= stalled_at + 2, "two seconds")
        stopped.signal(signal.SIGCONT)
        finished, report = swarm.finish()
        workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    assert facts(report)["samples_missing"] == 0
    assert facts(report)["samples_complete"]
    assert report.counts == {"GET /hit": server.answered["/hit"]}
    assert [worker.code for worker in workers] == [0, 0, 0]


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_workers_that_stand_still_for_a_minute_in_the_run_and_over_its_end_lose_nothing(
    watched: Cli, server: CountingServer
) -> None:
    with SwarmOf(watched, SWARM_FINAL_DEADLINE="200") as swarm:
        swarm.start("-H", server.url, "-u", "4", "-r", "4", *COMPLETE)
        swarm.settle(4)
        first, second = swarm.workers
        first.signal(signal.SIGSTOP)
        swarm.settle(4, [second], "a worker was stopped")
        gevent.sleep(60)
        first.signal(signal.SIGCONT)
        swarm.settle(4, after="the stopped worker went on")

        second.signal(signal.SIGSTOP)
        swarm.settle(4, [first], "the other worker was stopped")
        swarm.stop()
        gevent.sleep(60)
        second.signal(signal.SIGCONT)
        finished, report = swarm.finish(60)

    assert finished.code == 0, finished.err
    assert facts(report)["samples_missing"] == 0
    assert facts(report)["samples_complete"]
    assert report.counts == {"GET /hit": server.answered["/hit"]}


def test_a_master_that_is_killed_and_started_again_counts_exactly(
    hitter: Cli, server: CountingServer
) -> None:
    with SwarmOf(hitter) as swarm:
        journal = ("--journal", "run.journal", *COMPLETE)
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
