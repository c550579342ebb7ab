"""Feeds over a real swarm: each row with one user, wherever it runs, and what a killed worker had comes back."""

from __future__ import annotations

import re
import signal

from tests.system.cli_process import Cli
from tests.system.swarm_of import SwarmOf, until

SHOPPERS = """
    import time
    from pathlib import Path
    from swarm import StopTest, User, constant, runners, task
    from swarm.data import CsvFeed, FakerFeed, sequence, unique

    runners.HEARTBEAT_LIVENESS = {liveness}
    users = CsvFeed({path}, exhausted=StopTest{settings})
    people = FakerFeed({{"id": sequence(), "mail": unique("email"), "motto": "catch_phrase"}}, locale="ko_KR")

    class Shopper(User):
        wait_time = constant(0.02)
        bought = 0

        @task
        def buy(self):
            row, person = users.next(), people.next()
            print("used", row["name"], person["id"], person["mail"], flush=True)
            with self.environment.events.request.measure("USE", "a row"):
                time.sleep(0.002)
            self.bought += 1
            while self.bought == {pause_after} and not Path("go").exists():
                time.sleep(0.02)
"""
PAUSE_AFTER = 5
"""Rows that each user takes before it waits for `go`: so much is sure to have happened on every worker."""

COMPLETE = ("--stop-timeout", "30", "-t", "300")
"""A run that its rows end, and whose last tasks end too: all that was printed is counted."""


def prepare(
    cli: Cli, rows: int, settings: str = "", *, pause_after: int = PAUSE_AFTER, liveness: int = 200
) -> None:
    """Write the locustfile; without deaths `liveness` is such that nobody who waits for a core counts as dead."""
    text = SHOPPERS.format(path='"users.csv"', settings=settings, pause_after=pause_after, liveness=liveness)
    cli.write("locustfile.py", text)
    (cli.folder / "users.csv").write_text("name\n" + "".join(f"user{n}\n" for n in range(rows)))


def go(cli: Cli) -> None:
    (cli.folder / "go").touch()


def used(out: str, column: int) -> list[str]:
    return [
        line.split()[column]
        for line in out.splitlines()
        if line.startswith("used ") and len(line.split()) == 4
    ]


def until_used(swarm: SwarmOf, rows: int) -> None:
    """Wait until each worker has used so many rows."""
    until(lambda: all(len(used(worker.out, 1)) >= rows for worker in swarm.workers), "rows were used", 60)


def test_each_row_and_each_payload_is_used_once_in_the_swarm(cli: Cli) -> None:
    prepare(cli, 300)
    with SwarmOf(cli) as swarm:
        swarm.start("-u", "6", "-r", "6", *COMPLETE)
        until_used(swarm, 3 * PAUSE_AFTER)
        go(cli)
        (finished, report), workers = swarm.finish(90), [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    out = "".join(worker.out for worker in workers)
    assert sorted(used(out, 1)) == sorted(f"user{n}" for n in range(300))
    for column in (2, 3):
        assert len(set(used(out, column))) == 300
    assert report.counts == {"USE a row": 300}


def killed_worker(cli: Cli) -> tuple[list[str], str]:
    """Kill a worker that has begun to use rows, let the other use up the rest; return all used, and the log."""
    with SwarmOf(cli, SWARM_FINAL_DEADLINE="1") as swarm:
        swarm.start("-u", "4", "-r", "4", "-t", "300", "--stop-timeout", "5")
        until_used(swarm, 2 * PAUSE_AFTER)
        victim, other = swarm.workers
        victim.signal(signal.SIGKILL)
        victim.finish()
        go(cli)
        finished, _ = swarm.finish(90)
        other.finish()
        return used(victim.out, 1) + used(other.out, 1), finished.err


def test_rows_of_a_killed_worker_go_to_the_others_and_none_twice(cli: Cli) -> None:
    prepare(cli, 200, liveness=30)

    rows, log = killed_worker(cli)

    assert len(set(rows)) == len(rows)
    uncertain = sum(map(int, re.findall(r"may or may not have used.*?rows=(\d+)", log)))
    assert 200 - uncertain <= len(rows) <= 200


def test_at_least_once_leaves_no_row_of_a_killed_worker_out(cli: Cli) -> None:
    prepare(cli, 200, ", at_least_once=True", liveness=30)

    rows, log = killed_worker(cli)

    assert set(rows) == {f"user{n}" for n in range(200)}
    assert "may or may not have used" not in log


def test_a_worker_that_leaves_in_order_takes_no_row_with_it(cli: Cli) -> None:
    prepare(cli, 200)
    with SwarmOf(cli) as swarm:
        swarm.start("-u", "4", "-r", "4", *COMPLETE)
        until_used(swarm, 2 * PAUSE_AFTER)
        swarm.workers[0].signal(signal.SIGTERM)
        go(cli)
        finished, report = swarm.finish(90)
        rows = [row for worker in swarm.workers for row in used(worker.finish().out, 1)]

    assert finished.code == 0, finished.err
    assert sorted(rows) == sorted(f"user{n}" for n in range(200))
    assert report.counts == {"USE a row": 200}


def test_a_killed_masters_successor_leases_no_row_again(cli: Cli) -> None:
    prepare(cli, 300)
    arguments = ("-u", "4", "-r", "4", *COMPLETE, "--journal", "run.journal")
    with SwarmOf(cli) as swarm:
        swarm.start(*arguments)
        until_used(swarm, 2 * PAUSE_AFTER)
        swarm.master.signal(signal.SIGKILL)
        swarm.master.finish()
        swarm.start_master(*arguments, port=swarm.port)
        go(cli)
        finished, report = swarm.finish(90)
        out = "".join(worker.finish().out for worker in swarm.workers)

    assert finished.code == 0, finished.err
    assert len(set(used(out, 1))) == len(used(out, 1)) > 100
    assert len(set(used(out, 2))) == len(used(out, 2))
    assert report.counts == {"USE a row": len(used(out, 1))}


def test_workers_need_no_file_of_the_masters(cli: Cli) -> None:
    prepare(cli, 20, pause_after=0)
    # The same feed by name, on a machine where its file is not.
    cli.write("far.py", (cli.folder / "locustfile.py").read_text().replace("users.csv", "/nowhere/users.csv"))
    with SwarmOf(cli) as swarm:
        swarm.start_master("-u", "2", "-r", "2", *COMPLETE, expect=1)
        worker = swarm.start_worker("-f", "far.py")
        swarm.finish(90)
        done = worker.finish()

    assert len(used(done.out, 1)) == 20


def test_a_feed_that_cannot_be_read_is_told_before_anything_runs(cli: Cli) -> None:
    prepare(cli, 20)
    (cli.folder / "users.csv").unlink()

    for more in ((), ("--processes", "2")):
        text = cli.headless("-u", "1", *more).refused(1)
        assert text.startswith(
            "swarm-cli: users.csv cannot be read: No such file or directory (from the working"
        )
