"""FastHttpSession: what is sent."""

from __future__ import annotations

import re

import pytest

from tests.runner.http.conftest import Harness
from tests.servers.scripted import HELLO, ScriptedServer, answers, by_path, response

MISSING = response(b"no such page", "404 Not Found")


# -- cookies and headers -----------------------------------------------------------------------------------------


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


# -- bodies ------------------------------------------------------------------------------------------------------


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
