"""Heads that were parsed before: recognised, and never taken for more than they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import pytest

from swarm.http.errors import ServerClosedError
from swarm.http.known import KNOWN, LIMIT, LONGEST, remember
from tests.runner.http.conftest import Harness, fetch
from tests.servers.scripted import Peer, ScriptedServer, answers, response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swarm.http.pool import ConnectionPool


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    before = dict(KNOWN)
    KNOWN.clear()
    yield
    KNOWN.clear()
    KNOWN.update(before)


def bodies(pool: ConnectionPool, server: ScriptedServer, number: int, method: str = "GET") -> list[bytes]:
    return [fetch(pool, server, method=method).body for _ in range(number)]


def test_the_same_head_with_another_body_is_another_answer(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(response(b"one"), response(b"two"), response(b"six"))) as server:
        assert bodies(pool, server, 3) == [b"one", b"two", b"six"]
        assert server.connections == 1
    assert len(KNOWN) == 1


def test_a_known_head_whose_body_comes_later_is_read_on(pool: ConnectionPool) -> None:
    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.send(response(b"one"))
        while peer.read_request() is not None:
            peer.send_slowly(response(b"two"), 10)

    with ScriptedServer(handler) as server:
        assert bodies(pool, server, 3) == [b"one", b"two", b"two"]
        assert server.connections == 1


def test_a_known_head_whose_body_is_cut_short_is_an_error(pool: ConnectionPool) -> None:
    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.send(response(b"one"))
        peer.read_request()
        peer.send(response(b"two")[:-1])

    with ScriptedServer(handler) as server:
        assert bodies(pool, server, 1) == [b"one"]
        with pytest.raises(ServerClosedError, match="after 2 of 3 bytes"):
            fetch(pool, server)


def test_bytes_behind_a_known_head_and_its_body_close_the_connection(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(response(b"one"), response(b"two") + b"and more")) as server:
        assert bodies(pool, server, 3) == [b"one", b"two", b"one"]
        assert server.connections == 2


def test_a_known_head_says_nothing_about_an_answer_to_head(pool: ConnectionPool) -> None:
    only_head = response(b"one")[:-3]
    with ScriptedServer(answers(response(b"one"), only_head, response(b"two"))) as server:
        assert bodies(pool, server, 1) == [b"one"]
        assert bodies(pool, server, 1, "HEAD") == [b""]
        assert bodies(pool, server, 1) == [b"two"]
        assert server.connections == 1


def test_an_answer_to_head_makes_no_head_known(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(response(b""), response(b"one")[:-3])) as server:
        bodies(pool, server, 2, "HEAD")
    assert not KNOWN


def test_a_known_head_that_ends_the_connection_ends_it(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(response(b"one", Connection="close"))) as server:
        assert bodies(pool, server, 3) == [b"one"] * 3
        assert server.connections == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + response(b"one"),
        response(b"one") + b"more",
    ],
)
def test_only_whole_answers_of_known_length_are_kept(pool: ConnectionPool, answer: bytes) -> None:
    with ScriptedServer(answers(answer)) as server:
        bodies(pool, server, 2)
    assert not KNOWN


def test_cookies_and_encodings_of_known_heads_are_seen_each_time(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"", Set_Cookie="a=1; Path=/"))) as server:
        client = harness.user(server.url).client
        for _ in range(2):
            client.get("/")
            assert client.cookiejar["a"] == "1"
            client.cookiejar.clear()


def test_failures_of_known_heads_are_counted_each_time(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"", "503 Busy"))) as server:
        client = harness.user(server.url).client
        assert [client.get("/").status_code for _ in range(3)] == [503] * 3
    assert len(harness.failures) == 3


def test_users_share_what_is_known(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"one"))) as server:
        clients = [harness.user(server.url).client for _ in range(4)]
        assert {client.get("/").text for client in clients} == {"one"}
        gevent.joinall([gevent.spawn(client.get, "/") for client in clients], raise_error=True)
    assert len(KNOWN) == 1


def test_what_is_known_is_bounded() -> None:
    for number in range(LIMIT * 2 + 1):
        remember(b"HTTP/1.1 200 OK\r\nX-Request-Id: %d" % number, 4, 200, True)
    assert len(KNOWN) <= LIMIT
    KNOWN.clear()
    remember(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * LONGEST, 4, 200, True)
    assert not KNOWN
