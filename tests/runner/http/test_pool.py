"""Sending through a pool: reuse, stale connections, retries, timeouts, places."""

from __future__ import annotations

import sys

import gevent
import pytest

from swarm.http.errors import ConnectTimeoutError, ReadTimeoutError, ServerClosedError, StaleConnectionError
from swarm.http.pool import ConnectionPool
from tests.runner.http.conftest import fetch, get_head, settle
from tests.servers.scripted import HELLO, Peer, ScriptedServer, answers, response


def closes_after(number: int) -> ScriptedServer:
    """A server that closes each connection when the request after the `number`-th has come, unanswered."""

    def handler(peer: Peer) -> None:
        for _ in range(number):
            if peer.read_request() is None:
                return
            peer.send(HELLO)
        peer.read_request()

    return ScriptedServer(handler)


def test_a_connection_is_kept_and_used_again(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        for _ in range(5):
            assert fetch(pool, server).body == b"hello"
        assert server.connections == 1


def test_an_answer_has_status_reason_version_and_headers(pool: ConnectionPool) -> None:
    ready = response(b"x", "404 Not Found", X_One="1", Set_Cookie="a=b")
    with ScriptedServer(answers(ready)) as server:
        answer = fetch(pool, server)
    assert (answer.status, answer.reason, answer.version) == (404, "Not Found", 11)
    assert answer.raw_headers == [(b"X-One", b"1"), (b"Set-Cookie", b"a=b"), (b"Content-Length", b"1")]


# -- stale connections and retries -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_a_stale_connection_is_replaced_when_repeating_does_no_harm(
    pool: ConnectionPool, method: str
) -> None:
    with closes_after(1) as server:
        fetch(pool, server)
        assert fetch(pool, server, method=method).status == 200
        assert server.connections == 2
        assert len(server.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_request_that_may_have_been_carried_out_is_not_repeated(pool: ConnectionPool, method: str) -> None:
    with closes_after(1) as server:
        fetch(pool, server)
        with pytest.raises(StaleConnectionError):
            fetch(pool, server, method=method)
        assert len(server.requests) == 2


def test_a_post_is_sent_over_a_new_connection_when_the_old_one_is_known_to_be_closed(
    pool: ConnectionPool,
) -> None:
    def once(peer: Peer) -> None:
        peer.read_request()
        peer.send(HELLO)

    with ScriptedServer(once) as server:
        fetch(pool, server)
        settle(lambda: not any(slot.idle for slot in pool._servers.values()))
        assert fetch(pool, server, method="POST").status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what was acknowledged")
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_any_request_that_the_server_cannot_have_got_is_sent_again(pool: ConnectionPool, method: str) -> None:
    ended = []

    def once(peer: Peer) -> None:
        peer.read_request()
        peer.send(HELLO)
        peer.close()
        ended.append(peer)

    with ScriptedServer(once) as server:
        fetch(pool, server)
        ((connection,),) = [slot.idle for slot in pool._servers.values()]
        connection._readable.stop()  # as if the hub had not come to the end of the connection yet
        settle(lambda: ended)
        connection.resume()
        assert fetch(pool, server, method=method).body == b"hello"
        assert [request.method for request in server.requests] == ["GET", method]


def test_a_new_connection_that_is_closed_without_an_answer_is_no_stale_one(pool: ConnectionPool) -> None:
    with closes_after(0) as server:
        with pytest.raises(ServerClosedError, match="closed the connection before it answered") as caught:
            fetch(pool, server)
        assert not isinstance(caught.value, StaleConnectionError)
        assert server.connections == 1


def test_only_one_replacement_is_tried(pool: ConnectionPool) -> None:
    served = []

    def handler(peer: Peer) -> None:
        if not served:
            served.append(1)
            peer.read_request()
            peer.send(HELLO)
        peer.read_request()

    with ScriptedServer(handler) as server:
        fetch(pool, server)
        with pytest.raises(ServerClosedError):
            fetch(pool, server)
        assert server.connections == 2


def test_max_retries_are_attempts_after_the_first() -> None:
    pool = ConnectionPool(max_retries=2)
    with closes_after(0) as server:
        with pytest.raises(ServerClosedError):
            fetch(pool, server, method="POST")
        assert server.connections == 3


def test_a_reset_in_the_middle_of_an_answer_is_the_sockets_own_error(pool: ConnectionPool) -> None:
    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal")
        gevent.sleep(0.01)
        peer.reset()

    with ScriptedServer(handler) as server, pytest.raises(ConnectionResetError):
        fetch(pool, server)


def test_a_close_in_the_middle_of_the_head_says_so(pool: ConnectionPool) -> None:
    with (
        ScriptedServer(lambda peer: peer.read_request() and peer.send(b"HTTP/1.1 200 OK\r\nConte")) as server,
        pytest.raises(ServerClosedError, match="in the middle of the head"),
    ):
        fetch(pool, server)


# -- timeouts ----------------------------------------------------------------------------------------------------


def test_nothing_at_all_ends_with_the_network_timeout(pool: ConnectionPool) -> None:
    def silent(peer: Peer) -> None:
        peer.read_request()
        peer.wait_for_end()

    with ScriptedServer(silent) as server, pytest.raises(ReadTimeoutError):
        fetch(pool, server, network_timeout=0.02)


def test_the_network_timeout_is_for_each_wait_not_for_the_whole(pool: ConnectionPool) -> None:
    def slow(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            gevent.sleep(0.03)
            peer.send(b"x")

    with ScriptedServer(slow) as server:
        assert fetch(pool, server, network_timeout=0.15).body == b"xxxxxxxx"


def test_a_body_that_stops_ends_with_the_network_timeout(pool: ConnectionPool) -> None:
    def stops(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx")
        peer.wait_for_end()

    with ScriptedServer(stops) as server, pytest.raises(ReadTimeoutError):
        fetch(pool, server, network_timeout=0.05)


def test_a_server_that_takes_no_upload_ends_it_with_the_network_timeout(pool: ConnectionPool) -> None:
    body = bytes(20_000_000)
    head = get_head(method="PUT", extra=f"Content-Length: {len(body)}\r\n")
    with ScriptedServer(lambda _peer: gevent.sleep(10)) as server, pytest.raises(ReadTimeoutError):
        pool.send("http", "127.0.0.1", server.port, head, body, "PUT", network_timeout=0.05)


# -- places ------------------------------------------------------------------------------------------------------


def test_callers_over_the_concurrency_wait_for_a_free_connection() -> None:
    pool = ConnectionPool(concurrency=2)
    inside, most = [0], [0]

    def handler(peer: Peer) -> None:
        while peer.read_request() is not None:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            gevent.sleep(0.002)
            inside[0] -= 1
            peer.send(HELLO)

    with ScriptedServer(handler) as server:
        greenlets = [gevent.spawn(fetch, pool, server) for _ in range(10)]
        gevent.joinall(greenlets, raise_error=True)
        assert [greenlet.value.body for greenlet in greenlets] == [b"hello"] * 10
        assert server.connections == 2
    assert most[0] == 2
    assert pool.in_flight == 0


def test_waiting_for_a_place_ends_with_the_connection_timeout() -> None:
    pool = ConnectionPool(concurrency=1, connect_timeout=0.02)
    with ScriptedServer(lambda peer: peer.wait_for_end()) as server:
        first = gevent.spawn(fetch, pool, server, network_timeout=10.0)
        settle(lambda: server.connections)
        with pytest.raises(ConnectTimeoutError, match="all 1 connections .* were in use for 0.02 s"):
            fetch(pool, server)
        first.kill()
    assert pool.in_flight == 0


def test_the_users_own_timeout_while_waiting_for_a_place_is_raised_as_it_is() -> None:
    pool = ConnectionPool(concurrency=1, connect_timeout=0.02)
    with ScriptedServer(lambda peer: peer.wait_for_end()) as server:
        first = gevent.spawn(fetch, pool, server, network_timeout=10.0)
        settle(lambda: server.connections)
        own = gevent.Timeout(0.01)
        with pytest.raises(gevent.Timeout) as caught, own:
            fetch(pool, server)
        assert caught.value is own
        first.kill()
    assert pool.in_flight == 0


def test_a_caller_that_is_killed_while_it_waits_leaves_its_turn_to_the_next() -> None:
    pool = ConnectionPool(concurrency=1)
    go = gevent.event.Event()

    def handler(peer: Peer) -> None:
        while peer.read_request() is not None:
            go.wait()
            peer.send(HELLO)

    with ScriptedServer(handler) as server:
        first, second, third = (gevent.spawn(fetch, pool, server) for _ in range(3))
        settle(lambda: server.requests)
        second.kill()
        go.set()
        gevent.joinall([first, third], timeout=5, raise_error=True)
        assert third.value.body == b"hello"
    assert pool.in_flight == 0


def test_a_place_is_free_again_after_every_kind_of_failure() -> None:
    pool = ConnectionPool(concurrency=1)
    routes = {"/bad": b"nonsense\r\n\r\n", "/half": b"HTTP/1.1 200 OK\r\nContent-Le", "/good": HELLO}

    def handler(peer: Peer) -> None:
        request = peer.read_request()
        if request is not None:
            peer.send(routes[request.path])

    with ScriptedServer(handler) as server:
        for path in ("/bad", "/half", "/bad"):
            with pytest.raises(OSError):  # noqa: PT011  whichever it is
                fetch(pool, server, path)
        assert fetch(pool, server, "/good").body == b"hello"
    assert pool.in_flight == 0


def test_requests_in_flight_are_those_that_wait_now(pool: ConnectionPool) -> None:
    go = gevent.event.Event()

    def handler(peer: Peer) -> None:
        while peer.read_request() is not None:
            go.wait()
            peer.send(HELLO)

    with ScriptedServer(handler) as server:
        greenlets = [gevent.spawn(fetch, pool, server) for _ in range(3)]
        settle(lambda: len(server.requests) == 3)
        assert pool.in_flight == 3
        go.set()
        gevent.joinall(greenlets)
        assert pool.in_flight == 0


def test_a_closed_pool_opens_new_connections(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        fetch(pool, server)
        pool.close()
        assert fetch(pool, server).body == b"hello"
        assert server.connections == 2


def test_a_request_in_flight_ends_well_although_its_pool_is_closed(pool: ConnectionPool) -> None:
    go = gevent.event.Event()

    def handler(peer: Peer) -> None:
        peer.read_request()
        go.wait()
        peer.send(HELLO)
        peer.wait_for_end()

    with ScriptedServer(handler) as server:
        greenlet = gevent.spawn(fetch, pool, server)
        settle(lambda: server.requests)
        pool.close()
        assert pool.in_flight == 1
        go.set()
        assert greenlet.get(timeout=5).body == b"hello"
        assert pool.in_flight == 0
