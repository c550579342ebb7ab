"""Event sources, against a server whose every byte the test decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
import pytest
from gevent.event import Event

from swarm import task
from swarm.contrib.connections import ConnectionEndedError, NoMessageError
from swarm.contrib.sse import EventSource, NoEventStreamError, SSEUser
from swarm.users.fast_http_user import FastHttpUser
from tests.runner.contrib.bench import Bench
from tests.runner.users.conftest import life  # noqa: F401  a fixture
from tests.runner.users.living import Life, until
from tests.servers.scripted import Peer, Received, ScriptedServer, by_path, response

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"


def streams(*texts: str, then: Callable[[Peer], object] | None = None) -> Callable[[Peer, Received], None]:
    """Return a route that answers the n-th time with the n-th text as a stream, the last for all more, and ends."""
    asked = []

    def route(peer: Peer, request: Received) -> None:
        asked.append(request)
        peer.send(HEAD + texts[min(len(asked), len(texts)) - 1].encode())
        if then is not None:
            then(peer)
        peer.close()

    return route


def stays(peer: Peer) -> None:
    peer.wait_for_end()


def data_of(events: Any) -> list[str]:
    return [event.data for event in events]


def test_events_are_counted_as_they_are_received(bench: Bench) -> None:
    with ScriptedServer(
        by_path({"/events": streams("id: 1\nevent: tick\ndata: é\n\ndata: two\n\n")})
    ) as server:
        source = bench.user(SSEUser, host=server.url).event_source("/events", reconnect=False)
        first = source.receive(timeout=20)
        assert (first.event, first.data, first.id) == ("tick", "é", "1")
        assert source.receive(name="another").data == "two"
        with pytest.raises(ConnectionEndedError, match="ended"):
            source.receive()
    assert bench.counted == {"GET /events": 1, "SSE /events": 2, "SSE another": 1}
    tick = next(event for event in bench.events if event["request_type"] == "SSE")
    assert tick["response"] == first
    assert tick["response_length"] == 2
    assert bench.failed == {"SSE /events": "ConnectionEndedError('the server ended the event stream')"}
    assert server.requests[0].headers["accept"] == "text/event-stream"


def test_iterating_ends_with_the_stream(bench: Bench) -> None:
    with ScriptedServer(by_path({"/events": streams("data: 1\n\ndata: 2\n\ndata: cut")})) as server:
        source = bench.user(SSEUser, host=server.url).event_source("/events", name="feed", reconnect=False)
        assert data_of(source) == ["1", "2"]
    assert bench.counted == {"GET feed": 1, "SSE feed": 2}
    assert bench.failed == {}


def test_a_stream_that_ends_is_asked_for_again_from_the_last_event_on(bench: Bench) -> None:
    route = streams("retry: 1\nid: a1\ndata: 1\n\n", "data: 2\n\n", "id\ndata: 3\n\n", "data: 4\n\n")
    with ScriptedServer(by_path({"/events": route})) as server:
        source = bench.user(SSEUser, host=server.url).event_source("/events", headers={"Token": "t1"})
        assert [source.receive(timeout=20).data for _ in range(4)] == ["1", "2", "3", "4"]
        source.close()
    ids = [request.headers.get("last-event-id") for request in server.requests[:4]]
    assert ids == [None, "a1", "a1", None]
    assert {request.headers["token"] for request in server.requests} == {"t1"}
    assert bench.failed == {}


def test_a_server_that_says_there_is_no_more_ends_it(bench: Bench) -> None:
    stream = streams("retry: 1\ndata: 1\n\n")

    def route(peer: Peer, request: Received) -> None:
        if len(server.requests) == 1:
            stream(peer, request)
        else:
            peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    with ScriptedServer(by_path({"/events": route})) as server:
        assert data_of(bench.user(SSEUser, host=server.url).event_source("/events")) == ["1"]
    assert bench.failed == {}


def test_a_connection_that_breaks_is_a_failure_and_is_made_again(bench: Bench) -> None:
    def breaks(peer: Peer, _request: Received) -> None:
        chunk = b"retry: 1\ndata: 1\n\n"
        head = HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked")
        peer.send(head + b"%x\r\n%s\r\n" % (len(chunk), chunk))
        peer.close()

    def route(peer: Peer, request: Received) -> None:
        (breaks if len(server.requests) == 1 else streams("data: 2\n\n", then=stays))(peer, request)

    with (
        ScriptedServer(by_path({"/events": route})) as server,
        bench.user(SSEUser, host=server.url).event_source("/events") as source,
    ):
        assert [source.receive(timeout=20).data for _ in range(2)] == ["1", "2"]
    assert list(bench.failed) == ["SSE /events"]
    assert "middle of the body" in bench.failed["SSE /events"]
    assert bench.counted["SSE /events"] == 3


def test_without_reconnecting_a_connection_that_breaks_ends_it(bench: Bench) -> None:
    def route(peer: Peer, _request: Received) -> None:
        peer.send(HEAD.replace(b"Connection: close", b"Content-Length: 1000") + b"data: 1\n\n")
        peer.close()

    with ScriptedServer(by_path({"/events": route})) as server:
        source = bench.user(SSEUser, host=server.url).event_source("/events", reconnect=False)
        assert source.receive(timeout=20).data == "1"
        with pytest.raises(ConnectionEndedError, match="was lost"):
            list(source)
    assert bench.counted["SSE /events"] == 2


@pytest.mark.parametrize(
    ("answer", "status", "failed"),
    [
        (response(b"no", "503 Busy"), 503, "GET /events"),
        (response(b"{}", Content_Type="application/json"), 200, "SSE /events"),
    ],
)
def test_what_is_no_event_stream_is_a_failure(bench: Bench, answer: bytes, status: int, failed: str) -> None:
    with ScriptedServer(by_path({"/events": answer})) as server:
        user = bench.user(SSEUser, host=server.url)
        with pytest.raises(NoEventStreamError) as refused:
            user.event_source("/events")
    assert refused.value.status == status
    assert list(bench.failed) == [failed]


def test_a_server_that_is_not_there_is_a_failed_request(bench: Bench) -> None:
    with pytest.raises(NoEventStreamError, match="does not answer"):
        bench.user(SSEUser, host="http://127.0.0.1:1").event_source("/events")
    assert list(bench.failed) == ["GET /events"]


def test_waiting_can_be_limited_and_the_stream_goes_on(bench: Bench) -> None:
    go_on = Event()

    def route(peer: Peer, _request: Received) -> None:
        peer.send(HEAD)
        go_on.wait(60)
        peer.send(b"data: late\n\n")
        peer.wait_for_end()

    with (
        ScriptedServer(by_path({"/events": route})) as server,
        bench.user(SSEUser, host=server.url).event_source("/events") as source,
    ):
        with pytest.raises(NoMessageError):
            source.receive(timeout=0.01)
        go_on.set()
        assert source.receive(timeout=20).data == "late"


def test_any_fast_http_user_may_open_one_with_its_cookies(bench: Bench) -> None:
    routes = {"/login": response(b"ok", Set_Cookie="sid=7"), "/events": streams("data: 1\n\n", then=stays)}
    with ScriptedServer(by_path(routes)) as server:
        user = bench.user(FastHttpUser, host=server.url)
        user.client.get("/login")
        with EventSource(user, "/events") as source:
            assert source.receive(timeout=20).data == "1"
            assert user.client.get("/login").status_code == 200
    assert [request.headers.get("cookie") for request in server.requests] == [None, "sid=7", "sid=7"]


def test_users_do_not_block_one_another(bench: Bench) -> None:
    count = 20
    all_here = Event()

    def route(peer: Peer, _request: Received) -> None:
        peer.send(HEAD)
        if len(server.requests) == count:
            all_here.set()
        all_here.wait(60)
        peer.send(b"data: all are here\n\n")
        peer.wait_for_end()

    with ScriptedServer(by_path({"/events": route})) as server:
        bench.running(SSEUser, count, lambda user: user.event_source("/events").receive(), host=server.url)
        until(lambda: bench.counted.get("SSE /events") == count)
    assert bench.failed == {}


@pytest.mark.parametrize("waits", ["receive", "iterating"])
def test_a_stop_cuts_a_wait_at_once(life: Life, waits: str) -> None:  # noqa: F811
    sources, went_on, left = [], [], Event()

    def stays_and_tells(peer: Peer) -> None:
        peer.wait_for_end()
        left.set()

    with ScriptedServer(by_path({"/events": streams("data: 1\n\n", then=stays_and_tells)})) as server:

        class Reader(SSEUser):
            host = server.url

            @task
            def read(self) -> None:
                source = self.event_source("/events")
                source.receive()
                sources.append(source)
                if waits == "receive":
                    source.receive()
                else:
                    list(source)
                went_on.append(self)

        user = life.start(Reader)
        until(lambda: sources)
        gevent.sleep(0)
        assert not any(session.in_flight for session in user._swarm_sessions)
        user.stop(force=True)
        assert life.group.join(timeout=20)
        assert left.wait(20)
    assert went_on == []
    assert life.environment.stats.interrupted == (waits == "receive")
    assert life.environment.stats.total.num_failures == 0
    assert life.environment.stats.total.num_requests == 2
