"""FastHttpSession: requests that fail, and requests that are cut."""

from __future__ import annotations

import gevent
import pytest
from gevent import GreenletExit

from swarm.exceptions import StopTest
from swarm.http.errors import ReadTimeoutError
from swarm.http.response import ErrorResponse, LocustBadStatusCode
from tests.runner.http.conftest import Harness, settle
from tests.servers.scripted import HELLO, Peer, Received, ScriptedServer, answers, by_path, response

MISSING = response(b"no such page", "404 Not Found")


def silent(peer: Peer) -> None:
    peer.read_request()
    peer.wait_for_end()


# -- failures ----------------------------------------------------------------------------------------------------


def test_a_status_of_400_or_more_is_a_failure_with_the_text_that_scripts_look_for(harness: Harness) -> None:
    with ScriptedServer(answers(MISSING)) as server:
        answer = harness.user(server.url).client.get("/missing")
    assert (answer.status_code, answer.ok, answer.content) == (404, False, b"no such page")
    assert harness.failures == [("GET", "/missing", "LocustBadStatusCode(code=404)")]
    with pytest.raises(LocustBadStatusCode) as caught:
        answer.raise_for_status()
    assert caught.value.code == 404


def test_no_connection_is_a_failure_and_a_response_with_status_0(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        url = server.url
    answer = harness.user(url).client.get("/")
    assert isinstance(answer, ErrorResponse)
    assert (answer.status_code, answer.ok, answer.content, answer.text) == (0, False, None, "")
    assert answer.js is None
    assert dict(answer.headers) == {}
    assert harness.failures == [("GET", "/", "ConnectionRefusedError(111, 'Connection refused')")]
    assert harness.requests == {"GET /": 1}
    with pytest.raises(ConnectionRefusedError):
        answer.raise_for_status()
    with pytest.raises(ValueError, match="there is no answer"):
        answer.json()


def test_a_timeout_is_a_failure(harness: Harness) -> None:
    with ScriptedServer(silent) as server:
        user = harness.user(server.url, network_timeout=0.03)
        assert isinstance(user.client.get("/class").error, ReadTimeoutError)
        user.network_timeout = 60
        assert isinstance(user.client.get("/call", timeout=0.02).error, ReadTimeoutError)
        assert isinstance(user.client.get("/pair", timeout=(5, 0.02)).error, ReadTimeoutError)
    assert harness.failures == [
        ("GET", "/class", f"ReadTimeoutError('127.0.0.1:{server.port} did nothing for 0.03 s')"),
        ("GET", "/call", f"ReadTimeoutError('127.0.0.1:{server.port} did nothing for 0.02 s')"),
        ("GET", "/pair", f"ReadTimeoutError('127.0.0.1:{server.port} did nothing for 0.02 s')"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        b"\x16\x03garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"",
    ],
)
def test_a_fault_of_the_server_is_one_failure_and_the_next_request_goes_well(
    harness: Harness, answer: bytes
) -> None:
    def handler(peer: Peer) -> None:
        request = peer.read_request()
        if request is not None:
            peer.send(answer if request.path == "/bad" else HELLO)

    with ScriptedServer(handler) as server:
        client = harness.user(server.url).client
        assert client.get("/bad").status_code == 0
        assert client.get("/good").content == b"hello"
    assert [failure[:2] for failure in harness.failures] == [("GET", "/bad")]
    assert harness.requests == {"GET /bad": 1, "GET /good": 1}


def test_a_url_without_a_slash_raises_in_the_task_and_is_no_request(harness: Harness) -> None:
    with pytest.raises(ValueError, match="no valid port"):
        harness.user("http://127.0.0.1:8080").client.get("v1/tables")
    assert harness.requests == {}


def test_a_header_with_a_line_break_raises_in_the_task(harness: Harness) -> None:
    client = harness.user("http://127.0.0.1:1").client
    with pytest.raises(ValueError, match="'X-Name' has a line break"):
        client.get("/", headers={"X-Name": "a\r\nX-Other: b"})
    assert harness.requests == {}


def test_a_user_without_a_host_is_told_to_give_one(harness: Harness) -> None:
    with pytest.raises(StopTest, match="--host"):
        harness.user(None)  # type: ignore[arg-type]


def test_a_host_that_is_no_url_serves_absolute_urls(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user("dummy").client
        assert client.get(f"{server.url}/").ok
        with pytest.raises(ValueError, match="http://"):
            client.get("/relative")


# -- the stop, and other cuts ------------------------------------------------------------------------------------


def test_no_request_begins_after_the_stop(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        user = harness.user(server.url)
        user._swarm_halt = True
        with pytest.raises(GreenletExit):
            user.client.get("/")
        assert server.connections == 0
    assert harness.requests == {}


def test_a_request_that_the_stop_finds_in_flight_is_counted_and_ends_the_task(harness: Harness) -> None:
    go = gevent.event.Event()

    def handler(peer: Peer) -> None:
        peer.read_request()
        go.wait()
        peer.send(HELLO)

    with ScriptedServer(handler) as server:
        user = harness.user(server.url)
        after: list[str] = []

        def task() -> None:
            user.client.get("/")
            after.append("went on")

        greenlet = gevent.spawn(task)
        settle(lambda: server.requests)
        assert [session.in_flight for session in user._swarm_sessions] == [1]
        user._swarm_halt = True
        go.set()
        greenlet.join(5)
        assert user.client.in_flight == 0
    assert after == []
    assert isinstance(greenlet.value, GreenletExit)
    assert harness.requests == {"GET /": 1}


def test_a_request_cut_by_a_kill_counts_as_interrupted_and_not_as_a_request(harness: Harness) -> None:
    with ScriptedServer(silent) as server:
        user = harness.user(server.url)
        greenlet = gevent.spawn(user.client.get, "/", name="cut")
        settle(lambda: server.requests)
        greenlet.kill()
    assert harness.requests == {}
    assert harness.failures == []
    assert harness.environment.stats.interrupted == 1
    assert harness.environment.stats.get("cut", "GET").num_interrupted == 1


def test_the_users_own_timeout_makes_a_failure_and_the_next_answer_is_not_the_last_ones(
    harness: Harness,
) -> None:
    def late(peer: Peer, _request: Received) -> None:
        gevent.sleep(0.05)
        peer.send(response(b"first"))

    with ScriptedServer(by_path({"/first": late, "/second": response(b"second")})) as server:
        client = harness.user(server.url).client
        client.get("/second")
        with pytest.raises(gevent.Timeout), gevent.Timeout(0.01):
            client.get("/first")
        assert client.get("/second").content == b"second"
    assert harness.requests == {"GET /second": 2, "GET /first": 1}
    ((method, name, error),) = harness.failures
    assert (method, name) == ("GET", "/first")
    assert "Timeout" in error


def test_a_silent_timeout_of_the_user_leaves_its_block(harness: Harness) -> None:
    with ScriptedServer(silent) as server:
        client = harness.user(server.url).client
        with gevent.Timeout(0.01, False):
            client.get("/")
            pytest.fail("the timeout was swallowed")
    assert harness.requests == {"GET /": 1}


def test_two_greenlets_of_one_user_get_their_own_answers(harness: Harness) -> None:
    def echo(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            gevent.sleep(0.001)
            peer.send(response(request.path.encode()))

    with ScriptedServer(echo) as server:
        client = harness.user(server.url).client

        def ask(number: int) -> None:
            for turn in range(10):
                assert client.get(f"/{number}/{turn}").text == f"/{number}/{turn}"

        gevent.joinall([gevent.spawn(ask, number) for number in range(4)], raise_error=True)


def test_concurrency_bounds_the_connections_of_a_user(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url, concurrency=2).client
        gevent.joinall([gevent.spawn(client.get, "/") for _ in range(8)], raise_error=True)
        assert server.connections <= 2
    assert harness.requests == {"GET /": 8}
