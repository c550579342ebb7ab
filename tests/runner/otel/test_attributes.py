"""What spans and metrics say of a request, and how many names they tell apart."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from swarm.exceptions import StopUser
from swarm.otel import attributes, setup


def event(**more: Any) -> dict[str, Any]:
    return {
        "request_type": "GET",
        "name": "/",
        "response": SimpleNamespace(status_code=200),
        "url": "http://shop.example/a?b=c",
        "exception": None,
        **more,
    }


def test_an_http_request_is_known_by_its_response_or_its_url() -> None:
    assert attributes.is_http(event())
    assert attributes.is_http(event(response=None))
    assert not attributes.is_http(event(response=None, url=None, request_type="GRPC"))


def test_an_http_request_says_method_server_and_status() -> None:
    assert attributes.http_attributes(event()) == {
        "http.request.method": "GET",
        "server.address": "shop.example",
        "server.port": 80,
        "url.scheme": "http",
        "http.response.status_code": 200,
    }


def test_a_method_that_is_none_is_other() -> None:
    assert attributes.http_attributes(event(request_type="LOGIN"))["http.request.method"] == "_OTHER"


@pytest.mark.parametrize(
    ("response", "error", "kind"),
    [
        (SimpleNamespace(status_code=503), ValueError("bad"), "503"),
        (SimpleNamespace(status_code=200), ValueError("judged"), "ValueError"),
        (SimpleNamespace(status_code=0), ConnectionRefusedError(111, "refused"), "ConnectionRefusedError"),
        (None, "a text", "failure"),
        (None, StopUser(), "swarm.exceptions.StopUser"),
    ],
)
def test_a_failure_says_its_kind(response: Any, error: Any, kind: str) -> None:
    found = attributes.http_attributes(event(response=response, exception=error))
    assert found["error.type"] == kind


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://shop.example:8443/x", ("shop.example", 8443)),
        ("https://[::1]/x", ("::1", 443)),
        ("/relative", None),
        ("http://shop.example:port/", None),
        ("", None),
    ],
)
def test_the_server_is_that_of_an_absolute_url(url: str, server: tuple[str, int] | None) -> None:
    found = attributes.server_of(url)
    assert (found and (found["server.address"], found["server.port"])) == (server or {})


def test_a_password_in_a_url_is_not_told() -> None:
    found = attributes.url_attributes(event(url="http://me:secret@shop.example/a"))
    assert found == {"url.full": "http://REDACTED:REDACTED@shop.example/a"}
    assert attributes.url_attributes(event(url="http://shop.example/@me"))["url.full"].endswith("/@me")


def test_names_are_bounded_and_those_that_are_known_stay_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "MAX_REQUEST_NAMES", 2)
    names = attributes.Names()
    assert [names.bounded(name) for name in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


def test_a_long_error_is_cut() -> None:
    assert len(attributes.error_words("x" * 10_000)) == attributes.TEXT_LIMIT
