"""What the UI of a master knows of its workers: real ones, in this process, over real sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from swarm import User, constant, task
from swarm_web.recorder import Recorder, recorder_of
from swarm_web.web import create_web_ui
from tests.runner.runners.swarm_of_nodes import Nodes
from tests.web.serving import Client, until


class Picky(User):
    """Fails on one worker, the first, as long as `is_broken`."""

    wait_time = constant(0.005)
    is_broken = True

    @task
    def buy(self) -> None:
        fails = self.is_broken and self.environment.runner.worker_index == 0  # type: ignore[union-attr]
        self.environment.events.request.fire(
            request_type="POST",
            name="/basket",
            response_time=1.5,
            response_length=3,
            exception="sold out" if fails else None,
        )


class Hurried(User):
    """Its requests begin 300 ms later than they were meant to."""

    wait_time = constant(0.005)

    @task
    def ask(self) -> None:
        self.environment.stats.record("GET", "/late", 2_000, 10, time.time(), None, 302_000)


class Site:
    """A master with two workers, and a client of its UI."""

    def __init__(self, user: type[User] = Picky) -> None:
        self.picky = type(user.__name__, (user,), {})
        self.nodes = Nodes(self.picky)
        self.nodes.gather(2)
        self.ui = create_web_ui(self.nodes.environment, port=0)
        self.client = Client(self.ui.port)

    @property
    def failures(self) -> Any:
        return self.client.get("/api/v1/errors").json["failures"]

    def end(self) -> None:
        self.nodes.end()
        self.ui.stop()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.end()


def test_a_failure_names_the_worker_that_it_came_from(site: Site) -> None:
    first, second = sorted(site.nodes.workers, key=lambda each: each.worker_index)
    site.nodes.master.start(4, 100)
    until(lambda: site.failures, "a failure")
    until(lambda: all(each > 50 for each in merged(site)), "requests of both workers")
    (failure,) = site.failures
    assert (failure["method"], failure["name"], failure["error"]) == ("POST", "/basket", "sold out")
    assert (failure["nodes"], failure["node_count"]) == ([first.client_id], 1)
    assert second.client_id != first.client_id


def test_a_reset_and_a_new_run_forget_which_workers_failed(site: Site) -> None:
    site.nodes.master.start(4, 100)
    until(lambda: site.failures, "a failure")
    site.picky.is_broken = False  # type: ignore[attr-defined]
    site.nodes.master.reset_stats()
    until(lambda: all(each > 20 for each in merged(site)), "requests of both workers")
    stats = site.nodes.master.stats
    assert not [each for each in stats.errors.values() if each.origins.bit_count() != 1]

    site.nodes.master.stop()
    site.nodes.master.start(4, 100)
    until(lambda: stats.num_requests > 50, "requests of the second run")
    assert site.failures == []
    assert stats.origins.ranked({}) == []


def test_history_heat_map_and_total_agree_at_the_end(site: Site) -> None:
    site.nodes.master.start(4, 100)
    until(lambda: sum(merged(site)) > 300, "requests")
    site.nodes.master.stop()
    recorder = recorder_of(site.nodes.environment)
    recorder.complete()
    shown = recorder.snapshot()
    assert shown["total"]["requests"] == site.nodes.master.stats.num_requests > 300
    assert counted(recorder) == [shown["total"]["requests"]] * 2

    before = dict(shown["history"])
    recorder.complete()  # a second report of the same run
    assert recorder.snapshot()["history"] == before
    assert counted(recorder) == [shown["total"]["requests"]] * 2


def test_a_run_keeps_the_workers_that_have_left(site: Site) -> None:
    recorder, master = recorder_of(site.nodes.environment), site.nodes.master
    master.start(4, 100)
    until(lambda: all(each > 20 for each in merged(site)), "requests of both workers")
    until(lambda: recorder.facts.workers()["there"] == 2, "both workers")
    first = site.nodes.workers[0].client_id
    master.drain(first)
    until(lambda: first in master.drained_workers, "a worker that has left")
    until(lambda: first not in recorder.snapshot()["workers"]["id"], "the table without it")
    assert recorder.facts.workers()["there"] == 1
    master.stop()
    until(lambda: "left" in recorder.snapshot()["workers"]["state"], "its row")
    master.quit()
    recorder.complete()
    shown = recorder.snapshot()
    rows, run = shown["workers"], shown["run"]
    assert sorted(rows["id"]) == sorted(each.client_id for each in site.nodes.workers)
    assert rows["state"] == ["left"] * 2
    assert rows["complete"] == [True] * 2
    assert rows["users"] == [0] * 2
    assert rows["samples_heard"] == rows["samples_merged"]
    assert sum(rows["samples_merged"]) == shown["total"]["requests"]
    assert run["workers"]["there"] == 1


def test_what_was_heard_before_a_reset_is_not_counted(site: Site) -> None:
    recorder, master = recorder_of(site.nodes.environment), site.nodes.master
    master.start(4, 100)
    until(lambda: all(each > 50 for each in merged(site)), "requests of both workers")
    master.reset_stats()
    stats = master.stats
    until(lambda: stats.num_requests > 20 and stats.total.total_rps > 0, "requests after it")
    master.stop()
    recorder.complete()
    shown = recorder.snapshot()
    rows, account = shown["workers"], shown["run"]["accounting"]
    assert rows["samples_heard"] == rows["samples_merged"]
    assert account["heard"] == account["merged"] == shown["total"]["requests"]
    assert shown["total"]["rps_run"] == round(master.stats.total.total_rps, 3) > 0
    assert (account["closed"], account["complete"], account["open"]) == (True, True, [])


def test_a_stop_that_waits_for_a_silent_worker_tells_which_and_how_long() -> None:
    nodes = Nodes(Picky, final_deadline=5)
    nodes.gather(2)
    recorder, master = recorder_of(nodes.environment), nodes.master
    master.start(4, 100)
    until(lambda: all(each.user_count == 2 for each in master.clients.all), "users")
    lost = nodes.workers[0]
    lost._swarm_clock.kill()  # no tick any more: no heartbeat, no report
    lost._swarm_socket.close()
    until(lambda: master.clients.missing, "that it is missing")
    stopping = gevent.spawn(master.stop)

    def waits() -> dict[str, Any]:
        recorder.facts.look(time.time())
        return recorder.facts.facts(time.time())["waits"] or {"text": ""}

    until(lambda: waits()["text"].startswith("the last report"), "the wait for the report")
    told = waits()
    name = lost.client_id
    assert told["text"].startswith(f"the last report of worker {name}, which is silent, is awaited, ")
    assert 0 < told["left"] <= 5
    stopping.join()
    recorder.complete()
    account = recorder.snapshot()["run"]["accounting"]
    assert (account["closed"], account["complete"], account["open"]) == (False, False, [name])
    assert "at least 0" not in account["text"]
    nodes.workers.remove(lost)
    lost._give_up("the test is over")
    nodes.end()


def counted(recorder: Recorder) -> list[int]:
    rows, drawn = recorder.series(None, ""), recorder.heatmap(None, "")
    assert rows is not None
    assert drawn is not None
    assert rows["step"] == drawn["step"] == 1
    return [round(sum(rows["rps"])), sum(sum(column[1::2]) for column in drawn["columns"])]


def merged(site: Site) -> list[int]:
    shown = site.client.get("/api/v1/snapshot").json["workers"]["samples_merged"]
    assert isinstance(shown, list)
    return shown


@pytest.fixture
def hurried() -> Iterator[Site]:
    site = Site(Hurried)
    yield site
    site.end()


def test_late_requests_of_the_workers_are_late_ones_of_the_run(hurried: Site) -> None:
    get = hurried.client.get
    hurried.nodes.master.start(4, 100)
    until(lambda: any(get("/api/v1/snapshot").json["history"]["p95_intent"]), "a row of the history")
    hurried.nodes.master.stop()
    wanted = hurried.nodes.master.stats.num_requests
    until(lambda: get("/api/v1/snapshot").json["run"]["late"] == wanted, "the last late requests")
    intent = get("/api/v1/percentiles?of=intent").json
    assert (intent["count"], intent["ms"][0]) == (wanted, pytest.approx(302, rel=0.01))
    assert get("/api/v1/percentiles").json["ms"][-1] == 2.0

    def drawn() -> int:
        return sum(sum(column[1::2]) for column in get("/api/v1/heatmap?of=intent").json["columns"])

    until(lambda: drawn() == wanted, "all of them in the heat map")
