"""The rules of the persistent read watcher: each of these was measured to go wrong without its rule."""

from __future__ import annotations

import socket

import gevent
import pytest
from gevent import getcurrent

from swarm.http.connection import Connection
from swarm.http.errors import BadAnswerError, ReadTimeoutError
from swarm.http.pool import ConnectionPool
from tests.runner.http.conftest import fetch, settle
from tests.servers.scripted import HELLO, Peer, Received, ScriptedServer, answers, by_path, response


def _take_descriptors_below(descriptor: int) -> list[socket.socket]:
    """Take free descriptors until `descriptor` is the lowest one that is free."""
    holders = []
    while (holder := socket.socket()).fileno() < descriptor:
        holders.append(holder)
    holder.close()
    return holders


def idle_connections(pool: ConnectionPool) -> list[Connection]:
    return [connection for server in pool._servers.values() for connection in server.idle]


def test_the_end_of_an_idle_connection_fires_one_callback_and_closes_it(
    pool: ConnectionPool, callbacks: list[int]
) -> None:
    def once(peer: Peer) -> None:
        peer.read_request()
        peer.send(HELLO)

    with ScriptedServer(once) as server:
        fetch(pool, server)
        (connection,) = idle_connections(pool)
        settle(lambda: connection.closed)
        before = callbacks[0]
        gevent.sleep(0.02)
    assert callbacks[0] == before
    assert callbacks[0] <= 2
    assert idle_connections(pool) == []


