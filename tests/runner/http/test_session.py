"""FastHttpSession: what is sent, what comes back, what is counted."""

from __future__ import annotations

import gc
import re
import time

import gevent
import pytest
from gevent import GreenletExit

from swarm.event import EventHook
from swarm.exceptions import StopTest
from swarm.http.errors import ReadTimeoutError
from swarm.http.response import ErrorResponse, FastResponse, LocustBadStatusCode
from swarm.http.session import FastHttpSession
from tests.runner.http.conftest import Harness, settle
from tests.servers.nginx import Nginx
from tests.servers.scripted import HELLO, Peer, Received, ScriptedServer, answers, by_path, response

MISSING = response(b"no such page", "404 Not Found")


def silent(peer: Peer) -> None:
    peer.read_request()
    peer.wait_for_end()


# -- names and counts ----------------------------------------------------------------------------------------


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


# -- failures ------------------------------------------------------------------------------------------------


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


# -- the stop, and other cuts --------------------------------------------------------------------------------


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


# -- events --------------------------------------------------------------------------------------------------


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


# -- redirects -----------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_counted_once_under_the_first_name(harness: Harness) -> None:
    harness.listen()
    routes = {
        "/a": response(b"", "302 Found", Location="/b?x=1"),
        "/b": response(b"", "301 Moved Permanently", Location="c"),
        "/c": HELLO,
    }
    with ScriptedServer(by_path(dict(routes))) as server:
        answer = harness.user(server.url).client.get("/a")
        assert server.paths == ["/a", "/b?x=1", "/c"]
        assert server.connections == 1
    assert (answer.status_code, answer.url) == (200, f"{server.url}/c")
    assert [(past.status_code, past.url) for past in answer.history] == [
        (302, f"{server.url}/a"),
        (301, f"{server.url}/b?x=1"),
    ]
    assert harness.requests == {"GET /a": 1}
    assert harness.events[0]["url"] == f"{server.url}/a"


@pytest.mark.parametrize(
    ("status", "sent", "followed"),
    [
        (301, "POST", "GET"),
        (301, "PUT", "PUT"),
        (302, "POST", "GET"),
        (302, "HEAD", "HEAD"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
    ],
)
def test_the_method_after_a_redirect_is_requests(
    harness: Harness, status: int, sent: str, followed: str
) -> None:
    routes = {"/a": response(b"", f"{status} Moved", Location="/b"), "/b": response()}
    with ScriptedServer(by_path(dict(routes))) as server:
        harness.user(server.url).client.request(sent, "/a", data="body")
        first, second = server.requests
    assert (first.body, second.method) == (b"body", followed)
    if status in (307, 308):
        assert second.body == b"body"
        assert second.headers["content-type"] == first.headers["content-type"]
    elif followed == "GET":
        assert second.body == b""
        assert "content-type" not in second.headers
        assert "content-length" not in second.headers


def test_redirects_are_left_alone_when_asked(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"", "302 Found", Location="/b"))) as server:
        answer = harness.user(server.url).client.get("/a", allow_redirects=False)
    assert (answer.status_code, answer.ok, answer.headers["location"]) == (302, True, "/b")
    assert harness.failures == []


def test_more_redirects_than_the_limit_are_a_failure(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"", "302 Found", Location="/loop"))) as server:
        answer = harness.user(server.url, max_redirects=3).client.get("/loop")
        assert len(server.requests) == 4
    assert answer.status_code == 0
    ((_, _, error),) = harness.failures
    assert "more than 3 redirects" in error


def test_a_redirect_to_another_scheme_is_a_failure(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"", "302 Found", Location="shop-app://callback"))) as server:
        assert harness.user(server.url).client.get("/").status_code == 0
    assert "shop-app://callback" in harness.failures[0][2]


def test_a_redirect_without_a_place_is_the_answer(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"lost", "302 Found"))) as server:
        answer = harness.user(server.url).client.get("/")
    assert (answer.status_code, answer.text) == (302, "lost")


