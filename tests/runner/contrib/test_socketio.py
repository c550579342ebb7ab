"""SocketIOUser against a real python-socketio server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from swarm import HttpUser
from swarm.contrib.socketio import SocketIOUser
from tests.runner.contrib.bench import Bench, until
from tests.servers.socketio_rooms import Rooms


@pytest.fixture
def rooms() -> Iterator[Rooms]:
    with closing(Rooms()) as server:
        yield server


def connected(bench: Bench, rooms: Rooms, **attributes: Any) -> SocketIOUser:
    user = bench.user(SocketIOUser, **attributes)
    user.sio.connect(rooms.url, wait_timeout=30)
    return user


def test_connecting_sending_emitting_and_calling_are_counted_once_each(bench: Bench, rooms: Rooms) -> None:
    user = connected(bench, rooms)
    user.sio.send("hello")
    user.sio.send("hello", name="greeting")
    user.sio.emit("echo", {"a": 1})
    assert user.sio.call("echo", {"a": 1}) == {"a": 1}
    until(lambda: len(rooms.said) == 4)
    assert bench.counted == {
        "WS connect": 1,
        "WSS Unnamed": 1,
        "WSS greeting": 1,
        "WSE echo": 1,
        "WSC echo": 1,
    }
    assert bench.failed == {}
    assert bench.events[-1]["response"] == {"a": 1}
    assert bench.events[1]["response_length"] == 5


def test_what_comes_is_counted_by_on_message(bench: Bench, rooms: Rooms) -> None:
    user = connected(bench, rooms)
    user.sio.on("joined", lambda data: user.sio.on_message("joined", data))
    user.sio.on("message", user.sio.on_message)
    assert user.sio.call("join", "kitchen") == "ok"
    user.sio.send("hello")
    until(lambda: {"WSR joined", "WSR message"} <= bench.counted.keys())


def test_what_fails_is_counted_and_raises_nothing(bench: Bench, rooms: Rooms) -> None:
    user = bench.user(SocketIOUser)
    user.sio.emit("echo", 1)
    user.sio.send("hello")
    assert user.sio.call("echo", 1) is None
    user.sio.connect("http://127.0.0.1:1")
    assert set(bench.failed) == {"WSE echo", "WSS Unnamed", "WSC echo", "WS connect"}


def test_an_answer_that_does_not_come_in_time_is_a_failure(bench: Bench, rooms: Rooms) -> None:
    user = connected(bench, rooms)
    assert user.sio.call("wait", timeout=0.05) is None
    assert "WSC wait" in bench.failed


def test_a_connection_that_is_refused_is_a_failure(bench: Bench, rooms: Rooms) -> None:
    user = bench.user(SocketIOUser)
    user.sio.connect(rooms.url, auth={"token": "wrong"}, wait_timeout=30)
    assert "WS connect" in bench.failed


def test_options_are_those_of_the_client(bench: Bench) -> None:
    user = bench.user(SocketIOUser, options={"reconnection": False, "reconnection_attempts": 3})
    assert user.sio.reconnection is False
    assert user.sio.reconnection_attempts == 3


def test_it_mixes_with_an_http_user(bench: Bench, rooms: Rooms) -> None:
    mixed = type("Mixed", (SocketIOUser, HttpUser), {"abstract": True})
    user: Any = bench.user(mixed, host=rooms.url)
    user.sio.connect(rooms.url, wait_timeout=30)
    user.client.get("/nowhere")
    assert {"WS connect", "GET /nowhere"} <= bench.counted.keys()


def test_calls_of_several_users_overlap(bench: Bench, rooms: Rooms) -> None:
    def wait(user: Any) -> None:
        user.sio.connect(rooms.url, wait_timeout=30)
        user.sio.call("wait", timeout=100)

    bench.running(SocketIOUser, 10, wait)
    until(lambda: rooms.waiting == 10)
    rooms.gate.set()
    until(lambda: bench.counted.get("WSC wait") == 10)
    assert bench.failed == {}


def test_a_stop_cuts_a_call_at_once_and_the_connection_is_closed(bench: Bench, rooms: Rooms) -> None:
    def wait(user: Any) -> None:
        user.sio.connect(rooms.url, wait_timeout=30)
        user.sio.call("wait", timeout=100)

    bench.running(SocketIOUser, 3, wait)
    until(lambda: rooms.waiting == 3)
    bench.stop()
    assert bench.interrupted == 3
    until(lambda: not rooms.connected)
