"""FastHttpSession: names, what is counted, what its listeners are told, the layer below."""

from __future__ import annotations

import gc
import time

import gevent
import pytest

from swarm.event import EventHook
from swarm.http.response import FastResponse
from swarm.http.session import FastHttpSession
from tests.runner.http.conftest import Harness, settle
from tests.servers.nginx import Nginx
from tests.servers.scripted import HELLO, Peer, ScriptedServer, answers, by_path, response

MISSING = response(b"no such page", "404 Not Found")


# -- names and counts --------------------------------------------------------------------------------------------


def test_a_request_is_counted_under_its_path_and_query(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        user = harness.user(server.url)
        answer = user.client.get("/a?b=1")
        user.client.post("/a?b=1")
    assert answer.content == b"hello"
    assert harness.requests == {"GET /a?b=1": 1, "POST /a?b=1": 1}
    assert harness.environment.stats.total.total_content_length == 10
    assert harness.failures == []


def test_a_given_name_goes_before_request_name_and_that_before_the_path(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url).client
        client.get("/1")
        with client.rename_request("renamed"):
            client.get("/2")
            client.get("/3", name="named")
        client.request_name = "still"
        client.get("/4")
    assert harness.requests == {"GET /1": 1, "GET renamed": 1, "GET named": 1, "GET still": 1}


def test_the_name_before_rename_request_is_back_after_an_error(harness: Harness) -> None:
    client = harness.user("http://shop.test").client
    with pytest.raises(KeyError), client.rename_request("renamed"):
        raise KeyError
    assert client.request_name is None


def test_an_absolute_url_keeps_its_whole_name_and_its_server(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server, ScriptedServer(answers(HELLO)) as other:
        harness.user(server.url).client.get(f"{other.url}/a?b=1")
        assert (server.connections, other.paths) == (0, ["/a?b=1"])
        assert harness.requests == {f"GET {other.url}/a?b=1": 1}


def test_params_are_sent_and_are_not_in_the_name(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url).client
        client.get("/a", params={"b": 1, "c": ["x", "y"], "none": None, "d": "ü &"})
        client.get("/a?z=1", params="q=2")
        assert server.paths == ["/a?b=1&c=x&c=y&d=%C3%BC+%26", "/a?z=1&q=2"]
    assert harness.requests == {"GET /a": 1, "GET /a?z=1": 1}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_every_method_is_sent_and_counted(harness: Harness, method: str) -> None:
    with ScriptedServer(answers(response())) as server:
        getattr(harness.user(server.url).client, method.lower())("/")
        assert server.requests[0].method == method
    assert harness.requests == {f"{method} /": 1}


def test_the_method_is_counted_in_capitals(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        harness.user(server.url).client.request("get", "/")
        assert server.requests[0].method == "GET"
    assert harness.requests == {"GET /": 1}


def test_microseconds_are_counted(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        harness.user(server.url).client.get("/")
    assert 0 < harness.environment.stats.total.max_response_time < 1000


def test_a_late_start_is_counted_from_its_intent(harness: Harness) -> None:
    recorded = []
    harness.environment.stats.record = lambda *sample: recorded.append(sample)  # type: ignore[method-assign]
    with ScriptedServer(answers(HELLO)) as server:
        user = harness.user(server.url)
        user.client.get("/")
        user._swarm_intended_start = 0.0
        user.client.get("/")
    (_, _, service, _, _, _, none), (_, _, _, _, _, _, from_intent) = recorded
    assert none is None
    assert from_intent > service


def test_the_request_count_agrees_with_nginxs(harness: Harness, nginx: Nginx) -> None:
    before = nginx.served()
    users = [harness.user(nginx.url) for _ in range(5)]

    def life(client: FastHttpSession) -> None:
        for _ in range(20):
            assert client.get("/hello").text == "Hello!"
            assert client.get("/missing").status_code == 404
            assert client.post("/hello", json={"a": 1}).ok

    gevent.joinall([gevent.spawn(life, user.client) for user in users], raise_error=True)
    assert harness.environment.stats.total.num_requests == 300
    settle(lambda: nginx.served() - before == 300)
    assert harness.environment.stats.num_failures == 100


test_the_request_count_agrees_with_nginxs = pytest.mark.nginx(test_the_request_count_agrees_with_nginxs)


# -- events ------------------------------------------------------------------------------------------------------


def test_a_listener_is_told_of_each_request(harness: Harness) -> None:
    harness.listen()
    with ScriptedServer(by_path({"/a": HELLO})) as server:
        client = harness.user(server.url, context=lambda self: {"user": 1, "who": "user"}).client
        good = client.get("/a", context={"who": "call"})
        bad = client.get("/b", name="B")
    first, second = harness.events
    assert first["request_type"] == "GET"
    assert (first["name"], first["url"]) == ("/a", f"{server.url}/a")
    assert first["response"] is good
    assert first["response_length"] == 5
    assert first["exception"] is None
    assert first["context"] == {"user": 1, "who": "call"}
    assert 0 < first["response_time"] < 1000
    assert first["start_time"] == pytest.approx(time.time(), abs=60)
    assert (second["name"], second["response"]) == ("B", bad)
    assert repr(second["exception"]) == "LocustBadStatusCode(code=404)"
    assert second["context"] == {"user": 1, "who": "user"}


def test_nothing_is_counted_twice_while_a_listener_listens(harness: Harness) -> None:
    harness.listen()
    with ScriptedServer(answers(HELLO)) as server:
        harness.user(server.url).client.get("/")
    assert len(harness.events) == harness.environment.stats.total.num_requests == 1


def test_a_session_without_a_user_tells_its_event(harness: Harness) -> None:
    harness.listen()
    with ScriptedServer(answers(HELLO)) as server:
        session = FastHttpSession(server.url, harness.environment.events.request)
        assert session.get("/").text == "hello"
    assert harness.requests == {"GET /": 1}
    assert [event["name"] for event in harness.events] == ["/"]


def test_a_session_all_by_itself_works() -> None:
    with ScriptedServer(answers(HELLO)) as server:
        assert FastHttpSession(server.url).get("/").text == "hello"
        hook = EventHook()
        names: list[str] = []
        hook.add_listener(lambda name, **_: names.append(name))
        with FastHttpSession(server.url, request_event=hook).get("/x", catch_response=True):
            pass
    assert names == ["/x"]


# -- the layer below, streams ------------------------------------------------------------------------------------


def test_closing_the_client_pool_opens_a_new_connection(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url).client
        client.get("/")
        client.client.clientpool.close()
        client.get("/")
        assert server.connections == 2


def test_a_closed_session_has_no_connections_and_opens_new_ones(harness: Harness) -> None:
    ended: list[Peer] = []

    def handler(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(HELLO)
        ended.append(peer)

    with ScriptedServer(handler) as server:
        client = harness.user(server.url).client
        client.get("/")
        client.close()
        settle(lambda: ended)
        assert client.get("/").ok


def test_a_session_that_is_dropped_closes_its_connections(harness: Harness) -> None:
    ended: list[Peer] = []

    def handler(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(HELLO)
        ended.append(peer)

    with ScriptedServer(handler) as server:
        FastHttpSession(server.url).get("/")
        gc.collect()
        settle(lambda: ended)


def test_users_may_share_connections(harness: Harness) -> None:
    from swarm.http.pool import ConnectionPool

    with ScriptedServer(answers(HELLO)) as server:
        shared = ConnectionPool(concurrency=1)
        for _ in range(3):
            harness.user(server.url, client_pool=shared).client.get("/")
        assert server.connections == 1


def test_users_of_a_class_share_their_tls_settings(harness: Harness) -> None:
    made = []

    def factory() -> object:
        from swarm.http.tls import insecure_ssl_context

        made.append(1)
        return insecure_ssl_context()

    cls = type(harness.user("https://shop.test", ssl_context_factory=staticmethod(factory)))
    contexts = {id(cls(harness.environment).client.pool.ssl_context()) for _ in range(5)}
    assert (len(contexts), len(made)) == (1, 1)


def test_a_stream_is_counted_with_its_head_and_read_line_by_line(harness: Harness) -> None:
    go = gevent.event.Event()

    def lines(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        go.wait()
        for piece in (b"one\ntw", b"o\nth", b"ree\n\nfive"):
            peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            gevent.sleep(0)
        peer.send(b"0\r\n\r\n")

    with ScriptedServer(lines) as server:
        client = harness.user(server.url).client
        answer = client.get("/", stream=True)
        assert harness.requests == {"GET /": 1}
        go.set()
        assert list(answer.iter_lines()) == [b"one", b"two", b"three", b"", b"five"]


def test_iter_lines_of_a_session_gives_the_lines_of_an_answer(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"a\nb\r\nc"))) as server:
        assert list(harness.user(server.url).client.iter_lines("/")) == [b"a", b"b", b"c"]


def test_a_response_takes_attributes(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        user = harness.user(server.url)
        answer = user.client.get("/")
        answer.mine = user.client.mine = 1
        assert isinstance(answer, FastResponse)
