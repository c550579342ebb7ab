"""The quick preparation of URLs and heads gives what requests' own gives, whatever the input."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from requests.exceptions import InvalidURL

from swarm.http.on_requests.heads import DEFAULT_ITEMS
from swarm.http.on_requests.plain import plain
from swarm.http.on_requests.session import HttpSession
from swarm.http.on_requests.urls import join, origin_of, prepare

TEXT = st.text(st.sampled_from("/.?&=#%;:@+~ abcXYZ019-_!$'()*,[]\\^`{|}<>\"ü世\t\n"), max_size=30)
ORIGINS = st.sampled_from(
    [
        "http://127.0.0.1", "http://127.0.0.1:8080", "https://shop.example", "http://shop.example:80",
        "HTTP://Shop.Example", "http://[::1]:81", "http://user:pw@h", "http://h_x.y-z", "https://h:443",
        "http://bücher.example", "http://h.", "http://*.h", "http://-", "http://h:port", "http://h:0",
    ]
)  # fmt: skip


def by_requests(url: str, params: Any = None) -> str | None:
    request = requests.PreparedRequest()
    try:
        request.prepare_url(url, params)
    except ValueError:
        return None
    return request.url


@given(ORIGINS, TEXT)
@example("http://h", "//double")
@example("http://h", "/x?")
@example("http://h", "/./a")
@example("http://h", "?a/b")
def test_a_prepared_url_is_the_one_of_requests(origin: str, rest: str) -> None:
    target = prepare(origin + rest)
    if target is None:
        return
    assert target[1] == by_requests(origin + rest)
    request = requests.PreparedRequest()
    request.url = target[1]
    assert target[2] == request.path_url


@given(
    ORIGINS,
    st.text(st.sampled_from("/?&=abcXYZ019-_."), max_size=12),
    st.dictionaries(TEXT, TEXT, max_size=3),
)
def test_parameters_are_appended_as_requests_does(origin: str, rest: str, params: dict[str, str]) -> None:
    target = prepare(f"{origin}/{rest}", requests.PreparedRequest._encode_params(params))  # type: ignore[attr-defined]
    if target is not None:
        assert target[1] == by_requests(f"{origin}/{rest}", params)


@given(ORIGINS)
def test_a_host_header_is_the_one_of_http_client(origin: str) -> None:
    url = by_requests(origin + "/")
    known = None if url is None else origin_of(url)
    if known is None:
        return
    scheme, host, port = known.where
    default = {"http": 80, "https": 443}[scheme]
    name = f"[{host}]" if ":" in host else host
    assert known.host_line.decode() == f"Host: {name}{'' if port == default else f':{port}'}\r\n"


def test_plain_targets_are_taken_without_asking_requests() -> None:
    origin = prepare("http://127.0.0.1:1/")
    assert origin is not None
    assert prepare("http://127.0.0.1:1/a/b.c?d=e&f=/?")[1:] == (  # type: ignore[index]
        "http://127.0.0.1:1/a/b.c?d=e&f=/?",
        "/a/b.c?d=e&f=/?",
    )
    assert origin[0].where == ("http", "127.0.0.1", 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://u:p@h/",
        "http://h./",
        "gopher://h/",
        "h/x",
        "http:///x",
        "http://h/#part",
        "mailto:a@b.c/d",
        "",
    ],
)
def test_what_is_special_is_left_to_requests(url: str) -> None:
    assert prepare(url) is None


@pytest.mark.parametrize(
    ("base", "url", "joined"),
    [
        ("http://h", "/a", "http://h/a"),
        ("http://h/b", "/a", "http://h/b/a"),
        ("http://h/b", "a", "http://h/ba"),
        ("http://h", "?a", "http://h?a"),
        ("http://h", "#a", "http://h#a"),
        ("http://h", "https://i/a", "https://i/a"),
        ("http://h", "HTTP://i/a", "HTTP://i/a"),
        ("http://h", "/a?u=http://i", "http://h/a?u=http://i"),
        ("http://h", ":81/a", "http://h:81/a"),
        ("", "a", "a"),
        (None, "http://h", "http://h"),
    ],
)
def test_base_and_url_are_joined_as_text(base: str | None, url: str, joined: str) -> None:
    if url.startswith(":"):
        with pytest.raises(InvalidURL, match="begin a relative URL with a slash"):
            join(base, url)
    else:
        assert join(base, url) == joined


HEADER = st.text(st.sampled_from("aA-bB1 :\n\xe9世"), max_size=6)


@given(
    st.dictionaries(HEADER, st.one_of(HEADER, st.none(), st.binary(max_size=3)), max_size=4),
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from([None, "text", b"bytes", {"a": "b"}, [("a", "1")], {}]),
    st.sampled_from([None, {"a": 1}, 0, []]),
    st.sampled_from([None, ("u", "p")]),
)
def test_a_head_says_what_requests_own_preparation_says(
    headers: dict[str, Any], method: str, data: Any, json: Any, auth: Any
) -> None:
    session = HttpSession(None)
    url = "http://127.0.0.1:1/x"
    sent = plain(session, method, url, None, data, json, headers, auth)
    if sent is None:
        return
    ours = sent.prepared()
    theirs = session.prepare_request(
        requests.Request(method, url, data=data or {}, json=json, headers=headers, auth=auth)
    )
    assert list(ours.headers.items()) == list(theirs.headers.items())
    assert (ours.method, ours.url, ours.body) == (theirs.method, theirs.url, theirs.body)
    for name, value in theirs.headers.items():
        text = value if isinstance(value, bytes) else value.encode("latin-1")
        assert name.encode("latin-1") + b": " + text + b"\r\n" in sent.head


def test_the_headers_of_a_new_session_are_those_of_requests() -> None:
    assert dict(DEFAULT_ITEMS) == dict(requests.Session().headers)


def test_a_setting_that_is_special_leaves_the_request_to_requests() -> None:
    def ask(**settings: Any) -> Any:
        session = HttpSession(None)
        for name, value in settings.items():
            setattr(session, name, value)
        return plain(session, "GET", "http://h/", None, None, None, None, None)

    assert ask() is not None
    assert ask(auth=("u", "p")) is not None
    for special in (
        {"trust_env": True},
        {"cert": "client.pem"},
        {"proxies": {"http": "http://p"}},
        {"params": {"a": "b"}},
        {"hooks": {"response": [print]}},
        {"auth": lambda request: request},
        {"headers": SimpleNamespace()},
        {"cookies": {"a": "b"}},
    ):
        assert ask(**special) is None, special
