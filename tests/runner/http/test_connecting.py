"""Opening connections: names, addresses, refusals, timeouts."""

from __future__ import annotations

import socket

import gevent
import pytest
from gevent import get_hub

from swarm.http.errors import ConnectTimeoutError, NameNotFoundError
from swarm.http.pool import ConnectionPool
from tests.runner.http.conftest import fetch, get_head
from tests.servers.scripted import HELLO, ScriptedServer, answers


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_unreachable_target_is_a_refused_connection(pool: ConnectionPool, unused_port: int) -> None:
    with pytest.raises(ConnectionRefusedError) as caught:
        pool.send("http", "127.0.0.1", unused_port, get_head(), None, "GET")
    assert repr(caught.value) == "ConnectionRefusedError(111, 'Connection refused')"
    assert pool.in_flight == 0


def test_a_name_that_does_not_resolve_says_so(pool: ConnectionPool) -> None:
    with pytest.raises(NameNotFoundError, match="the name 'nowhere.invalid' does not resolve"):
        pool.send("http", "nowhere.invalid", 80, get_head(), None, "GET")


def test_every_address_of_a_name_is_tried(pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(answers(HELLO)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.2", 0))  # nobody listens there
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", closed.getsockname()),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port)),
        ]
        resolver = get_hub().resolver
        monkeypatch.setattr(type(resolver), "getaddrinfo", lambda *_: found)
        answer = pool.send("http", "shop.test", server.port, get_head(), None, "GET")
    assert answer.body == b"hello"


def test_a_name_is_resolved_while_others_go_on(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        answer = pool.send("http", "localhost", server.port, get_head(), None, "GET")
        assert answer.body == b"hello"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 on this machine")
def test_an_ipv6_address_is_connected_to(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(HELLO), host="::1") as server:
        assert fetch(pool, server).body == b"hello"


def test_a_connection_that_does_not_come_about_ends_with_the_connection_timeout() -> None:
    pool = ConnectionPool(connect_timeout=0.05, network_timeout=60)
    with _full_listener() as port, pytest.raises(ConnectTimeoutError, match="within 0.05 s"):
        pool.send("http", "127.0.0.1", port, get_head(), None, "GET")
    assert pool.in_flight == 0


def test_the_users_own_timeout_while_connecting_is_raised_as_it_is(pool: ConnectionPool) -> None:
    own = gevent.Timeout(0.05)
    with _full_listener() as port, pytest.raises(gevent.Timeout) as caught, own:
        pool.send("http", "127.0.0.1", port, get_head(), None, "GET")
    assert caught.value is own
    assert pool.in_flight == 0


def test_small_requests_leave_at_once(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        fetch(pool, server)
        ((idle,),) = [slot.idle for slot in pool._servers.values()]
        assert idle._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


class _full_listener:  # noqa: N801  reads as a function
    """A port that takes no more connections: its queue is full, and nobody accepts."""

    def __enter__(self) -> int:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        port = int(self._listener.getsockname()[1])
        self._fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            self._fillers.append(filler)
        gevent.sleep(0.01)
        return port

    def __exit__(self, *_: object) -> None:
        for opened in (*self._fillers, self._listener):
            opened.close()
