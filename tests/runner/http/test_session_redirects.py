"""FastHttpSession: redirects."""

from __future__ import annotations

import pytest

from tests.runner.http.conftest import Harness
from tests.servers.scripted import HELLO, ScriptedServer, answers, by_path, response

MISSING = response(b"no such page", "404 Not Found")


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
