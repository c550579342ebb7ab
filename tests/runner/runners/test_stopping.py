"""How users end: who waits at once, a request in flight within its grace, a task within the stop timeout."""

from __future__ import annotations

import time

import gevent
import pytest
from gevent import socket
from gevent.server import StreamServer

from swarm import FastHttpUser, HttpUser, User, constant, task
from swarm.runners import pool

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class SlowServer:
    """Answers each request when its `answer` event is set, and counts what it has answered."""

    def __init__(self) -> None:
        self.answer = gevent.event.Event()
        self.asked = 0
        self.answered = 0
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self._server.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _serve(self, connection: socket.socket, _address: object) -> None:
        while connection.recv(65536):
            self.asked += 1
            self.answer.wait()
            self.answered += 1
            connection.sendall(ANSWER)

    def stop(self) -> None:
        self._server.stop(timeout=0)


@pytest.fixture
def server():
    slow = SlowServer()
    yield slow
    slow.answer.set()
    slow.stop()


def client_of(base: type[User], went_on: list[object], url: str) -> type[User]:
    """Give a user class of one request a task, that notes when a task goes on after its request."""

    class Shopper(base):
        host = url

        @task
        def look(self):
            self.client.get("/look")
            went_on.append(self)

    return Shopper


@pytest.mark.parametrize("attributes", [{"wait_time": constant(1000)}, {}])
def test_a_user_that_waits_or_sleeps_stops_at_once_and_its_on_stop_runs(
    environments, until, attributes, monkeypatch
):
    monkeypatch.setattr(pool, "REQUEST_GRACE_S", 1000)  # who waited for it would never end
    ended = []
    living = []

    class Sleeper(User):
        @task
        def doze(self):
            living.append(self)
            if not attributes:
                time.sleep(1000)

        def on_stop(self):
            ended.append(self)

    Sleeper.wait_time = attributes.get("wait_time", constant(0))
    environment = environments(Sleeper)
    environment.runner.start(20, spawn_rate=20, wait=True)
    until(lambda: len(living) == 20)
    with gevent.Timeout(60, AssertionError("users were waited for")):
        environment.runner.stop()
    assert len(ended) == 20


@pytest.mark.parametrize("base", [FastHttpUser, HttpUser])
def test_a_request_in_flight_may_end_and_is_counted_and_its_task_does_not_go_on(
    environments, until, server, base
):
    went_on: list[object] = []
    environment = environments(client_of(base, went_on, server.url))
    environment.runner.start(3, spawn_rate=3)
    until(lambda: server.asked == 3)
    stop = gevent.spawn(environment.runner.stop)
    until(lambda: environment.runner.state == "stopping")
    server.answer.set()
    stop.join()
    assert environment.stats.total.num_requests == server.answered == 3
    assert environment.stats.interrupted == 0
    assert went_on == []


@pytest.mark.parametrize("base", [FastHttpUser, HttpUser])
def test_a_request_that_outlasts_its_grace_is_cut_off_and_counted_as_interrupted(
    environments, until, server, base, monkeypatch
):
    monkeypatch.setattr(pool, "REQUEST_GRACE_S", 0.1)
    went_on: list[object] = []
    environment = environments(client_of(base, went_on, server.url))
    environment.runner.start(3, spawn_rate=3)
    until(lambda: server.asked == 3)
    environment.runner.stop()
    assert environment.runner.user_count == 0
    assert environment.stats.total.num_requests == 0
    assert environment.stats.total.num_failures == 0
    assert environment.stats.interrupted == 3
    assert went_on == []


def test_requests_of_on_stop_are_made_and_counted(environments, until, server):
    server.answer.set()

    class Leaver(FastHttpUser):
        host = server.url
        wait_time = constant(1000)

        @task
        def look(self):
            self.client.get("/look")

        def on_stop(self):
            self.client.post("/log-out")

    environment = environments(Leaver)
    environment.runner.start(5, spawn_rate=5)
    until(lambda: server.answered == 5)
    environment.runner.stop()
    assert environment.stats.get("/log-out", "POST").num_requests == 5
    assert server.answered == 10


def test_with_a_stop_timeout_the_running_task_finishes(environments, until, server):
    went_on: list[object] = []
    environment = environments(client_of(FastHttpUser, went_on, server.url), stop_timeout=30)
    environment.runner.start(3, spawn_rate=3)
    until(lambda: server.asked == 3)
    stop = gevent.spawn(environment.runner.stop)
    until(lambda: environment.runner.state == "stopping")
    server.answer.set()
    stop.join()
    assert len(went_on) == 3
    assert environment.stats.total.num_requests == 3


