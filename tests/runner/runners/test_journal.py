"""The journal of a run: what is committed is there when it is opened again, whatever happened to its process."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest

from swarm.runners.journal import REFUSED, RESET, Journal, JournalError, Merged, MergedDelta
from swarm.runners.journal_file import VERSION
from swarm_stats import Exceptions, Registry
from swarm_stats.deltas import apply, cut, pack
from swarm_stats.failures import first_nodes

START = 1_700_000_000.0


class Master:
    """A registry with its journal, and a worker that records into deltas for it."""

    def __init__(self, path: Path, **settings: Any) -> None:
        self.registry = Registry(lambda: START)
        self.exceptions = Exceptions()
        self.journal = Journal(path, self.registry, self.exceptions, **settings)

    def merge(self, number: int, requests: int = 1, identity: str = "one", final: bool = False) -> None:
        worker, raised = Registry(lambda: START), Exceptions()
        for n in range(requests):
            worker.record("GET", f"/{n}", 1_000, 10, START + number, "boom")
        raised.log(identity, "broken", "Traceback …")
        delta = MergedDelta(identity, 7, number, requests, final, 0.25, cut(worker, raised))
        apply(self.registry, delta.payload, delta.offset_s, self.exceptions)
        self.journal.add(delta)

    def everything(self) -> Any:
        rows = pack(self.registry, self.exceptions)
        return rows | {"failures": sorted(rows["failures"]), "start": self.registry.start_time}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


@pytest.fixture
def master(path: Path) -> Iterator[Master]:
    master = Master(path)
    master.journal.begin(1, {"users": {"Shopper": 10}})
    yield master
    master.journal.close()


def reopened(master: Master) -> Master:
    master.journal.close()
    again = Master(master.journal.path)
    assert again.journal.restore()
    master.journal = again.journal  # who made the first closes it
    return again


def test_a_new_file_has_no_run(path: Path) -> None:
    master = Master(path)

    assert not master.journal.restore()
    assert (master.journal.run, master.journal.facts, master.journal.merged) == (0, {}, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    master.journal.close()


def test_what_was_committed_is_there_again(master: Master) -> None:
    master.merge(1, requests=3)
    master.merge(2)
    master.merge(1, identity="other", final=True)
    assert [each.number for each in master.journal.commit()] == [1, 2, 1]
    before = master.everything()

    again = reopened(master)

    assert again.everything() == before
    assert (again.journal.run, again.journal.facts) == (1, {"users": {"Shopper": 10}})
    assert again.journal.merged == {
        ("one", 7): Merged(applied=2, samples=4),
        ("other", 7): Merged(applied=1, samples=1, final=True),
    }


def test_what_was_not_committed_is_not_there(master: Master) -> None:
    master.merge(1)
    master.journal.commit()
    master.merge(2)

    again = reopened(master)

    assert again.registry.num_requests == 1
    assert again.journal.merged["one", 7].applied == 1


def test_a_checkpoint_takes_the_place_of_the_deltas(master: Master) -> None:
    for number in range(1, 6):
        master.merge(number)
    master.registry.add_history_row(10, [0.5])
    master.journal.commit()
    master.merge(6)
    assert [each.number for each in master.journal.commit(checkpoint=True)] == [6]
    master.merge(7)
    master.journal.commit()
    before, history = master.everything(), list(master.registry.history)

    master.journal.close()
    with sqlite3.connect(master.journal.path) as file:
        assert file.execute("SELECT number FROM deltas").fetchall() == [(7,)]
    file.close()
    again = Master(master.journal.path)
    assert again.journal.restore()
    master.journal = again.journal

    assert again.everything() == before
    assert again.registry.history == history
    assert again.journal.merged == {("one", 7): Merged(7, 7)}


def test_what_came_after_the_checkpoint_tells_which_worker_failed(master: Master) -> None:
    master.merge(1)
    master.journal.commit(checkpoint=True)
    master.merge(1, identity="two", requests=2)
    master.journal.commit()
    registry = reopened(master).registry
    ranked = registry.origins.ranked({})

    found = {failure.name: first_nodes(failure.origins, ranked, 20) for failure in registry.errors.values()}
    assert found == {"/0": ["two"], "/1": ["two"]}
    assert [failure.occurrences for failure in registry.errors.values()] == [2, 1]


def test_many_deltas_make_a_checkpoint_by_themselves(path: Path) -> None:
    master = Master(path, checkpoint_bytes=10_000)
    master.journal.begin(1, {})
    for number in range(1, 101):
        master.merge(number, requests=20)
        master.journal.commit()
    master.journal.close()

    with sqlite3.connect(path) as file:
        (left,) = file.execute("SELECT count(*) FROM deltas").fetchone()
    file.close()
    again = Master(path)
    assert again.journal.restore()
    again.journal.close()
    assert left < 20
    assert again.everything() == master.everything()


def test_a_delta_merged_while_a_commit_is_written_belongs_to_the_next(master: Master) -> None:
    master.merge(1)
    committing = gevent.spawn(master.journal.commit, checkpoint=True)
    gevent.sleep(0)  # it waits for its thread
    master.merge(2)

    assert [each.number for each in committing.get()] == [1]
    assert [each.number for each in master.journal.commit()] == [2]
    assert reopened(master).registry.num_requests == 2


def test_a_new_run_replaces_the_old_one(master: Master) -> None:
    master.merge(1, requests=5)
    committing = gevent.spawn(master.journal.commit)
    gevent.sleep(0)
    master.registry.clear_all()
    master.exceptions.clear()
    master.journal.begin(2, {"users": {}})
    master.merge(1)

    assert committing.get() == []
    assert [each.number for each in master.journal.commit()] == [1]
    again = reopened(master)
    assert (again.journal.run, again.journal.facts) == (2, {"users": {}})
    assert again.registry.num_requests == 1
    assert again.journal.merged == {("one", 7): Merged(1, 1)}


def test_facts_are_replaced_by_the_next_commit(master: Master) -> None:
    master.journal.note({"phase": "stop"})
    assert master.journal.commit() == []

    assert reopened(master).journal.facts == {"phase": "stop"}


def test_numbers_are_kept_until_the_next_run(master: Master) -> None:
    master.journal.keep("feed users", 7)
    master.journal.keep("feed users", 8)
    master.journal.commit()
    again = reopened(master)
    assert again.journal.kept == {"feed users": 8}
    again.journal.commit(checkpoint=True)
    again = reopened(again)
    assert again.journal.kept == {"feed users": 8}

    again.journal.begin(2, {})
    assert reopened(again).journal.kept == {}


def test_a_delta_out_of_order_is_refused(master: Master) -> None:
    master.merge(1)
    for number in (1, 3):
        with pytest.raises(JournalError, match=f"delta {number} of one does not follow number 1"):
            master.merge(number)


def test_what_could_not_be_written_is_written_later(master: Master, monkeypatch: pytest.MonkeyPatch) -> None:
    master.merge(1)
    master.journal.note({"phase": "run"})
    with monkeypatch.context() as patch:
        patch.setattr(master.journal._file, "write_deltas", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            master.journal.commit()
    master.merge(2)

    assert [each.number for each in master.journal.commit()] == [1, 2]
    again = reopened(master)
    assert (again.registry.num_requests, again.journal.facts) == (2, {"phase": "run"})


def test_a_full_disk_says_so_and_loses_nothing(master: Master) -> None:
    file = master.journal._file
    pages = file._database.execute("PRAGMA page_count").fetchone()[0]
    file._database.execute(f"PRAGMA max_page_count = {pages}")
    master.merge(1, requests=2_000)
    with pytest.raises(JournalError, match=r"cannot be read or written: .* is full"):
        master.journal.commit()
    file._database.execute("PRAGMA max_page_count = 100000")

    assert [each.number for each in master.journal.commit()] == [1]
    assert reopened(master).registry.num_requests == 2_000


# -- files that are no journal of ours --


def test_a_second_master_on_the_same_journal_is_refused(master: Master) -> None:
    with pytest.raises(JournalError, match="is in use by another master"):
        Master(master.journal.path)


@pytest.mark.parametrize("content", [b"users: 10\n", b"x" * 100_000, os.urandom(4096)])
def test_a_file_that_is_none_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(JournalError, match=r"run\.journal is no journal of a run"):
        Master(path)
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE shop (name TEXT)")
    file.close()
    content = path.read_bytes()

    with pytest.raises(JournalError, match="a database of another program"):
        Master(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(("version", "whose"), [(VERSION + 1, "a newer"), (VERSION - 1, "an older")])
def test_a_file_of_another_version_is_left_as_it_is(master: Master, version: int, whose: str) -> None:
    master.journal.close()
    with sqlite3.connect(master.journal.path) as file:
        file.execute(f"PRAGMA user_version = {version}")
    file.close()

    message = f"version {version}, written by {whose} Swarm; this one knows version {VERSION}"
    with pytest.raises(JournalError, match=message):
        Master(master.journal.path)
    with sqlite3.connect(master.journal.path) as file:
        file.execute(f"PRAGMA user_version = {VERSION}")
    file.close()
    reopened(master)


def test_what_was_not_merged_is_known_again_and_merges_nothing(master: Master) -> None:
    master.merge(1)
    master.journal.add(MergedDelta("one", 7, 2, 50, False, 0.0, {}, RESET))
    master.journal.add(MergedDelta("one", 7, 3, 4, False, 0.0, {}, REFUSED))
    master.merge(4)
    before = master.registry.num_requests
    master.journal.commit()

    again = reopened(master)

    found = again.journal.merged["one", 7]
    assert (found.applied, found.reset, found.refused) == (4, 50, 4)
    assert again.registry.num_requests == found.samples == before


@pytest.mark.parametrize("committed", [True, False])
def test_a_reset_is_whole_and_all_that_was_merged_lies_before_it(master: Master, committed: bool) -> None:
    master.merge(1)
    if committed:
        master.journal.commit()
    before = master.registry.num_requests
    master.registry.reset_all()
    master.journal.reset({"resets": 1})
    master.journal.commit(checkpoint=True)
    master.merge(2)
    after = master.registry.num_requests
    master.journal.commit()

    again = reopened(master)

    found = again.journal.merged["one", 7]
    assert (found.applied, found.samples, found.reset) == (2, after, before)
    assert again.registry.num_requests == after
    assert again.journal.facts == {"resets": 1}


@pytest.mark.parametrize("of_delta", [True, False])
def test_statistics_that_are_damaged_say_so(master: Master, of_delta: bool) -> None:
    master.merge(1)
    master.journal.commit(checkpoint=not of_delta)
    master.journal.close()
    table, column = ("deltas", "payload") if of_delta else ("run", "statistics")
    with sqlite3.connect(master.journal.path) as file:
        file.execute(f"UPDATE {table} SET {column} = substr({column}, 1, 40)")  # noqa: S608  names of ours
    file.close()

    again = Master(master.journal.path)
    master.journal = again.journal
    with pytest.raises(JournalError, match="is damaged: .* Begin a new one"):
        again.journal.restore()


def test_pages_that_are_damaged_say_so(master: Master) -> None:
    for number in range(1, 40):
        master.merge(number, requests=50)
    master.journal.commit()
    master.journal.close()
    content = bytearray(master.journal.path.read_bytes())
    for page in range(2 * 4096, len(content), 4096):
        content[page : page + 200] = b"\xff" * 200
    master.journal.path.write_bytes(content)

    with pytest.raises(JournalError, match="is damaged"):
        Master(master.journal.path)


def test_a_folder_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened: No such file or directory. Give --journal"):
        Master(tmp_path / "nowhere" / "run.journal")
    with pytest.raises(JournalError, match="cannot be opened: Is a directory"):
        Master(tmp_path)


# -- a process that is killed --

MASTER = """
import sys
from pathlib import Path
from swarm.runners.journal import Journal, MergedDelta
from swarm_stats import Exceptions, Registry
from swarm_stats.deltas import apply, cut

