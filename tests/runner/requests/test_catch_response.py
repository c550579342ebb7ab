"""`catch_response=True`: a `with` block judges the request, and it is counted once, at the end of the block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import pytest
import requests

from swarm.environment import Environment
from swarm.exceptions import CatchResponseError, RescheduleTask, ResponseError, SwarmError
from swarm.http.on_requests.session import HttpSession
from tests.runner.requests.server import Server, answer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def environment() -> Environment:
    return Environment()


@pytest.fixture
def session(server: Server, environment: Environment) -> Iterator[HttpSession]:
    server.routes["/404"] = answer(b"no", "404 Not Found")
    with HttpSession(server.url, environment.events.request) as session:
        yield session


def counted(environment: Environment) -> dict[tuple[str, str], tuple[int, int]]:
    return {key: (entry.num_requests, entry.num_failures) for key, entry in environment.stats.entries.items()}


def failures(environment: Environment) -> list[str]:
    return [failure.error for failure in environment.stats.errors.values()]


ONCE, FAILED = {("/", "GET"): (1, 0)}, {("/", "GET"): (1, 1)}


def test_without_a_word_the_status_decides(session: HttpSession, environment: Environment) -> None:
    with session.get("/", catch_response=True) as response:
        assert counted(environment) == {}
        assert response.status_code == 200
    with session.get("/404", catch_response=True) as response:
        pass
    assert counted(environment) == {("/", "GET"): (1, 0), ("/404", "GET"): (1, 1)}
    assert failures(environment) == ["HTTPError('404 Client Error: Not Found for url: /404')"]


def test_success_makes_a_404_a_success(session: HttpSession, environment: Environment) -> None:
    with session.get("/404", catch_response=True) as response:
        response.success()
    assert counted(environment) == {("/404", "GET"): (1, 0)}


@pytest.mark.parametrize(
    ("reason", "text"), [("wrong text", "CatchResponseError('wrong text')"), (KeyError("a"), "KeyError('a')")]
)
def test_failure_takes_a_text_or_an_exception(
    reason: Any, text: str, session: HttpSession, environment: Environment
) -> None:
    with session.get("/", catch_response=True) as response:
        response.failure(reason)
    assert counted(environment) == FAILED
    assert failures(environment) == [text]


def test_the_last_word_counts(session: HttpSession, environment: Environment) -> None:
    with session.get("/", catch_response=True) as response:
        response.failure("no")
        response.success()
    assert counted(environment) == ONCE


def test_an_exception_in_the_block_is_the_failure_and_goes_on(
    session: HttpSession, environment: Environment
) -> None:
    with pytest.raises(KeyError), session.get("/", catch_response=True):
        raise KeyError("greeting")
    assert counted(environment) == FAILED
    assert failures(environment) == ["KeyError('greeting')"]


def test_a_response_error_is_the_failure_and_goes_no_further(
    session: HttpSession, environment: Environment
) -> None:
    with session.get("/", catch_response=True):
        raise ResponseError("not what was asked for")
    assert failures(environment) == ["ResponseError('not what was asked for')"]


def test_a_judgement_stands_when_the_block_raises(session: HttpSession, environment: Environment) -> None:
    def task() -> None:
        with session.get("/", catch_response=True) as response:
            response.success()
            raise KeyError("later")

    with pytest.raises(KeyError):
        task()
    assert counted(environment) == ONCE


@pytest.mark.parametrize(("path", "failed"), [("/", 0), ("/404", 1)])
def test_what_steers_the_user_goes_on_and_leaves_the_judgement_to_the_status(
    path: str, failed: int, session: HttpSession, environment: Environment
) -> None:
    with pytest.raises(RescheduleTask), session.get(path, catch_response=True):
        raise RescheduleTask
    assert counted(environment) == {(path, "GET"): (1, failed)}


def test_a_timeout_of_the_users_own_in_the_block_is_the_failure(
    session: HttpSession, environment: Environment
) -> None:
    with pytest.raises(gevent.Timeout), session.get("/", catch_response=True), gevent.Timeout(0.01):
        gevent.sleep(10)
    assert counted(environment) == FAILED


def test_a_user_cut_off_in_the_block_has_had_its_answer(
    session: HttpSession, environment: Environment
) -> None:
    def task() -> None:
        with session.get("/", catch_response=True):
            entered.set()
            gevent.sleep(10)

    entered = gevent.event.Event()
    greenlet = gevent.spawn(task)
    assert entered.wait(10)
    greenlet.kill()
    assert counted(environment) == ONCE


def test_raise_for_status_in_the_block_is_counted_by_the_name(
    session: HttpSession, environment: Environment
) -> None:
    with (
        pytest.raises(requests.HTTPError, match=f"for url: {session.base_url}/404$"),
        session.get("/404", catch_response=True, name="item") as response,
    ):
        response.raise_for_status()
    assert failures(environment) == ["HTTPError('404 Client Error: Not Found for url: item')"]


def test_the_meta_may_be_read_and_written_until_the_end(
    session: HttpSession, environment: Environment
) -> None:
    told: list[dict[str, Any]] = []
    session.request_event.add_listener(lambda **arguments: told.append(arguments))
    with session.get("/", catch_response=True, context={"a": 1}) as response:
        meta = response.request_meta
        assert (meta["request_type"], meta["name"], meta["url"]) == ("GET", "/", session.base_url + "/")
        assert meta["response_length"] == len(response.content)
        assert meta["response_time"] > 0
        meta["name"] = "renamed"
        meta["response_time"] = 1234.5
        meta["response_length"] = 7
        meta["request_type"] = "RPC"
        meta["context"]["b"] = 2
        response.request_meta["mine"] = "too"
    entry = environment.stats.get("renamed", "RPC")
    assert (entry.num_requests, entry.max_response_time, entry.total_content_length) == (1, 1234.5, 7)
    assert told[0]["name"] == "renamed"
    assert told[0]["response"] is response
    assert told[0]["context"] == {"a": 1, "b": 2}
    assert told[0]["mine"] == "too"
    assert told[0]["exception"] is None


def test_a_failure_after_the_name_was_changed_is_counted_under_the_new_name(
    session: HttpSession, environment: Environment
) -> None:
    with session.get("/404", catch_response=True) as response:
        response.request_meta["name"] = "new"
    assert failures(environment) == ["HTTPError('404 Client Error: Not Found for url: new')"]
    assert counted(environment) == {("new", "GET"): (1, 1)}


def test_a_request_without_a_time_may_be_made_one_in_the_meta(
    session: HttpSession, environment: Environment
) -> None:
    with session.get("/", catch_response=True) as response:
        response.request_meta["response_time"] = None
    assert environment.stats.total.num_none_requests == 1


def test_no_answer_is_a_failure_unless_the_block_says_otherwise(
    session: HttpSession, environment: Environment
) -> None:
    with session.get("http://127.0.0.1:1/", catch_response=True) as response:
        assert (response.status_code, response.text) == (0, "")
    with session.get("http://127.0.0.1:1/", catch_response=True) as response:
        response.success()
    assert counted(environment) == {("/", "GET"): (2, 1)}
    assert failures(environment) == ["ConnectionRefusedError(111, 'Connection refused')"]


@pytest.mark.parametrize(
    "call", [lambda response: response.success(), lambda response: response.failure("x")]
)
@pytest.mark.parametrize("caught", [True, False])
def test_a_judgement_outside_of_the_block_is_an_error_that_says_how(
    caught: bool, call: Any, session: HttpSession
) -> None:
    response = session.get("/", catch_response=caught)
    with pytest.raises(
        CatchResponseError, match=r"with self\.client\.get\(url, catch_response=True\)"
    ) as raised:
        call(response)
    assert isinstance(raised.value, SwarmError)
    if caught:
        with response:
            pass
        with pytest.raises(CatchResponseError):
            call(response)


def test_a_caught_response_is_requests_response(session: HttpSession) -> None:
    with session.get("/", catch_response=True) as response:
        assert isinstance(response, requests.Response)
        assert response.ok
        assert response.headers["Content-Type"] == "application/octet-stream"


def test_a_response_of_another_adapter_may_be_judged_too(
    session: HttpSession, environment: Environment
) -> None:
    class Own(requests.Response):
        """What an adapter of somebody else's may return."""

        flavour = "own"

    class Canned(requests.adapters.BaseAdapter):
        """An adapter that makes up its answers."""

        def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
            response = Own()
            response.status_code, response.url, response.request = 200, request.url, request
            response._content = b"canned"
            return response

        def close(self) -> None:
            """Hold nothing."""

    session.mount("canned://", Canned())
    with session.get("canned://shelf/beans", catch_response=True) as response:
        assert response.flavour == "own"  # type: ignore[attr-defined]
        response.failure("out of date")
    session.get("canned://shelf/beans")
    assert counted(environment) == {("/beans", "GET"): (2, 1)}


def test_a_streamed_body_is_read_in_the_block_and_the_connection_freed_at_its_end(
    session: HttpSession, server: Server
) -> None:
    server.routes["/big"] = answer(b"x" * 3_000_000)
    for _ in range(2):
        with session.get("/big", stream=True, catch_response=True) as response:
            assert sum(map(len, response.iter_content(100_000))) == 3_000_000
    assert server.connections == 1
    with session.get("/big", stream=True, catch_response=True) as response:
        next(response.iter_content(10))
    assert response.raw.closed
