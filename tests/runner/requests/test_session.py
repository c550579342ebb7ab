"""`HttpSession` is a `requests.Session`: its settings, its adapters, and who may look into its requests."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter

from swarm.http.on_requests.adapter import CoreAdapter
from swarm.http.on_requests.session import HttpSession

if TYPE_CHECKING:
    from tests.runner.requests.server import Server


def test_it_has_every_setting_of_a_requests_session_with_the_same_value() -> None:
    theirs, ours = requests.Session(), HttpSession("http://127.0.0.1")
    for name, value in vars(theirs).items():
        if name not in ("adapters", "trust_env"):
            assert getattr(ours, name) == value, name
            assert type(getattr(ours, name)) is type(value), name
    assert list(ours.adapters) == list(theirs.adapters)
    assert ours.trust_env is False
    assert isinstance(ours, requests.Session)


def test_the_settings_of_two_sessions_are_their_own() -> None:
    first, second = HttpSession(None), HttpSession(None)
    for name in ("headers", "cookies", "hooks", "proxies", "params", "adapters"):
        assert getattr(first, name) is getattr(first, name)
        assert getattr(first, name) is not getattr(second, name)
    first.headers["X-A"] = "1"
    assert "X-A" not in second.headers


def test_it_can_be_pickled_and_copied_as_requests_can(server: Server) -> None:
    session = HttpSession(server.url)
    session.headers["X-A"] = "1"
    session.cookies.set("a", "b")
    for twin in (pickle.loads(pickle.dumps(session)), copy.copy(session)):  # noqa: S301  our own
        assert twin.headers["X-A"] == "1"
        assert twin.cookies.get("a") == "b"
        assert twin.get("/").status_code == 200


def test_a_response_can_be_pickled_and_keeps_what_it_says(server: Server) -> None:
    response = HttpSession(server.url).get("/a")
    twin = pickle.loads(pickle.dumps(response))  # noqa: S301  our own
    assert (twin.status_code, twin.content, twin.headers, twin.url) == (
        response.status_code,
        response.content,
        response.headers,
        response.url,
    )
    assert twin.request.headers == response.request.headers


def test_attributes_of_a_response_may_be_assigned(server: Server) -> None:
    response = HttpSession(server.url).get("/ä")
    response.encoding = "utf-8"
    response.status_code = 201
    response.headers = requests.structures.CaseInsensitiveDict({"a": "b"})
    assert (response.encoding, response.status_code, response.headers["A"]) == ("utf-8", 201, "b")


def test_without_a_proxy_its_environment_variables_are_not_read(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    session = HttpSession(server.url)
    assert session.get("/").status_code == 200
    session.trust_env = True
    assert session.get("/").status_code == 0


def test_a_mounted_adapter_is_used(server: Server) -> None:
    class Counting(HTTPAdapter):
        """Counts what it sends."""

        sent = 0

        def send(self, *arguments: Any, **options: Any) -> requests.Response:
            self.sent += 1
            return super().send(*arguments, **options)

    adapter = Counting(pool_maxsize=200)
    session = HttpSession(server.url)
    assert session.get("/").status_code == 200
    session.mount(server.url + "/special", adapter)
    session.get("/special")
    session.get("/")
    assert adapter.sent == 1
    session.mount("http://", adapter)
    session.get("/")
    assert adapter.sent == 2


@pytest.mark.parametrize("method", ["send", "prepare_request", "get_adapter"])
def test_every_request_goes_through_a_method_that_a_subclass_overrides(method: str, server: Server) -> None:
    seen = []

    def overridden(self: Any, *arguments: Any, **options: Any) -> Any:
        seen.append(arguments)
        return getattr(HttpSession, method)(self, *arguments, **options)

    session = type("Own", (HttpSession,), {method: overridden})(server.url)
    session.get("/")
    assert seen


@pytest.mark.parametrize(
    ("owner", "method"),
    [(requests.Session, "send"), (HTTPAdapter, "send"), (requests.Session, "get_adapter")],
    ids=["Session.send", "HTTPAdapter.send", "Session.get_adapter"],
)
def test_every_request_goes_through_what_a_mock_or_tracer_puts_in_place(
    owner: Any, method: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = getattr(owner, method)
    seen = []

    def traced(self: Any, *arguments: Any, **options: Any) -> Any:
        seen.append(arguments)
        return original(self, *arguments, **options)

    session = HttpSession(server.url)
    monkeypatch.setattr(owner, method, traced)
    assert session.get("/").status_code == 200
    assert seen


def test_a_send_of_the_sessions_own_is_used(server: Server) -> None:
    session = HttpSession(server.url)
    sent = []
    send = session.send
    session.send = lambda request, **options: (sent.append(request), send(request, **options))[1]  # type: ignore[method-assign]
    assert session.get("/").status_code == 200
    assert len(sent) == 1


def test_a_pool_manager_is_shared_by_the_sessions_that_get_it(server: Server) -> None:
    manager = urllib3.PoolManager(maxsize=4)
    for _ in range(3):
        assert HttpSession(server.url, pool_manager=manager).get("/").status_code == 200
    with HttpSession(server.url, pool_manager=manager) as session:
        session.get("/")
    assert HttpSession(server.url, pool_manager=manager).get("/").status_code == 200
    assert server.connections == 1  # a session that is closed leaves it open for the others
    assert not isinstance(HttpSession(None, pool_manager=manager).get_adapter("http://x/"), CoreAdapter)


def test_the_core_adapter_has_requests_attributes_and_makes_its_pool_when_asked() -> None:
    adapter = CoreAdapter(pool_maxsize=3, max_retries=2)
    assert "poolmanager" not in vars(adapter)
    assert adapter.max_retries.total == 2
    assert adapter.poolmanager.connection_pool_kw["maxsize"] == 3
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        adapter.missing  # noqa: B018
    assert pickle.loads(pickle.dumps(adapter)).max_retries.total == 2  # noqa: S301  our own


def test_a_session_takes_no_arguments_that_requests_has_not() -> None:
    with pytest.raises(TypeError, match="HttpSession takes"):
        HttpSession("http://127.0.0.1", None, None, "more")


def test_a_closed_session_opens_new_connections(server: Server) -> None:
    with HttpSession(server.url) as session:
        session.get("/")
    session.get("/")
    assert server.connections == 2


def test_sending_a_prepared_request_counts_nothing_and_raises_as_requests_does(server: Server) -> None:
    session = HttpSession(server.url)
    told: list[Any] = []
    session.request_event.add_listener(lambda **arguments: told.append(arguments))
    response = session.send(session.prepare_request(requests.Request("GET", server.url + "/")))
    assert response.status_code == 200
    with pytest.raises(requests.ConnectionError):
        session.send(session.prepare_request(requests.Request("GET", "http://127.0.0.1:1/")))
    assert told == []
