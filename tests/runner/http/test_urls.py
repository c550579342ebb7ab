"""Taking URLs apart, quoting, forms; the heads that are kept."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.utils import requote_uri

from swarm.http.heads import SHARED_LIMIT, Heads, shared_heads, standard_headers
from swarm.http.payload import dump_json
from swarm.http.urls import encode_form, locate, requote


@pytest.mark.parametrize(
    ("url", "origin", "authority", "path"),
    [
        ("http://shop.test", ("http", "shop.test", 80), "shop.test", "/"),
        ("HTTPS://Shop.Test/a", ("https", "shop.test", 443), "shop.test", "/a"),
        ("https://shop.test:443/a?b#c", ("https", "shop.test", 443), "shop.test", "/a?b"),
        ("http://shop.test:8080?b=1", ("http", "shop.test", 8080), "shop.test:8080", "/?b=1"),
        ("http://[::1]:8080/", ("http", "::1", 8080), "[::1]:8080", "/"),
        ("http://[::1]/", ("http", "::1", 80), "[::1]", "/"),
        ("http://bücher.test/", ("http", "xn--bcher-kva.test", 80), "xn--bcher-kva.test", "/"),
        ("  http://shop.test/ ", ("http", "shop.test", 80), "shop.test", "/"),
    ],
)
def test_a_url_leads_somewhere(url: str, origin: tuple[str, str, int], authority: str, path: str) -> None:
    location = locate(url)
    assert (location.origin, location.authority, location.path) == (origin, authority, path)
    assert location.authorization is None


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("shop.test/a", "has to begin with http://"),
        ("ftp://shop.test/", "has to begin with http://"),
        ("http://", "names no host"),
        ("http:///path", "names no host"),
        ("http://shop.test:port/", "no valid port"),
        ("http://shop.test:99999/", "no valid port"),
        ("http://127.0.0.1:8080v1/tables", "lack its first slash"),
        ("http://" + "ü" * 80 + ".test/", "no valid name"),
    ],
)
def test_a_url_that_leads_nowhere_says_why(url: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        locate(url)


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(st.characters(codec="utf-8", exclude_characters="#"), max_size=40))
def test_quoting_is_that_of_requests(path: str) -> None:
    assert requote("/" + path) == requote_uri("/" + path)


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(alphabet="aé%4F2e~/?&= +", max_size=20))
def test_quoting_what_is_half_quoted_is_that_of_requests(path: str) -> None:
    assert requote("/" + path) == requote_uri("/" + path)


@settings(deadline=None)  # a busy machine is no fault
@given(
    st.lists(
        st.tuples(
            st.text(max_size=8),
            st.one_of(st.text(max_size=8), st.integers(), st.lists(st.text(max_size=3), max_size=3)),
        )
    )
)
def test_a_form_is_that_of_urlencode(pairs: list[tuple[str, object]]) -> None:
    assert encode_form(pairs) == urlencode(pairs, doseq=True)


@settings(deadline=None)  # a busy machine is no fault
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_is_that_of_json_dumps(value: object) -> None:
    import json

    assert dump_json(value) == json.dumps(value).encode()


def test_what_is_no_json_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        dump_json({"a": object()})


def test_heads_are_built_once_and_shared() -> None:
    headers = standard_headers({"X-Shared": "1"}, None)
    one, two = (shared_heads("http://shop.test", headers, proxied=False) for _ in range(2))
    assert one is two
    assert one["GET", "/"] is two["GET", "/"]
    assert one["GET", "/", (("X-A", "1"),)] is not one["GET", "/"]
    assert shared_heads("http://shop.test", {**headers, "X-B": "2"}, proxied=False) is not one


def test_heads_that_are_kept_are_bounded() -> None:
    heads = Heads("http://shop.test", {}, limit=SHARED_LIMIT)
    for number in range(SHARED_LIMIT + 10):
        _ = heads["GET", f"/{number}"]
    assert len(heads) <= SHARED_LIMIT


def test_a_head_names_a_host_once() -> None:
    heads = Heads("http://shop.test", {"Host": "other.test"})
    assert heads["GET", "/"].whole == b"GET / HTTP/1.1\r\nHost: other.test\r\n\r\n"
