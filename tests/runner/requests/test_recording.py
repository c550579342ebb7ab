"""What is counted, under which name, and what the listeners of the request event are told."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from swarm.environment import Environment
from swarm.event import EventHook
from swarm.exceptions import StopUser
from swarm.http.on_requests.session import HttpSession
from swarm.users.user import User
from tests.runner.requests.server import Server, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.runner.requests.server import Received


class Customer(User):
    """A user without a client of its own."""

    abstract = True

    def context(self) -> dict[str, Any]:
        return {"tenant": "a", "of": "user"}


@pytest.fixture
def environment() -> Environment:
    return Environment()


@pytest.fixture
def user(environment: Environment) -> Customer:
    return Customer(environment)


@pytest.fixture
def session(server: Server, user: Customer) -> Iterator[HttpSession]:
    with HttpSession(server.url, user=user) as session:
        yield session


@pytest.fixture
def told(session: HttpSession) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    session.request_event.add_listener(lambda **arguments: told.append(arguments))
    return told


def names(environment: Environment) -> dict[tuple[str, str], int]:
    return {key: entry.num_requests for key, entry in environment.stats.entries.items()}


def failures(environment: Environment) -> dict[str, int]:
    return {failure.error: failure.occurrences for failure in environment.stats.errors.values()}


def test_a_request_is_counted_under_its_path_and_query(
    session: HttpSession, environment: Environment
) -> None:
    session.get("/a?b=c")
    session.get("/a", params={"b": "c"})
    session.post("/a?b=c", json={})
    session.get("/a b/../ü")
    session.get("")
    assert names(environment) == {
        ("/a?b=c", "GET"): 2,
        ("/a?b=c", "POST"): 1,
        ("/%C3%BC", "GET"): 1,
        ("/", "GET"): 1,
    }


def test_the_name_of_another_host_is_its_path_alone(
    session: HttpSession, other_server: Server, environment: Environment
) -> None:
    session.get(other_server.url + "/a?b")
    assert names(environment) == {("/a?b", "GET"): 1}
    assert len(other_server.received) == 1


def test_a_name_goes_before_the_request_name_and_this_before_the_path(
    session: HttpSession, environment: Environment
) -> None:
    session.request_name = "group"
    session.get("/1")
    session.get("/2", name="own")
    session.request_name = None
    with session.rename_request("renamed"):
        session.get("/3")
        session.get("/4", name="own")
    session.request("GET", "/5", "third argument")
    session.get("/6")
    assert names(environment) == {
        ("group", "GET"): 1,
        ("own", "GET"): 2,
        ("renamed", "GET"): 1,
        ("third argument", "GET"): 1,
        ("/6", "GET"): 1,
    }


@pytest.mark.parametrize("options", [{}, {"hooks": {"response": lambda response, **_: None}}])
def test_redirects_are_one_request_under_the_first_name_with_the_time_of_all(
    options: dict[str, Any],
    session: HttpSession,
    server: Server,
    environment: Environment,
    told: list[dict[str, Any]],
) -> None:
    def slow(_request: Received, _sock: Any) -> bytes:
        time.sleep(0.05)
        return answer(b"there")

    server.routes["/old"] = answer(b"", "302 Found", "Location: /new")
    server.routes["/new"] = slow
    response = session.get("/old", **options)
    assert response.text == "there"
    assert names(environment) == {("/old", "GET"): 1}
    assert environment.stats.get("/old", "GET").min_response_time >= 50
    assert told[0]["url"] == server.url + "/old"
    assert told[0]["response_length"] == 5


def test_the_verb_of_a_redirected_post_stays_that_of_the_call(
    session: HttpSession, server: Server, environment: Environment
) -> None:
    server.routes["/form"] = answer(b"", "302 Found", "Location: /done")
    assert session.post("/form", data={"a": "b"}).request.method == "GET"
    assert names(environment) == {("/form", "POST"): 1}


def test_a_status_of_400_and_more_is_a_failure_whose_text_has_the_name_in_it(
    session: HttpSession, server: Server, environment: Environment
) -> None:
    server.routes["/missing"] = answer(b"no", "404 Not Found")
    server.routes["/broken"] = answer(b"no", "503 Service Unavailable")
    session.get("/missing")
    session.get("/missing?id=1", name="/missing?id=[id]")
    session.get("/broken")
    assert failures(environment) == {
        "HTTPError('404 Client Error: Not Found for url: /missing')": 1,
        "HTTPError('404 Client Error: Not Found for url: /missing?id=[id]')": 1,
        "HTTPError('503 Server Error: Service Unavailable for url: /broken')": 1,
    }
    assert environment.stats.total.num_failures == environment.stats.total.num_requests == 3


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "304 Not Modified", "302 Found"])
def test_any_status_below_400_is_a_success(
    status: str, session: HttpSession, server: Server, environment: Environment
) -> None:
    server.routes["/"] = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    session.get("/")
    assert environment.stats.total.num_failures == 0


def test_a_status_beyond_599_is_a_failure(
    session: HttpSession, server: Server, environment: Environment
) -> None:
    server.routes["/"] = answer(b"", "999 Denied")
    session.get("/")
    assert failures(environment) == {"HTTPError('999 Unexpected Status: Denied for url: /')": 1}


def test_the_listeners_are_told_everything_once(
    session: HttpSession, server: Server, environment: Environment, told: list[dict[str, Any]]
) -> None:
    before = time.time()
    response = session.post("/a?b", data="x" * 10, context={"of": "call", "n": 1})
    assert len(told) == 1
    arguments = told[0]
    assert arguments["request_type"] == "POST"
    assert arguments["name"] == "/a?b"
    assert arguments["url"] == server.url + "/a?b"
    assert arguments["response"] is response
    assert arguments["response_length"] == len(response.content)
    assert arguments["context"] == {"tenant": "a", "of": "call", "n": 1}
    assert arguments["exception"] is None
    assert before <= arguments["start_time"] <= time.time()
    assert arguments["response_time"] == pytest.approx(environment.stats.total.total_response_time, abs=0.01)
    assert names(environment) == {("/a?b", "POST"): 1}


def test_the_response_time_keeps_its_microseconds(session: HttpSession, environment: Environment) -> None:
    session.get("/")
    assert environment.stats.total.min_response_time > 0
    assert environment.stats.total.min_response_time != round(environment.stats.total.min_response_time)


def test_the_listeners_get_the_cause_of_a_failed_connection(
    session: HttpSession, told: list[dict[str, Any]], environment: Environment
) -> None:
    session.get("http://127.0.0.1:1/x?y")
    assert isinstance(told[0]["exception"], ConnectionRefusedError)
    assert (told[0]["name"], told[0]["url"]) == ("/x?y", "http://127.0.0.1:1/x?y")
    assert told[0]["response"].status_code == 0
    assert failures(environment) == {"ConnectionRefusedError(111, 'Connection refused')": 1}


def test_a_listener_may_steer_the_user(session: HttpSession, environment: Environment) -> None:
    def stop(**_: Any) -> None:
        raise StopUser

    session.request_event.add_listener(stop)
    with pytest.raises(StopUser):
        session.get("/")
    assert environment.stats.total.num_requests == 1


def test_a_user_has_as_many_sessions_as_it_likes(
    session: HttpSession, server: Server, other_server: Server, user: Customer, environment: Environment
) -> None:
    second = HttpSession(base_url=other_server.url, request_event=session.request_event, user=user)
    session.get("/one")
    second.get("/two")
    assert names(environment) == {("/one", "GET"): 1, ("/two", "GET"): 1}
    assert second.base_url == other_server.url
    assert second.request_event is environment.events.request
    assert second.user is user
    assert user._swarm_sessions == [session, second]
    assert len(other_server.received) == 1


def test_a_session_on_its_own_tells_its_own_hook(server: Server) -> None:
    session = HttpSession(server.url)
    told: list[str] = []
    session.request_event.add_listener(lambda name, **_: told.append(name))
    assert session.get("/a").status_code == 200
    assert told == ["/a"]


def test_a_hook_of_the_users_own_is_told_and_nothing_is_counted(
    server: Server, user: Customer, environment: Environment
) -> None:
    hook = EventHook()
    told: list[str] = []
    hook.add_listener(lambda name, **_: told.append(name))
    session = HttpSession(server.url, hook, user)
    session.get("/a")
    with session.get("/b", catch_response=True) as response:
        response.request_meta["name"] = "/c"
    assert told == ["/a", "/c"]
    assert names(environment) == {}


def test_the_time_from_the_intended_start_is_counted_beside_the_service_time(
    session: HttpSession, user: Customer, environment: Environment
) -> None:
    recorded: list[tuple[Any, ...]] = []
    environment.events.request.bind(SimpleNamespace(record=lambda *arguments: recorded.append(arguments)))  # type: ignore[arg-type]
    session.get("/")
    user._swarm_intended_start = time.perf_counter() - 2
    session.get("/")
    with session.get("/", catch_response=True):
        pass
    assert recorded[0][6] is None
    assert [arguments[6] >= 2_000_000 > arguments[2] for arguments in recorded[1:]] == [True, True]


def test_user_and_password_of_the_host_become_the_sessions_login(server: Server) -> None:
    session = HttpSession(server.url.replace("://", "://us%40er:secret@"))
    assert session.base_url == server.url
    session.get("/a")
    assert server.received[0].header("authorization") == requests.auth._basic_auth_str("us@er", "secret")


@pytest.mark.parametrize(
    ("base", "url", "path"),
    [
        ("", "/a", "/a"),
        ("/api", "/a", "/api/a"),
        ("/", "a", "/a"),
        ("/api/", "a?b", "/api/a?b"),
        ("", "?a=1", "/?a=1"),
        ("", "", "/"),
    ],
)
def test_base_and_path_are_joined_as_text(base: str, url: str, path: str, server: Server) -> None:
    HttpSession(server.url + base).get(url)
    assert server.received[0].path == path
