"""Feeds of a worker whose rows come from a master: users wait, go on, and end; messages take their time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest

from swarm import StopTest, StopUser
from swarm.control.messages import Lease, LeaseProgress, LeaseRequest
from swarm.data import CsvFeed, FakerFeed, Feed, FeedError, IterableFeed, sequence
from swarm.data import feed as module
from swarm.data.book import Said
from swarm.data.desk import LeaseDesk, LeasedFeeds
from swarm.transport.codec import decode, encode


class Swarm:
    """A master's desk and workers, each with feeds as its own process would make them."""

    def __init__(self, make: Callable[[], Feed], workers: int) -> None:
        self.master = make()
        self.desk = LeaseDesk(lambda: workers)
        self.sessions = ["of the master"] * workers
        self.workers: list[LeasedFeeds] = []
        self.feeds: list[Feed] = []
        masters = dict(module._feeds)
        for number in range(workers):
            module._feeds.clear()
            feed = make()
            leased = LeasedFeeds(self.sender(number), lambda number=number: self.sessions[number])  # type: ignore[misc]
            feed.take_from(leased.source_of(feed))
            self.feeds.append(feed)
            self.workers.append(leased)
        module._feeds.clear()
        module._feeds.update(masters)

    def sender(self, number: int) -> Callable[[Any], None]:
        def say(message: Any) -> None:
            gevent.spawn(self.carry, number, decode(encode(message)))

        return say

    def carry(self, number: int, message: Any) -> None:
        self.deliver(self.desk.answer(f"worker {number}", message))

    def deliver(self, said: Said) -> None:
        for worker, message in said:
            arrived: Any = decode(encode(message))
            gevent.spawn(self.workers[int(worker.split()[1])].hear, arrived)

    def lose(self, number: int) -> None:
        self.deliver(self.desk.lose(f"worker {number}"))


def users(path: Path, n: int) -> Path:
    path.write_text("name\n" + "".join(f"user {number}\n" for number in range(n)))
    return path


def test_every_row_goes_to_one_user_of_the_swarm_and_the_others_end(tmp_path: Path) -> None:
    path = users(tmp_path / "users.csv", 1_000)
    swarm = Swarm(lambda: CsvFeed(path), workers=3)

    def live(feed: Feed) -> list[str]:
        return [row["name"] for row in feed]

    lives = [gevent.spawn(live, feed) for feed in swarm.feeds for _ in range(20)]
    taken = Counter(name for life in lives for name in life.get())

    assert taken == Counter(f"user {n}" for n in range(1_000))
    with pytest.raises(StopUser):
        swarm.feeds[0].next()


def test_as_many_users_as_rows_have_a_row_each_wherever_they_are(tmp_path: Path) -> None:
    path = users(tmp_path / "users.csv", 100)
    swarm = Swarm(lambda: CsvFeed(path), workers=4)

    on_start = [gevent.spawn(feed.next) for feed in swarm.feeds for _ in range(25)]

    assert {life.get()["name"] for life in on_start} == {f"user {n}" for n in range(100)}


def test_the_master_itself_takes_part(tmp_path: Path) -> None:
    path = users(tmp_path / "users.csv", 100)
    swarm = Swarm(lambda: CsvFeed(path), workers=1)

    first = swarm.master.next()["name"]
    others = [row["name"] for row in swarm.feeds[0]]

    assert sorted([first, *others]) == sorted(f"user {n}" for n in range(100))


def test_rows_of_a_worker_know_their_columns(tmp_path: Path) -> None:
    path = users(tmp_path / "users.csv", 10)
    row = Swarm(lambda: CsvFeed(path), workers=1).feeds[0].next()

    with pytest.raises(FeedError, match=r"users\.csv has no column 'nmae'; it has: name"):
        row["nmae"]


def test_no_two_workers_make_the_same_payload() -> None:
    swarm = Swarm(lambda: FakerFeed({"id": sequence(), "name": "name"}), workers=3)

    def live(feed: Feed) -> list[Any]:
        return [feed.next() for _ in range(2_500)]

    lives = [gevent.spawn(live, feed) for feed in swarm.feeds]
    payloads = [payload for life in lives for payload in life.get()]

    assert len({payload["id"] for payload in payloads}) == 7_500
    alone = FakerFeed({"id": sequence(), "name": "name"})
    by_number = {payload["id"]: payload for payload in (alone.next() for _ in range(100_000))}
    assert all(by_number[payload["id"]] == payload for payload in payloads)


def test_a_lost_workers_rows_go_to_the_others(tmp_path: Path) -> None:
    path = users(tmp_path / "users.csv", 2_000)
    swarm = Swarm(lambda: CsvFeed(path), workers=2)
    used = [swarm.feeds[0].next()["name"]]

    swarm.lose(0)
    taken = [row["name"] for row in swarm.feeds[1]]

    assert not {*used} & {*taken}
    uncertain = swarm.desk.books["users.csv"].uncertain
    assert len(taken) == 2_000 - uncertain
    assert 0 < uncertain <= 20


def test_users_wait_for_a_master_and_go_on_when_there_is_one(tmp_path: Path) -> None:
    path = users(tmp_path / "users.csv", 10)
    swarm = Swarm(lambda: CsvFeed(path), workers=1)
    swarm.sessions[0] = ""
    life = gevent.spawn(swarm.feeds[0].next)
    gevent.sleep(0.05)
    assert not life.ready()

    swarm.sessions[0] = "welcome"
    assert life.get()["name"] == "user 0"


