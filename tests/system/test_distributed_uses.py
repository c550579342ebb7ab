"""What locustfiles do on a master and its workers, as processes, each file as its user wrote it."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from tests.servers.site import Site
from tests.system.cli_process import Cli
from tests.system.example import Example
from tests.system.results import table
from tests.system.swarm_of import SwarmOf, facts, until

FILES = Path(__file__).with_name("fragile")
PATIENT = {"SWARM_HEARTBEAT_INTERVAL": "1"}
"""So that no worker is missing for a moment on a busy machine, where a file counts them."""


def test_3_a_worker_sends_its_statistics_and_quits_after_its_iterations(cli: Cli, site: Site) -> None:
    shutil.copy(FILES / "distributed_iterations.py", cli.folder / "locustfile.py")
    with SwarmOf(cli) as swarm:
        swarm.start("-H", site.url, "-u", "4", "-r", "4", "-i", "12")  # the workers get -i from their master
        workers = [worker.finish() for worker in swarm.workers]
        swarm.master.signal(signal.SIGTERM)
        finished, report = swarm.finish()

    assert [worker.code for worker in workers] == [0, 0], workers[0].err
    assert all("last user stopped" in worker.err for worker in workers)
    assert finished.code == 0, finished.err
    assert report.counts == site.counts() == {"GET /hello": 24}
    assert facts(report)["samples_complete"]


def test_8_workers_are_spoken_to_by_their_ids_and_counted_by_their_states(cli: Cli, site: Site) -> None:
    shutil.copy(FILES / "distributed_clients.py", cli.folder / "locustfile.py")
    with SwarmOf(cli, **PATIENT) as swarm:
        swarm.start("-H", site.url, "-u", "4", "-r", "4")
        swarm.master.wait_for_output("all received")
        swarm.master.wait_for("both are running: [2, 2]")
        swarm.master.signal(signal.SIGTERM)
        finished, report = swarm.finish()
        workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    assert finished.out.splitlines()[:2] == [
        "2 workers, 2 ready",
        "all received ['account 0-0', 'account 0-1', 'account 1-0', 'account 1-1']",
    ]
    assert sorted(worker.out for worker in workers) == [
        "worker 0 ['account 0-0', 'account 0-1']\n",
        "worker 1 ['account 1-0', 'account 1-1']\n",
    ]
    assert report.counts == site.counts()


def test_example_11_listeners_are_called_in_order_on_each_node(
    cli: Cli, example: Example, site: Site
) -> None:
    example.write("11_listeners")
    (cli.folder / "11_listeners.py").rename(cli.folder / "locustfile.py")
    with SwarmOf(cli, **PATIENT) as swarm:
        swarm.start("-H", site.url, "-u", "4", "-r", "4", "--stop-timeout", "20")
        until(lambda: all("request GET" in each.out for each in swarm.workers), "a request on each worker")
        until(lambda: all("spawning_complete" in each.out for each in swarm.workers), "the end of the ramp")
        swarm.stop()
        finished = swarm.master.finish()
        workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    before, _, after = finished.out.partition("[\n")
    ready = ["init_command_line_parser LocustArgumentParser", "init ['runner', 'web_ui']"]
    started = f"test_start {site.url} []"
    assert before.splitlines() == [
        *(*ready, "I'm on master node", started),
        *("spawning_complete 4", "test_stopping 4", "test_stop 0", "quitting 0"),
    ]
    assert after.splitlines()[-1].endswith("quit 0")
    for worker in workers:
        assert worker.code == 0, worker.err
        lines = worker.out.splitlines()
        in_order = [
            line for line in lines if not line.startswith(("request ", "True ", "spawning_complete "))
        ]
        assert in_order == [
            *(*ready, "I'm on a worker", started, "on_start", "on_start"),
            *("test_stopping 2", "on_stop", "on_stop", "test_stop 0", "quitting 0", "quit 0"),
        ]
        assert lines.count("request GET /hello True 6 Hello! {'step': 1} None") == 1
        assert lines.index(started) < lines.index("spawning_complete 4") < lines.index("test_stopping 2")
    assert table(finished) == {"GET /hello": (len(site.seen), 0)}


def test_example_14_master_and_workers_exchange_test_users(cli: Cli, example: Example, site: Site) -> None:
    example.write("14_messages")
    (cli.folder / "14_messages.py").rename(cli.folder / "locustfile.py")
    with SwarmOf(cli, **PATIENT) as swarm:
        swarm.start("-H", site.url, "-u", "11", "-r", "11")
        until(lambda: len(site.seen) == 11, "a request for each user")
        until(lambda: swarm.master.out.count("\n") == 4, "what the workers say")
        swarm.master.signal(signal.SIGTERM)
        finished, report = swarm.finish()

    assert finished.code == 0, finished.err
    assert sorted(finished.out.splitlines()[:4]) == [
        "acknowledged: Thanks for the 5 users!",
        "acknowledged: Thanks for the 6 users!",
        "concurrent: This is a non blocking message",
        "concurrent: This is a non blocking message",
    ]
    assert {seen.target for seen in site.seen} == {f"/echo?user=user{number}" for number in range(11)}
    assert report.counts == {"GET /echo": 11}
    assert [row["samples_merged"] > 0 for row in facts(report)["workers"]] == [True, True]


def test_example_14_works_in_one_process(example: Example, site: Site) -> None:
    result = example.run("14_messages", "-u", "5", "-r", "5", "-H", site.url)

    assert result.code == 0, result.err
    assert result.out.count("Thanks for the 5 users!") == 1
    assert {seen.target for seen in site.seen} == {f"/echo?user=user{number}" for number in range(5)}
