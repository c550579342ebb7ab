"""catch_response, request_meta, rest() and rest_()."""
# ruff: noqa: SIM117, PT012  the with blocks are what is tested: they stand as users write them

from __future__ import annotations

import gevent
import pytest
from gevent import GreenletExit

from swarm.exceptions import (
    CatchResponseError,
    InterruptTaskSet,
    RescheduleTask,
    ResponseError,
    StopUser,
    SwarmError,
)
from tests.runner.http.conftest import Harness
from tests.servers.scripted import HELLO, ScriptedServer, answers, by_path, response

MISSING = response(b"no such page", "404 Not Found")
JSON = response(b'{"a": 1}', Content_Type="application/json")


def test_a_caught_response_is_counted_at_the_end_of_its_block(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        with harness.user(server.url).client.get("/", catch_response=True) as answer:
            assert answer.text == "hello"
            assert harness.requests == {}
        assert harness.requests == {"GET /": 1}
    assert harness.failures == []


def test_without_a_word_the_status_decides(harness: Harness) -> None:
    with ScriptedServer(answers(MISSING)) as server:
        with harness.user(server.url).client.get("/", catch_response=True):
            pass
    assert harness.failures == [("GET", "/", "LocustBadStatusCode(code=404)")]


def test_success_overrules_the_status(harness: Harness) -> None:
    with ScriptedServer(answers(MISSING)) as server:
        with harness.user(server.url).client.get("/", catch_response=True) as answer:
            answer.success()
    assert harness.failures == []
    assert harness.requests == {"GET /": 1}


@pytest.mark.parametrize(
    ("reason", "text"),
    [("too slow", "CatchResponseError('too slow')"), (KeyError("x"), "KeyError('x')")],
)
def test_failure_takes_text_or_an_exception(harness: Harness, reason: object, text: str) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        with harness.user(server.url).client.get("/", catch_response=True) as answer:
            answer.failure(reason)
    ((_, _, error),) = harness.failures
    assert error in {text, str(reason)}


def test_a_response_error_in_the_block_is_a_failure_and_goes_no_further(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        with harness.user(server.url).client.get("/", catch_response=True):
            raise ResponseError("wrong page")
    assert "wrong page" in harness.failures[0][2]


@pytest.mark.parametrize("error", [ValueError("v"), AssertionError("a"), gevent.Timeout(1)])
def test_another_exception_in_the_block_is_a_failure_and_goes_on(
    harness: Harness, error: BaseException
) -> None:
    with ScriptedServer(answers(HELLO)) as server, pytest.raises(type(error)):
        with harness.user(server.url).client.get("/", catch_response=True):
            raise error
    assert len(harness.failures) == 1
    assert harness.requests == {"GET /": 1}


@pytest.mark.parametrize("error", [RescheduleTask(), InterruptTaskSet(), StopUser(), GreenletExit()])
def test_going_elsewhere_says_nothing_about_the_answer(harness: Harness, error: BaseException) -> None:
    with ScriptedServer(answers(HELLO)) as server, pytest.raises(type(error)):
        with harness.user(server.url).client.get("/", catch_response=True):
            raise error
    assert harness.failures == []
    assert harness.requests == {"GET /": 1}


def test_a_verdict_given_before_an_exception_stands(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server, pytest.raises(RescheduleTask):
        with harness.user(server.url).client.get("/", catch_response=True) as answer:
            answer.failure("empty basket")
            raise RescheduleTask
    assert "empty basket" in harness.failures[0][2]


def test_no_answer_can_be_made_a_success(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        url = server.url
    client = harness.user(url).client
    with client.get("/a", catch_response=True) as answer:
        assert (answer.status_code, answer.content) == (0, None)
        assert isinstance(answer.error, ConnectionRefusedError)
        answer.success()
    with client.get("/b", catch_response=True):
        pass
    assert harness.failures == [("GET", "/b", "ConnectionRefusedError(111, 'Connection refused')")]


@pytest.mark.parametrize("caught", [True, False])
def test_a_verdict_outside_a_block_raises_a_clear_error(harness: Harness, caught: bool) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        answer = harness.user(server.url).client.get("/", catch_response=caught)
        with pytest.raises(CatchResponseError, match="with block"):
            answer.failure("x")
        with pytest.raises(SwarmError, match=r"catch_response=True"):
            answer.success()


def test_request_meta_may_be_read_and_written_in_the_block(harness: Harness) -> None:
    harness.listen()
    with ScriptedServer(answers(HELLO)) as server:
        client = harness.user(server.url).client
        with client.get("/item/1", catch_response=True, context={"n": 1}) as answer:
            meta = answer.request_meta
            assert meta["name"] == "/item/1"
            assert meta["request_type"] == "GET"
            assert meta["context"] == {"n": 1}
            assert meta["response_length"] == 5
            assert 0 < meta["response_time"] < 1000
            meta["name"] = "/item/[id]"
            meta["response_time"] = 1234.5
    assert harness.requests == {"GET /item/[id]": 1}
    assert harness.environment.stats.total.max_response_time == pytest.approx(1234.5)
    assert (harness.events[0]["name"], harness.events[0]["response_time"]) == ("/item/[id]", 1234.5)
    assert harness.events[0]["response"] is answer


def test_a_response_time_of_none_is_a_request_without_a_time(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        with harness.user(server.url).client.get("/", catch_response=True) as answer:
            answer.request_meta["response_time"] = None
    assert harness.environment.stats.total.num_none_requests == 1


def test_the_stop_ends_the_task_at_the_end_of_the_block(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        user = harness.user(server.url)
        with pytest.raises(GreenletExit):
            with user.client.get("/", catch_response=True) as answer:
                user._swarm_halt = True
                answer.failure("judged all the same")
    assert harness.requests == {"GET /": 1}
    assert len(harness.failures) == 1


def test_a_caught_stream_is_closed_with_its_block(harness: Harness) -> None:
    with ScriptedServer(answers(response(bytes(3_000_000)))) as server:
        client = harness.user(server.url, concurrency=1).client
        with client.get("/", stream=True, catch_response=True) as answer:
            assert len(next(answer.iter_content(1000))) == 1000
        assert len(client.get("/").content) == 3_000_000


def test_a_redirect_can_be_caught(harness: Harness) -> None:
    routes = {"/a": response(b"", "302 Found", Location="/b"), "/b": HELLO}
    with ScriptedServer(by_path(dict(routes))) as server:
        with harness.user(server.url).client.get("/a", catch_response=True) as answer:
            assert (answer.text, len(answer.history)) == ("hello", 1)
    assert harness.requests == {"GET /a": 1}


# -- rest ----------------------------------------------------------------------------------------------------


def test_rest_parses_json_and_sends_json_headers(harness: Harness) -> None:
    with ScriptedServer(answers(JSON)) as server:
        with harness.user(server.url).rest("POST", "/", json={"b": 2}) as answer:
            assert answer.js == {"a": 1}
        (request,) = server.requests
    assert request.headers["content-type"] == request.headers["accept"] == "application/json"
    assert request.body == b'{"b": 2}'
    assert harness.failures == []
    assert harness.requests == {"POST /": 1}


@pytest.mark.parametrize("body", [b"<html>", b""])
def test_a_body_that_is_not_json_is_a_failure(harness: Harness, body: bytes) -> None:
    with ScriptedServer(answers(response(body))) as server:
        with harness.user(server.url).rest("GET", "/") as answer:
            assert answer.js is None
    ((_, _, error),) = harness.failures
    assert "JSON" in error


def test_what_the_block_says_of_a_missing_body_does_not_hide_that_it_is_no_json(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"<html>"))) as server:
        with harness.user(server.url).rest("GET", "/") as answer:
            assert answer.js["a"] == 1
    assert "Could not parse" in harness.failures[0][2]


def test_an_assertion_in_the_block_is_a_failure_with_its_words(harness: Harness) -> None:
    with ScriptedServer(answers(JSON)) as server:
        with harness.user(server.url).rest("GET", "/") as answer:
            assert answer.js["a"] == 2, "a should be 2"
    assert "a should be 2" in harness.failures[0][2]


def test_an_assertion_without_words_says_where_it_stands(harness: Harness) -> None:
    with ScriptedServer(answers(JSON)) as server:
        with harness.user(server.url).rest("GET", "/") as answer:
            if answer.js["a"] == 1:
                raise AssertionError
    assert "AssertionError at test_catch.py:" in harness.failures[0][2]


def test_an_error_in_the_block_is_a_failure_with_its_place(harness: Harness) -> None:
    with ScriptedServer(answers(JSON)) as server:
        with harness.user(server.url).rest("GET", "/") as answer:
            answer.js["missing"]
    ((_, _, error),) = harness.failures
    assert "KeyError: " in error
    assert "at test_catch.py:" in error
    assert "in test_an_error_in_the_block_is_a_failure_with_its_place" in error


def test_a_status_is_a_failure_although_its_body_is_json(harness: Harness) -> None:
    with ScriptedServer(answers(response(b'{"error": 1}', "422 Unprocessable"))) as server:
        with harness.user(server.url).rest("GET", "/") as answer:
            assert answer.js == {"error": 1}
    assert harness.failures == [("GET", "/", "LocustBadStatusCode(code=422)")]


def test_no_answer_in_rest_is_the_connections_failure(harness: Harness) -> None:
    with ScriptedServer(answers(JSON)) as server:
        url = server.url
    with harness.user(url).rest("GET", "/") as answer:
        assert answer.js is None
    assert harness.failures == [("GET", "/", "ConnectionRefusedError(111, 'Connection refused')")]


def test_rest_lets_a_task_go_elsewhere(harness: Harness) -> None:
    with ScriptedServer(answers(JSON)) as server, pytest.raises(RescheduleTask):
        with harness.user(server.url).rest("GET", "/"):
            raise RescheduleTask
    assert harness.failures == []


def test_rest_underscore_goes_past_caches_under_one_name(harness: Harness) -> None:
    with ScriptedServer(answers(JSON)) as server:
        user = harness.user(server.url)
        for url in ("/a", "/a", "/a?x=1"):
            with user.rest_("GET", url):
                pass
        assert all("_=1" in path for path in server.paths)
        assert server.paths[2].startswith("/a?x=1&_=")
    assert harness.requests == {"GET /a?_=...": 2, "GET /a?x=1&_=...": 1}