def test_a_task_that_outlasts_the_stop_timeout_is_cut_off(environments, until, server):
    went_on: list[object] = []
    environment = environments(client_of(FastHttpUser, went_on, server.url), stop_timeout=0.1)
    environment.runner.start(3, spawn_rate=3)
    until(lambda: server.asked == 3)
    environment.runner.stop()
    assert (environment.runner.user_count, len(went_on)) == (0, 0)
    assert environment.stats.interrupted == 3


@pytest.mark.parametrize("base", [FastHttpUser, HttpUser])
@pytest.mark.parametrize("stop_timeout", [1000, None])
def test_a_forced_stop_cuts_off_what_drains_and_counts_its_requests_as_interrupted(
    environments, until, server, base, stop_timeout, monkeypatch
):
    monkeypatch.setattr(pool, "REQUEST_GRACE_S", 1000)
    went_on: list[object] = []
    ended: list[object] = []
    user_class = client_of(base, went_on, server.url)

    def on_stop(user):
        ended.append(user)

    user_class.on_stop = on_stop
    environment = environments(user_class, stop_timeout=stop_timeout)
    environment.runner.force_stop()  # nothing to be forced: it does nothing
    environment.runner.start(3, spawn_rate=3)
    until(lambda: server.asked == 3)
    stop = gevent.spawn(environment.runner.stop)
    until(lambda: environment.runner.state == "stopping")
    with gevent.Timeout(60, AssertionError("users were waited for")):
        environment.runner.force_stop()
        environment.runner.force_stop()
        stop.join()
    assert (environment.runner.state, environment.runner.user_count) == ("stopped", 0)
    assert (environment.stats.interrupted, environment.stats.total.num_requests) == (3, 0)
    assert (len(ended), went_on) == (3, [])


def test_the_stop_after_a_forced_one_waits_again(environments, until, server):
    went_on: list[object] = []
    environment = environments(client_of(FastHttpUser, went_on, server.url), stop_timeout=1000)
    for forced in (True, False):
        asked = server.asked
        environment.runner.start(2, spawn_rate=2)
        until(lambda before=asked: server.asked == before + 2)
        stop = gevent.spawn(environment.runner.stop)
        until(lambda: environment.runner.state == "stopping")
        environment.runner.force_stop() if forced else server.answer.set()
        stop.join()
    assert environment.stats.total.num_requests == len(went_on) == 2


def test_an_on_stop_that_hangs_is_cut_off(environments, monkeypatch, caplog):
    monkeypatch.setattr(pool, "ON_STOP_GRACE_S", 0.1)

    class Clinger(User):
        wait_time = constant(1000)

        @task
        def nothing(self):
            pass

        def on_stop(self):
            time.sleep(1000)

    environment = environments(Clinger)
    environment.runner.start(2, spawn_rate=2, wait=True)
    environment.runner.stop()
    assert environment.runner.user_count == 0
    assert "cut off in their on_stop" in caplog.text


def test_a_user_in_its_on_stop_already_is_left_to_it(environments, until, server):
    environment_stopped = []

    class Quick(FastHttpUser):
        host = server.url

        @task
        def leave(self):
            self.stop(force=True)

        def on_stop(self):
            self.client.get("/good-bye")
            environment_stopped.append(self)

    environment = environments(Quick)
    environment.runner.start(1, spawn_rate=1)
    until(lambda: server.asked == 1)
    stop = gevent.spawn(environment.runner.stop)
    until(lambda: environment.runner.state == "stopping")
    server.answer.set()
    stop.join()
    assert len(environment_stopped) == 1


def test_users_removed_by_a_smaller_target_end_in_order(environments, until, server):
    server.answer.set()
    ended = []

    class Shopper(FastHttpUser):
        host = server.url
        wait_time = constant(0.01)

        @task
        def look(self):
            self.client.get("/look")

        def on_stop(self):
            ended.append(self)

    environment = environments(Shopper)
    environment.runner.start(10, spawn_rate=10, wait=True)
    environment.runner.start(3, spawn_rate=10, wait=True)
    until(lambda: len(ended) == 7)
    assert environment.runner.user_count == 3
    assert environment.stats.total.num_failures == 0


def test_greenlets_of_a_users_own_send_nothing_after_its_end(environments, until, server):
    server.answer.set()

    class Pooled(FastHttpUser):
        host = server.url

        @task
        def crowd(self):
            from gevent.pool import Group

            group = Group()
            for _ in range(3):
                group.spawn(self.keep_asking)
            group.join()

        def keep_asking(self):
            while True:
                self.client.get("/look")
                gevent.sleep(0.005)

    environment = environments(Pooled)
    environment.runner.start(2, spawn_rate=2)
    until(lambda: server.answered > 20)
    environment.runner.stop()
    asked = server.asked
    gevent.sleep(0.1)
    assert server.asked == asked
    assert environment.stats.total.num_requests + environment.stats.interrupted == asked
