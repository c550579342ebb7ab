"""What a swarm survives of its network: a proxy between master and workers delays, throttles, cuts and is silent."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.system.cli_process import Cli
from tests.system.counting_server import CountingServer, counting_server
from tests.system.network import Network, network_to
from tests.system.swarm_of import WATCHED, SwarmOf, facts, until


@pytest.fixture
def server() -> Iterator[CountingServer]:
    """An HTTP server that counts."""
    with counting_server() as server:
        yield server


@pytest.fixture
def watched(cli: Cli) -> Cli:
    """`swarm-cli` in a folder whose users ask for /hit, and whose processes show what they know."""
    cli.write("locustfile.py", WATCHED)
    return cli


class Trouble:
    """The faults, each with what shows that it has come."""

    def __init__(self, swarm: SwarmOf, network: Network, server: CountingServer) -> None:
        self.swarm, self.network, self.server = swarm, network, server

    def delay(self) -> None:
        self.network.become(delay_s=0.1, jitter_s=0.15)
        self._a_second_goes_by()

    def throttle(self) -> None:
        self.network.become(bytes_per_s=3000)
        self._a_second_goes_by()

    def cut(self) -> None:
        self._until_workers_connect_again(self.network.reset)

    def vanish(self) -> None:
        self._until_workers_connect_again(self.network.vanish)

    def deaf_master(self) -> None:
        self.network.become(blocked="up")
        self.until_workers_are_missing()

    def deaf_workers(self) -> None:
        self._until_workers_connect_again(lambda: self.network.become(blocked="down"))

    def black_hole(self) -> None:
        self._until_workers_connect_again(lambda: self.network.become(blocked="up down"))
        self.until_workers_are_missing()

    def refuse(self) -> None:
        self.network.refuse()
        self.until_workers_are_missing()

    def _a_second_goes_by(self) -> None:
        answered = self.server.answered["/hit"]
        until(lambda: self.server.answered["/hit"] > answered + 200, "the load in a bad network")

    def _until_workers_connect_again(self, fault: Callable[[], None]) -> None:
        accepted = self.network.accepted
        fault()
        until(lambda: self.network.accepted >= accepted + 2, "the new connections of two workers")

    def until_workers_are_missing(self) -> None:
        def missing() -> bool:
            return set(self.swarm.seen_by(self.swarm.master).workers.values()) == {"missing"}

        until(missing, "the workers' being missing")


@pytest.mark.timeout(300)
def test_a_run_goes_on_through_every_fault_of_its_network_and_while_a_worker_stands_still(
    watched: Cli, server: CountingServer
) -> None:
    with SwarmOf(watched) as swarm:
        swarm.start_master(*("-H", server.url, "-u", "6", "-r", "6", "--stop-timeout", "60"), expect=3)
        with network_to(swarm.port) as network:
            through = [swarm.start_worker(port=network.port) for _ in range(2)]
            beside = swarm.start_worker()
            swarm.settle(6)
            beside.signal(signal.SIGSTOP)
            stopped_at = time.monotonic()
            swarm.settle(6, through, "a worker was stopped")

            trouble = Trouble(swarm, network, server)
            for fault in (
                *(trouble.delay, trouble.throttle, trouble.cut, trouble.vanish),
                *(trouble.deaf_master, trouble.deaf_workers, trouble.black_hole, trouble.refuse),
            ):
                fault()
                network.become()
                swarm.settle(6, through, fault.__name__)

            until(lambda: time.monotonic() >= stopped_at + 10, "ten seconds")
            beside.signal(signal.SIGCONT)
            swarm.settle(6, after="the stopped worker went on")
            until(
                lambda: [swarm.seen_by(worker).users for worker in swarm.workers] == [2, 2, 2],
                "the workers' having equal shares",
            )

            (watched.folder / "stay").touch()
            swarm.stop()
            for worker in swarm.workers:
                until(lambda seen=worker: swarm.seen_by(seen).state == "stopping", "a worker's stopping")
            network.become(blocked="up")
            (watched.folder / "stay").unlink()
            for worker in through:  # their last deltas are on their way
                until(lambda seen=worker: swarm.seen_by(seen).state == "stopped", "a worker's end of the run")
            network.reset()
            network.become()
            finished, report = swarm.finish()
            workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    run = facts(report)
    assert run["samples_missing"] == 0
    assert run["samples_complete"]
    assert report.counts == {"GET /hit": server.answered["/hit"]}
    assert run["samples_merged"] == server.answered["/hit"]
    assert [worker.code for worker in workers] == [0, 0, 0]


def test_what_has_not_come_when_the_time_is_over_is_missing_and_said(
    watched: Cli, server: CountingServer
) -> None:
    intervals = {
        "SWARM_REPORT_INTERVAL": "60",
        "SWARM_FINAL_DEADLINE": "1",
        "SWARM_ORPHAN_AFTER": "1",
        "SWARM_QUIT_GRACE": "1",  # the workers will not hear that the run is over
    }
    with SwarmOf(watched, **intervals) as swarm:
        swarm.start_master("-H", server.url, "-u", "4", "-r", "4")
        with network_to(swarm.port) as network:
            for _ in range(2):
                swarm.start_worker(port=network.port)
            swarm.settle(4)
            network.become(blocked="up down")
            for worker in swarm.workers:
                worker.wait_for("without a master for too long; the users are stopped")
            network.become()
            swarm.settle(4, after="the users had been stopped without a master")
            back_at = server.answered["/hit"]
            until(lambda: server.answered["/hit"] > back_at + 200, "the load")
            until(lambda: swarm.seen_by(swarm.master).requests > 0, "what was measured before")
            network.become(blocked="up down")
            Trouble(swarm, network, server).until_workers_are_missing()
            swarm.stop()
            finished, report = swarm.finish()

    run = facts(report)
    assert finished.code == 3, finished.err
    assert run["samples_missing"] > 0  # of what the heartbeats told of before the fault
    assert not run["samples_complete"]
    assert f"at least {run['samples_missing']} missing (of " in finished.err
    counted = report.counts["GET /hit"]
    assert counted == run["samples_merged"] > 0
    assert counted + run["samples_missing"] <= server.answered["/hit"]
