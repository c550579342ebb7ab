"""Feeds over a real swarm: each row with one user, wherever it runs, and what a killed worker had comes back."""

from __future__ import annotations

import re
import signal

from tests.system.cli_process import Cli
from tests.system.swarm_of import SwarmOf, until

SHOPPERS = """
    import time
    from swarm import StopTest, User, constant, task
    from swarm.data import CsvFeed, FakerFeed, sequence, unique

    users = CsvFeed({path}, exhausted=StopTest{settings})
    people = FakerFeed({{"id": sequence(), "mail": unique("email"), "motto": "catch_phrase"}}, locale="ko_KR")

    class Shopper(User):
        wait_time = constant(0.02)

        @task
        def buy(self):
            row, person = users.next(), people.next()
            print("used", row["name"], person["id"], person["mail"], flush=True)
            with self.environment.events.request.measure("USE", "a row"):
                time.sleep(0.002)
"""


def prepare(cli: Cli, rows: int, settings: str = "") -> None:
    cli.write("locustfile.py", SHOPPERS.format(path='"users.csv"', settings=settings))
    (cli.folder / "users.csv").write_text("name\n" + "".join(f"user{n}\n" for n in range(rows)))


def used(out: str, column: int) -> list[str]:
    return [
        line.split()[column]
        for line in out.splitlines()
        if line.startswith("used ") and len(line.split()) == 4
    ]


def test_each_row_and_each_payload_is_used_once_in_the_swarm(cli: Cli) -> None:
    prepare(cli, 300)
    with SwarmOf(cli) as swarm:
        swarm.start("-u", "6", "-r", "6", "-t", "60")
        (finished, report), workers = swarm.finish(), [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    out = "".join(worker.out for worker in workers)
    assert sorted(used(out, 1)) == sorted(f"user{n}" for n in range(300))
    assert all(len(used(worker.out, 1)) > 20 for worker in workers)
    for column in (2, 3):
        assert len(set(used(out, column))) == 300
    assert report.counts == {"USE a row": 300}


def killed_worker(cli: Cli) -> tuple[list[str], str]:
    """Run until a worker has used 40 rows, kill it, let the other use up the rest; return all used, and the log."""
    with SwarmOf(cli, SWARM_FINAL_DEADLINE="1") as swarm:
        swarm.start("-u", "4", "-r", "4", "-t", "60")
        victim, other = swarm.workers
        until(lambda: len(used(victim.out, 1)) > 40, "rows were used")
        victim.signal(signal.SIGKILL)
        finished, _ = swarm.finish()
        other.finish()
        return used(victim.out, 1) + used(other.out, 1), finished.err


def test_rows_of_a_killed_worker_go_to_the_others_and_none_twice(cli: Cli) -> None:
    prepare(cli, 400)

    rows, log = killed_worker(cli)

    assert len(set(rows)) == len(rows)
    told = re.search(r"may or may not have used.*?rows=(\d+)", log)
    uncertain = int(told[1]) if told else 0
    assert 400 - uncertain <= len(rows) <= 400


def test_at_least_once_leaves_no_row_of_a_killed_worker_out(cli: Cli) -> None:
    prepare(cli, 400, ", at_least_once=True")

    rows, log = killed_worker(cli)

    # A row that was handed out in the very moment of the kill counts as used.
    assert len({f"user{n}" for n in range(400)} - set(rows)) <= 4
    assert "may or may not have used" not in log


def test_a_killed_masters_successor_leases_no_row_again(cli: Cli) -> None:
    prepare(cli, 400)
    arguments = ("-u", "4", "-r", "4", "-t", "60", "--journal", "run.journal")
    with SwarmOf(cli) as swarm:
        swarm.start(*arguments)
        until(lambda: all(len(used(worker.out, 1)) > 20 for worker in swarm.workers), "rows were used")
        swarm.master.signal(signal.SIGKILL)
        swarm.master.finish()
        swarm.start_master(*arguments, port=swarm.port)
        finished, report = swarm.finish()
        out = "".join(worker.finish().out for worker in swarm.workers)

    assert finished.code == 0, finished.err
    assert len(set(used(out, 1))) == len(used(out, 1)) > 300
    assert len(set(used(out, 2))) == len(used(out, 2))
    assert report.counts == {"USE a row": len(used(out, 1))}


def test_workers_need_no_file_of_the_masters(cli: Cli) -> None:
    prepare(cli, 20)
    # The same feed by name, on a machine where its file is not.
    cli.write("far.py", SHOPPERS.format(path='"/nowhere/users.csv"', settings=""))
    with SwarmOf(cli) as swarm:
        swarm.start_master("-u", "2", "-r", "2", "-t", "60", expect=1)
        worker = swarm.start_worker("-f", "far.py")
        swarm.finish()
        done = worker.finish()

    assert len(used(done.out, 1)) == 20


def test_a_feed_that_cannot_be_read_is_told_before_anything_runs(cli: Cli) -> None:
    prepare(cli, 20)
    (cli.folder / "users.csv").unlink()

    for more in ((), ("--processes", "2")):
        text = cli.headless("-u", "1", *more).refused(1)
        assert "users.csv cannot be read: No such file or directory (from the working directory" in text