def test_another_host_does_not_get_the_authorization(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as other:
        away = response(b"", "302 Found", Location=f"http://localhost:{other.port}/")
        here = response(b"", "302 Found", Location="/away")
        with ScriptedServer(by_path({"/here": here, "/away": away})) as server:
            client = harness.user(server.url, default_headers={"Authorization": "Bearer 1"}).client
            client.get("/here")
            client.get("/here", auth=("a", "b"))
            client.get("/here", headers={"authorization": "Bearer 2"})
            assert all("authorization" in request.headers for request in server.requests)
        assert len(other.requests) == 3
        assert all("authorization" not in request.headers for request in other.requests)


def test_cookies_set_on_the_way_are_sent_on(harness: Harness) -> None:
    routes = {
        "/login": response(b"", "302 Found", Location="/home", Set_Cookie="session=1; Path=/"),
        "/home": HELLO,
    }
    with ScriptedServer(by_path(dict(routes))) as server:
        client = harness.user(server.url).client
        client.post("/login", data={"user": "a"})
        assert server.requests[1].headers["cookie"] == "session=1"
        assert client.cookiejar["session"] == "1"


# -- cookies and headers -------------------------------------------------------------------------------------


def test_cookies_are_kept_between_requests_and_apart_between_users(harness: Harness) -> None:
    setting = response(b"", "200 OK", Set_Cookie="session=abc; Path=/; HttpOnly")
    with ScriptedServer(by_path({"/login": setting, "/": HELLO})) as server:
        one, two = harness.user(server.url).client, harness.user(server.url).client
        assert one.get("/login").cookies["session"] == "abc"
        one.get("/")
        two.get("/")
        _, with_cookie, without = server.requests
    assert with_cookie.headers["cookie"] == "session=abc"
    assert "cookie" not in without.headers


def test_cookies_of_one_call_are_of_that_call(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url).client
        client.cookiejar.set("kept", "1")
        client.get("/", cookies={"once": "2"})
        client.get("/")
        assert [request.headers["cookie"] for request in server.requests] == ["kept=1; once=2", "kept=1"]


def test_a_cookie_header_written_by_hand_is_the_only_one(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url).client
        client.cookiejar.set("kept", "1")
        client.get("/", headers={"cookie": "mine=2"})
        (request,) = server.requests
    assert request.head.lower().count(b"cookie") == 1
    assert request.headers["cookie"] == "mine=2"


def test_standard_headers_are_few(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        harness.user(server.url).client.get("/")
        assert set(server.requests[0].headers) == {"host", "user-agent", "accept", "accept-encoding"}
        assert server.requests[0].headers["host"] == f"127.0.0.1:{server.port}"
        assert server.requests[0].headers["accept-encoding"] == "gzip, deflate, br"


def test_headers_of_call_and_class_go_before_the_standard_ones_in_any_case(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url, default_headers={"user-agent": "mine", "X-A": "1"}).client
        client.get("/", headers={"x-a": "2", "X-Number": 3, "Accept": None})
        (request,) = server.requests
    assert request.headers["user-agent"] == "mine"
    assert request.headers["x-a"] == "2"
    assert request.headers["x-number"] == "3"
    assert "accept" not in request.headers
    assert request.head.lower().count(b"user-agent") == 1


def test_headers_of_a_session_may_change_while_it_lives(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url).client
        other = harness.user(server.url).client
        client.get("/")
        client.default_headers["X-Token"] = "1"
        client.get("/")
        client.auth_header = "Bearer 2"
        client.get("/")
        del client.default_headers["X-Token"]
        client.get("/")
        client.client.default_headers.update({"X-Token": "3"})
        client.get("/")
        other.get("/")
        seen = [(r.headers.get("x-token"), r.headers.get("authorization")) for r in server.requests]
    assert seen == [
        (None, None),
        ("1", None),
        ("1", "Bearer 2"),
        (None, "Bearer 2"),
        ("3", "Bearer 2"),
        (None, None),
    ]


def test_the_base_url_may_change_while_a_session_lives(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server, ScriptedServer(answers(HELLO)) as other:
        client = harness.user(server.url).client
        client.get("/")
        client.base_url = other.url
        client.get("/")
        assert (len(server.requests), len(other.requests)) == (1, 1)


def test_basic_auth_comes_from_the_call_or_the_host(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url.replace("http://", "http://us%40er:pa:ss@")).client
        answer = client.get("/")
        client.get("/", auth=("a", "b"))
        assert [request.headers["authorization"] for request in server.requests] == [
            "Basic dXNAZXI6cGE6c3M=",
            "Basic YTpi",
        ]
        assert "authorization" not in {name.lower() for name in client.default_headers}
        assert client.auth_header == "Basic dXNAZXI6cGE6c3M="
    assert answer.url == f"{server.url}/"


def test_paths_are_quoted_as_requests_does(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url).client
        client.get("/a b/ü?q=a b#fragment")
        client.get("/a%20b?c=%7E%zz")
        client.get(f"{server.url}/ü#fragment")
        assert server.paths == ["/a%20b/%C3%BC?q=a%20b", "/a%2520b?c=%257E%25zz", "/%C3%BC"]


def test_a_host_with_a_path_comes_before_the_url(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        for base in (f"{server.url}/api", f"{server.url}/api/"):
            harness.user(base).client.get("/v1")
        assert server.paths == ["/api/v1", "/api/v1"]


# -- bodies --------------------------------------------------------------------------------------------------


def test_json_is_sent_as_json(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        harness.user(server.url).client.post("/", json={"a": [1, None], "b": "ü"})
        (request,) = server.requests
    assert request.body == b'{"a": [1, null], "b": "\\u00fc"}'
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "application/json"
    assert request.headers["content-length"] == str(len(request.body))


def test_a_dict_is_sent_as_a_form(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url).client
        client.post("/", {"a": 1, "b": ["x", "y"], "c": "ü &", "none": None})
        client.post("/", data=[("a", "1"), ("a", "2")])
        first, second = server.requests
    assert first.body == b"a=1&b=x&b=y&c=%C3%BC+%26"
    assert first.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert second.body == b"a=1&a=2"


def test_text_bytes_and_files_are_sent_as_they_are(
    harness: Harness, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("upload") / "file.bin"
    path.write_bytes(b"\x00file")
    with ScriptedServer(answers(HELLO)) as server, path.open("rb") as file:
        client = harness.user(server.url).client
        for data in ("ü", b"\x00bytes", file, iter([b"a", "b"])):
            client.put("/", data=data, headers={"Content-Type": "x/y"})
        assert [request.body for request in server.requests] == [
            "ü".encode(),
            b"\x00bytes",
            b"\x00file",
            b"ab",
        ]
        assert {request.headers["content-type"] for request in server.requests} == {"x/y"}


def test_files_are_sent_as_multipart(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        harness.user(server.url).client.post(
            "/", data={"a": "1"}, files={"f": ("n.txt", b"content", "text/plain")}
        )
        (request,) = server.requests
    assert re.match(r"multipart/form-data; boundary=", request.headers["content-type"])
    assert b'name="f"; filename="n.txt"' in request.body
    assert b"content" in request.body
    assert b'name="a"' in request.body


def test_a_post_without_a_body_says_that_it_has_none(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        harness.user(server.url).client.post("/")
        assert server.requests[0].headers["content-length"] == "0"


def test_a_wrong_content_length_of_the_user_is_not_sent(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        harness.user(server.url).client.post("/", data="abc", headers={"Content-Length": "99"})
        assert server.requests[0].headers["content-length"] == "3"


# -- the layer below, streams --------------------------------------------------------------------------------


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