def test_a_file_that_the_master_cannot_read_is_told_to_the_users(tmp_path: Path) -> None:
    swarm = Swarm(lambda: CsvFeed(tmp_path / "nowhere.csv"), workers=1)

    with pytest.raises(FeedError, match=r"nowhere\.csv cannot be read: No such file"):
        swarm.feeds[0].next()


def test_a_feed_that_the_master_does_not_have_is_told_to_the_users() -> None:
    swarm = Swarm(lambda: IterableFeed([{"n": 1}], name="rows"), workers=1)
    module._feeds.clear()

    with pytest.raises(
        FeedError, match="The master has no feed 'rows'; it has: none.*must load the same locustfile"
    ):
        swarm.feeds[0].next()


class Notes:
    """A journal's notes, without a file."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.writes = 0

    def kept(self, name: str) -> int:
        return self.numbers.get(name, 0)

    def keep(self, name: str, number: int) -> None:
        self.numbers[name] = number
        self.writes += 1


def leased(desk: LeaseDesk, number: int, feed: str = "users.csv") -> list[str]:
    ((_, answer),) = desk.answer("one", LeaseRequest("s", feed, number, 5))
    assert isinstance(answer, Lease)
    desk.answer("one", LeaseProgress("s", feed, answer.block, "begin"))
    return [row["name"] for row in answer.rows]


def test_a_second_master_leases_nothing_that_the_first_may_have_leased(tmp_path: Path) -> None:
    path, notes = users(tmp_path / "users.csv", 3_200), Notes()
    first_feed, first = CsvFeed(path, name="users.csv"), LeaseDesk(lambda: 1, notes)
    before = [name for number in range(1, 41) for name in leased(first, number)]
    module._feeds.clear()
    second_feed, second = CsvFeed(path, name="users.csv"), LeaseDesk(lambda: 1, notes)
    after = [name for number in range(1, 41) for name in leased(second, number)]

    assert first_feed is not second_feed
    assert len({*before} | {*after}) == 400
    held = LeaseProgress("s", "users.csv", 41, "begin")  # of the first
    assert second.answer("one", held) == [("one", LeaseProgress("s", "users.csv", 41, "revoked"))]
    assert notes.writes < 10


def test_at_least_once_begins_again_with_a_second_master(tmp_path: Path) -> None:
    path, notes = users(tmp_path / "users.csv", 3_200), Notes()
    first_feed = CsvFeed(path, name="users.csv", at_least_once=True)
    before = leased(LeaseDesk(lambda: 1, notes), 1)
    first_feed.restart()

    assert leased(LeaseDesk(lambda: 1, notes), 1) == before


def test_nothing_of_a_feed_that_nobody_has_may_be_begun() -> None:
    desk = LeaseDesk(lambda: 1)

    revoked = LeaseProgress("s", "nowhere", 1, "revoked")
    assert desk.answer("one", LeaseProgress("s", "nowhere", 1, "begin")) == [("one", revoked)]
    assert desk.answer("one", LeaseProgress("s", "nowhere", 1, "done")) == []
    assert desk.answer("one", object()) == []
    ((_, answer),) = desk.answer("one", LeaseRequest("s", "nowhere", 1, 10))
    LeasedFeeds(lambda _: None, lambda: "s").hear(answer)


def test_a_process_that_has_none_of_its_namesakes_rows_says_so() -> None:
    said: list[object] = []

    LeasedFeeds(said.append, lambda: "s").hear(LeaseProgress("s", "rows", 3, "recall"))

    assert said == [LeaseProgress("s", "rows", 3, "done")]


def test_a_worker_that_leaves_when_its_users_have_ended_keeps_no_row(tmp_path: Path) -> None:
    path = users(tmp_path / "users.csv", 2_000)
    swarm = Swarm(lambda: CsvFeed(path), workers=2)
    first = swarm.feeds[0].next()["name"]

    swarm.workers[0].give_back()
    gevent.sleep(0.05)  # what it said is there before its goodbye
    swarm.lose(0)

    assert sorted([first, *(row["name"] for row in swarm.feeds[1])]) == sorted(
        f"user {n}" for n in range(2_000)
    )


def test_a_user_waits_for_rows_that_a_worker_without_users_has(tmp_path: Path) -> None:
    path = users(tmp_path / "users.csv", 2_000)
    swarm = Swarm(lambda: CsvFeed(path), workers=2)
    first = swarm.feeds[0].next()["name"]  # of a block of which nobody asks for the rest

    taken = [row["name"] for row in swarm.feeds[1]]

    assert sorted([first, *taken]) == sorted(f"user {n}" for n in range(2_000))


def test_the_end_is_told_only_when_all_users_of_all_workers_have_had_their_rows(tmp_path: Path) -> None:
    path = users(tmp_path / "users.csv", 500)
    swarm = Swarm(lambda: CsvFeed(path, exhausted=StopTest), workers=3)
    taken: list[str] = []
    had_at_the_end: list[int] = []

    def live(feed: Feed) -> None:
        try:
            while True:
                taken.append(feed.next()["name"])
                gevent.sleep(0)
        except StopTest:
            had_at_the_end.append(len(taken))

    gevent.joinall([gevent.spawn(live, feed) for feed in swarm.feeds for _ in range(4)], raise_error=True)

    assert had_at_the_end == [500] * 12
    assert len(set(taken)) == 500
