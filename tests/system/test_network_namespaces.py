"""A swarm over a cable that is pulled out and plugged in again, in network namespaces: as root, where the kernel can.

Elsewhere these tests are not collected; the proxy's (`test_network_faults.py`) run everywhere.
"""

from __future__ import annotations

import time

import pytest

from swarm.transport.secret import Secret
from tests.system.cli_process import Cli
from tests.system.counting_server import counting_server
from tests.system.namespaces import can_be_made, namespace
from tests.system.swarm_of import WATCHED, SwarmOf, facts, until


class TestACable:
    __test__ = can_be_made()

    @pytest.mark.timeout(300)
    @pytest.mark.parametrize("seconds", [1.5, pytest.param(30, marks=pytest.mark.soak)])
    def test_that_is_out_for_a_while_and_over_the_end_of_the_run_costs_no_sample(
        self, cli: Cli, seconds: float
    ) -> None:
        cli.write("locustfile.py", WATCHED)
        with (
            namespace() as elsewhere,
            counting_server(elsewhere.listen()) as server,  # beside the workers, not over the cable
            SwarmOf(cli, SWARM_SECRET=Secret.new().text, SWARM_FINAL_DEADLINE="60") as swarm,
        ):
            swarm.start_master(
                *("-H", server.url, "-u", "4", "-r", "4", "--stop-timeout", "10"), host=elsewhere.our_address
            )
            for _ in range(2):
                swarm.start_worker(within=elsewhere.within)
            swarm.settle(4)

            def none_is_there() -> bool:
                return set(swarm.seen_by(swarm.master).workers.values()) == {"missing"}

            def pull() -> None:
                pulled_at, answered = time.monotonic(), server.answered["/hit"]
                elsewhere.unplug()
                until(none_is_there, "the workers' being missing")
                until(lambda: time.monotonic() >= pulled_at + seconds, f"{seconds} seconds")
                until(lambda: server.answered["/hit"] > answered + 100, "the load meanwhile")

            pull()
            elsewhere.plug()
            swarm.settle(4, after="the cable was plugged in")

            kind = elsewhere.spoil()
            answered = server.answered["/hit"]
            until(lambda: server.answered["/hit"] > answered + 600, "the load over a bad cable")
            elsewhere.mend()
            swarm.settle(4, after=f"a cable with losses ({kind})")

            pull()
            swarm.stop()
            until(lambda: swarm.seen_by(swarm.master).state == "stopping", "the master's stopping")
            elsewhere.plug()
            finished, report = swarm.finish()
            workers = [worker.finish() for worker in swarm.workers]

        assert finished.code == 0, finished.err
        run = facts(report)
        assert run["samples_missing"] == 0
        assert run["samples_complete"]
        assert report.counts == {"GET /hit": server.answered["/hit"]}
        assert [worker.code for worker in workers] == [0, 0]
