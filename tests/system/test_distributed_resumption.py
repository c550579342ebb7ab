"""A master that is killed and started again goes on with the run where it was: its shape's time, and its end."""

from __future__ import annotations

import re
import signal
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


def test_a_shape_goes_on_at_the_time_that_it_had_come_to(cli: Cli, server: CountingServer) -> None:
    cli.write(
        "locustfile.py",
        HITTER
        + """
    from swarm import LoadTestShape

    class Steady(LoadTestShape):
        def tick(self):
            print("tick", int(self.get_run_time()), flush=True)
            return 4, 4
""",
    )
    with SwarmOf(cli) as swarm:
        arguments = ("-H", server.url, "--reset-stats", "--journal", "run.journal")
        swarm.start(*arguments)
        until(lambda: server.answered["/hit"] > 100, "the load")
        swarm.master.wait_for_output("tick 2")
        swarm.master.signal(signal.SIGKILL)
        reached = ticks(swarm.master.finish().out)[-1]
        swarm.start_master(*arguments, port=swarm.port)
        swarm.master.wait_for_output("tick")
        swarm.master.wait_for("a worker is back")
        back_at = server.answered["/hit"]
        until(lambda: server.answered["/hit"] > back_at + 100, "the load with another master")
        swarm.master.signal(signal.SIGTERM)
        finished, report = swarm.finish()
        workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    assert ticks(finished.out)[0] >= reached >= 2
    run = facts(report)
    assert report.counts == {"GET /hit": run["samples_merged"]}  # since all users were there
    assert run["samples_merged"] + run["samples_reset"] == run["samples_heard"] == server.answered["/hit"]
    assert run["samples_complete"]
    for each in (finished, *workers):  # nobody hears a second time that all users are there
        assert each.err.count("all users spawned") == (0 if each is finished else 1)


def ticks(out: str) -> list[int]:
    """Return the times of the shape's ticks."""
    return [int(seconds) for seconds in re.findall(r"^tick (\d+)$", out, re.MULTILINE)]


def test_a_run_that_was_being_stopped_ends_with_all_of_its_samples(cli: Cli, server: CountingServer) -> None:
    cli.write(
        "locustfile.py",
        HITTER
        + """
    from swarm import events

    @events.test_stop.add_listener
    def tell(**kwargs):
        print("stopped", flush=True)
""",
    )
    with SwarmOf(cli, SWARM_FINAL_DEADLINE="60", SWARM_REPORT_INTERVAL="0.5") as swarm:
        arguments = ("-H", server.url, "-u", "4", "-r", "4", "--journal", "run.journal")
        swarm.start(*arguments)
        until(lambda: server.answered["/hit"] > 200, "the load")
        swarm.workers[0].signal(signal.SIGSTOP)
        swarm.master.signal(signal.SIGTERM)
        swarm.workers[1].wait_for_output("stopped")  # so the master had written that it stops
        swarm.master.signal(signal.SIGKILL)
        swarm.master.finish()
        swarm.start_master(*arguments, port=swarm.port)
        swarm.master.wait_for("the journal holds a run")
        swarm.workers[0].signal(signal.SIGCONT)
        finished, report = swarm.finish(timeout=80)
        workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    assert facts(report)["samples_complete"]
    assert report.counts == {"GET /hit": server.answered["/hit"]}
    assert [worker.code for worker in workers] == [0, 0]
    assert [worker.out for worker in workers] == ["stopped\n", "stopped\n"]