def test_bytes_that_nobody_asked_for_close_an_idle_connection(
    pool: ConnectionPool, callbacks: list[int]
) -> None:
    def talkative(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(HELLO)
            gevent.sleep(0.001)
            peer.send(response(b"not yours"))

    with ScriptedServer(talkative) as server:
        fetch(pool, server)
        (connection,) = idle_connections(pool)
        settle(lambda: connection.closed)
        assert fetch(pool, server).body == b"hello"
    assert callbacks[0] <= 4


def test_bytes_behind_an_answer_are_not_taken_for_the_next_one(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(HELLO + response(b"smuggled"), response(b"second"))) as server:
        assert fetch(pool, server).body == b"hello"
        assert fetch(pool, server).body == b"hello"
        assert server.connections == 2


def test_a_paused_stream_takes_nothing_from_the_socket(pool: ConnectionPool, callbacks: list[int]) -> None:
    total = 64 * 1024 * 1024
    sent = [0]

    def flood(peer: Peer) -> None:
        peer.read_request()
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n".encode())
        piece = bytes(256 * 1024)
        while sent[0] < total:
            peer.send(piece)
            sent[0] += len(piece)

    def stands_still() -> bool:
        before = callbacks[0], sent[0]
        gevent.sleep(0.05)
        return (callbacks[0], sent[0]) == before

    with ScriptedServer(flood) as server:
        stream = fetch(pool, server, stream=True).stream
        assert stream is not None
        assert stream.read(10)
        settle(stands_still)
        assert sent[0] < total
        stream.close()


@pytest.mark.parametrize("end", [gevent.Timeout(1), gevent.GreenletExit(), ValueError("the user's own")])
def test_a_request_that_is_cut_closes_its_connection(pool: ConnectionPool, end: BaseException) -> None:
    late = gevent.event.Event()

    def slow(peer: Peer, request: Received) -> None:
        late.wait()
        peer.send(response(b"the first one's"))

    routes = {"/first": slow, "/second": response(b"second")}
    with ScriptedServer(by_path(routes)) as server:
        cut: list[BaseException] = []

        def first() -> None:
            try:
                fetch(pool, server, "/first")
            except BaseException as error:  # noqa: BLE001  whatever it is
                cut.append(error)

        greenlet = gevent.spawn(first)
        settle(lambda: server.paths)
        greenlet.kill(end)
        late.set()
        assert cut == [end]
        assert fetch(pool, server, "/second").body == b"second"
        assert server.connections == 2
        assert pool.in_flight == 0


def test_after_an_answer_that_cannot_be_parsed_the_next_one_is_the_right_one(pool: ConnectionPool) -> None:
    routes = {"/bad": b"HTTP/1.1 2x0 OK\r\n\r\n" + response(b"leftover"), "/good": response(b"good")}
    with ScriptedServer(by_path(routes)) as server:
        with pytest.raises(BadAnswerError):
            fetch(pool, server, "/bad")
        assert fetch(pool, server, "/good").body == b"good"


def test_a_callback_does_not_reach_a_greenlet_that_waits_elsewhere(pool: ConnectionPool) -> None:
    go = gevent.event.Event()

    def later(peer: Peer) -> None:
        peer.read_request()
        peer.send(HELLO)
        go.wait()
        peer.send(b"surprise")

    with ScriptedServer(later) as server:
        fetch(pool, server)
        (connection,) = idle_connections(pool)
        go.set()
        for _ in range(20):
            gevent.sleep(0.001)  # would end too early, with an InvalidSwitchError
        assert connection.closed


def test_a_callback_does_not_spin_on_a_dead_greenlet(pool: ConnectionPool, callbacks: list[int]) -> None:
    go = gevent.event.Event()

    def later(peer: Peer) -> None:
        peer.read_request()
        go.wait()
        peer.send(HELLO)

    with ScriptedServer(later) as server:
        greenlet = gevent.spawn(fetch, pool, server)
        settle(lambda: server.requests)
        greenlet.kill()
        go.set()
        gevent.sleep(0.02)
    assert callbacks[0] == 0


def test_a_closed_connections_watcher_does_not_fire_for_the_next_one_with_its_descriptor(
    pool: ConnectionPool, callbacks: list[int]
) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        fetch(pool, server)
        (old,) = idle_connections(pool)
        descriptor = old._sock.fileno()
        pool.close()
        holders = _take_descriptors_below(descriptor)
        fetch(pool, server)
        (new,) = idle_connections(pool)
        assert new._sock.fileno() == descriptor
        before = callbacks[0]
        assert fetch(pool, server).body == b"hello"
        assert callbacks[0] == before + 1
        assert old.closed
        del holders


def test_two_greenlets_get_their_own_answers(pool: ConnectionPool) -> None:
    def echo(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            gevent.sleep(0.0005)
            peer.send(response(request.path.encode()))

    with ScriptedServer(echo) as server:

        def ask(number: int) -> list[bytes]:
            return [fetch(pool, server, f"/{number}/{turn}").body for turn in range(20)]

        greenlets = [gevent.spawn(ask, number) for number in range(2)]
        gevent.joinall(greenlets, raise_error=True)
        for number, greenlet in enumerate(greenlets):
            assert greenlet.value == [f"/{number}/{turn}".encode() for turn in range(20)]
        assert server.connections == 2


def test_a_deadline_throws_from_the_hub_and_the_next_one_does_again(pool: ConnectionPool) -> None:
    def silent(peer: Peer) -> None:
        peer.read_request()
        peer.wait_for_end()

    with ScriptedServer(silent) as server:
        for _ in range(3):
            with pytest.raises(ReadTimeoutError, match=rf"127.0.0.1:{server.port} did nothing for 0.02 s"):
                fetch(pool, server, network_timeout=0.02)
        assert getcurrent().parent is gevent.get_hub() or getcurrent().parent is None


def test_a_shorter_deadline_than_the_one_before_holds(pool: ConnectionPool) -> None:
    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.send(HELLO)
        peer.read_request()
        peer.wait_for_end()

    with ScriptedServer(handler) as server:
        fetch(pool, server, network_timeout=60)
        with gevent.Timeout(5, AssertionError("the old deadline held")), pytest.raises(ReadTimeoutError):
            fetch(pool, server, network_timeout=0.02)


def test_a_request_starts_and_stops_no_timer(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        fetch(pool, server)
        (connection,) = idle_connections(pool)
        timer = connection._timer
        for _ in range(5):
            fetch(pool, server)
        assert connection._timer is timer


def test_connections_have_plain_sockets(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        fetch(pool, server)
        (connection,) = idle_connections(pool)
        assert type(connection._sock).__module__ == "socket"
        assert not hasattr(connection._sock, "hub")  # gevent's have one, and two watchers more
