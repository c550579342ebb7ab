"""`HttpUser`: its client, its host, `rest()`, and what an idle one weighs."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from typing import TYPE_CHECKING, Any

import gevent
import pytest
import requests
import urllib3
from gevent.pool import Group

import swarm
from swarm import HttpUser, StopTest, constant, task
from swarm.environment import Environment
from swarm.http.on_requests.session import HttpSession
from tests.runner.requests.server import Server, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runner.requests.server import Received


class Shopper(HttpUser):
    """A user that looks once and then waits."""

    abstract = True
    wait_time = constant(1_000)

    @task
    def look(self) -> None:
        self.client.get("/look")


def failures(environment: Environment) -> list[str]:
    return [failure.error for failure in environment.stats.errors.values()]


def test_the_client_is_a_requests_session_on_the_host(server: Server) -> None:
    environment = Environment(host=server.url)
    user = Shopper(environment)
    assert isinstance(user.client, HttpSession)
    assert isinstance(user.client, requests.Session)
    assert (user.client.base_url, user.client.user) == (server.url, user)
    assert user.client.request_event is environment.events.request
    assert user.client.trust_env is False
    assert user.client.get("/a").status_code == 200
    assert environment.stats.get("/a", "GET").num_requests == 1


def test_the_host_of_the_command_line_goes_before_that_of_the_class(server: Server) -> None:
    class Fixed(Shopper):
        """Has a host of its own."""

        abstract = True
        host = "http://127.0.0.1:1"

    assert Fixed(Environment()).client.base_url == "http://127.0.0.1:1"
    user = Fixed(Environment(host=server.url))
    assert user.client.base_url == user.host == server.url


def test_a_user_without_a_host_says_where_to_give_one() -> None:
    with pytest.raises(StopTest, match=r"Shopper has no base host: set `host` in the class, .* --host"):
        Shopper(Environment())


def test_headers_may_be_assigned_whole_and_hold_for_this_user_alone(server: Server) -> None:
    environment = Environment(host=server.url)
    first, second = Shopper(environment), Shopper(environment)
    first.client.headers = {"Authorization": "Bearer one"}  # type: ignore[assignment]
    second.client.headers["Authorization"] = "Bearer two"
    for user in (first, second):
        user.client.get("/")
    assert [request.header("authorization") for request in server.received] == ["Bearer one", "Bearer two"]
    assert [request.connection for request in server.received] == [1, 2]


def test_users_share_the_connections_of_a_pool_manager(server: Server) -> None:
    class Pooled(Shopper):
        """All users of the class over one connection."""

        abstract = True
        pool_manager = urllib3.PoolManager(maxsize=1, block=True)

    environment = Environment(host=server.url)
    for _ in range(3):
        Pooled(environment).client.get("/")
    assert server.connections == 1


def test_a_user_runs_its_tasks_and_stops_in_its_wait(server: Server) -> None:
    environment = Environment(host=server.url)
    group = Group()
    user = Shopper(environment)
    user.start(group)
    while environment.stats.total.num_requests == 0:
        gevent.sleep(0.005)
    gevent.sleep(0.02)
    user.stop(force=True)
    assert group.join(timeout=10)
    assert environment.stats.total.num_requests == 1
    assert failures(environment) == []


def test_rest_parses_the_body_and_turns_what_is_wrong_into_failures(server: Server) -> None:
    environment = Environment(host=server.url)
    user = Shopper(environment)
    server.routes["/item"] = answer(b'{"price": 3}', "200 OK", "Content-Type: application/json")
    server.routes["/page"] = answer(b"<html>", "200 OK")
    with user.rest("POST", "/item", json={"a": 1}) as response:
        assert response.js == {"price": 3}
    assert server.received[0].header("accept") == "application/json"
    with user.rest("GET", "/item", name="second") as response:
        assert response.js["price"] == 4, "wrong price"
    with user.rest("GET", "/page"):
        pass
    with user.rest_("GET", "/item"):
        pass
    texts = failures(environment)
    assert any("wrong price" in text for text in texts)
    assert any("Could not parse the response as JSON" in text for text in texts)
    assert environment.stats.get("/item?_=...", "GET").num_requests == 1
    assert len(texts) == 2


def test_an_idle_user_weighs_little() -> None:
    """17.4 KB is what Locust needs for one, its greenlet included; ours is measured by scripts/bench."""
    environment = Environment(host="http://127.0.0.1:1")
    users: list[Any] = [Shopper(environment) for _ in range(10)]
    gc.collect()
    tracemalloc.start()
    users += [Shopper(environment) for _ in range(1_000)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / 1_000 < 3_000


def test_http_user_is_reached_from_the_package() -> None:
    assert swarm.HttpUser is HttpUser
    assert HttpUser.abstract


def test_cookies_are_the_users_own(server: Server) -> None:
    def who(request: Received, _sock: Any) -> bytes:
        return answer((request.header("cookie") or "nobody").encode())

    server.routes |= {"/log-in": answer(b"", "200 OK", "Set-Cookie: user=1; Path=/"), "/who": who}
    environment = Environment(host=server.url)
    first, second = Shopper(environment), Shopper(environment)
    first.client.get("/log-in")
    assert (first.client.get("/who").text, second.client.get("/who").text) == ("user=1", "nobody")


@pytest.mark.parametrize("kind", ["answered", "judged", "failed", "refused", "streamed", "looked into"])
def test_a_request_leaves_nothing_for_the_garbage_collector(kind: str, server: Server) -> None:
    client = Shopper(Environment(host=server.url)).client
    server.routes["/404"] = answer(b"", "404 Not Found")

    def judged() -> requests.Response:
        with client.get("/", catch_response=True) as response:
            response.request_meta["name"] = "renamed"
            response.failure("no")
        return response

    def streamed() -> requests.Response:
        response = client.get("/", stream=True)
        assert response.content
        return response

    def looked_into() -> requests.Response:
        response = client.get("/")
        assert response.headers
        assert response.request.headers
        assert response.raw.closed
        return response

    use: dict[str, Callable[[], requests.Response]] = {
        "answered": lambda: client.get("/"),
        "judged": judged,
        "failed": lambda: client.get("/404"),
        "refused": lambda: client.get("http://127.0.0.1:1/"),
        "streamed": streamed,
        "looked into": looked_into,
    }
    gc.disable()
    try:
        response = weakref.ref(use[kind]())
        assert response() is None
    finally:
        gc.enable()