path, batch = Path(sys.argv[1]), int(sys.argv[2])
registry, exceptions = Registry(lambda: 1_700_000_000.0), Exceptions()
journal = Journal(path, registry, exceptions, checkpoint_bytes=20_000)
if not journal.restore():
    journal.begin(1, {"phase": "run"})
assert registry.num_requests == sum(each.samples for each in journal.merged.values())
worker = Registry(lambda: 1_700_000_000.0)
print("ready", flush=True)
while True:
    for _ in range(batch):
        merged = journal.merged.get(("one", 7))
        number = merged.applied + 1 if merged else 1
        for n in range(number % 7):
            worker.record("GET", f"/{n}", 1_000 * n, 10, 1_700_000_000.0 + number)
        delta = MergedDelta("one", 7, number, number % 7, False, 0.0, cut(worker))
        apply(registry, delta.payload)
        journal.add(delta)
    print(journal.commit()[-1].number, flush=True)
"""


def test_a_master_killed_at_any_moment_loses_nothing_that_it_acknowledged(path: Path) -> None:
    chance = random.Random(20)
    acknowledged = 0
    for life in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", MASTER, path, str(1 + life % 3)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(chance.randrange(1, 60)):  # commits, and then somewhere in the next
            acknowledged = int(process.stdout.readline())
        gevent.sleep(chance.random() * 0.01)
        os.kill(process.pid, signal.SIGKILL)
        for line in process.stdout:
            if line.endswith("\n"):
                acknowledged = int(line)
        process.wait()
        process.stdout.close()

        master = Master(path)
        assert master.journal.restore()
        merged = master.journal.merged["one", 7]
        master.journal.close()
        assert merged.applied >= acknowledged
        assert master.registry.num_requests == sum(number % 7 for number in range(1, merged.applied + 1))
        assert merged.samples == master.registry.num_requests
        assert master.registry.total.histogram.count == merged.samples
