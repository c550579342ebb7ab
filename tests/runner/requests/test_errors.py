"""Faults of server and network: the errors that requests raises, and what is counted of them."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest
import requests
from gevent.event import Event

from swarm.http.on_requests.session import HttpSession
from tests.runner.requests.parity import OURS, over_requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.runner.requests.server import Received, Server


def failure(make: Callable[[], requests.Session], url: str, **options: Any) -> BaseException:
    """Return the error of a request, raised or in the response."""
    with make() as session:
        try:
            response = session.get(url, **options)
        except requests.RequestException as error:
            return error
        error = getattr(response, "error", None)
        assert error is not None, response
        return error


def counted(url: str, **options: Any) -> str:
    """Return the text of the failure that a request is counted with."""
    errors: list[Any] = []
    with HttpSession(None) as session:
        session.request_event.add_listener(lambda exception, **_: errors.append(exception))
        response = session.get(url, **options)
        assert (response.status_code, response.content, response.ok) == (0, b"", False)
    return repr(errors[0])


def raw(data: bytes) -> Callable[[Received, Any], None]:
    """Return a route that sends `data` and closes the connection."""
    return lambda _request, sock: sock.sendall(data) and None


def reset(_request: Received, sock: Any) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.fixture
def unreachable() -> Iterator[str]:
    """A URL whose port nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/x"


@pytest.fixture
def silent() -> Iterator[str]:
    """A URL whose server takes no connection: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        for each in waiting:
            each.close()


@pytest.mark.parametrize("ours", OURS)
def test_a_refused_connection_is_requests_connection_error(ours: str, unreachable: str) -> None:
    expected, error = failure(over_requests, unreachable), failure(OURS[ours], unreachable)
    assert type(error) is type(expected) is requests.ConnectionError
    assert "Failed to establish a new connection: [Errno 111] Connection refused" in str(error)
    assert type(error.args[0]) is type(expected.args[0])  # urllib3's MaxRetryError
    assert type(error.args[0].reason) is type(expected.args[0].reason)
    assert isinstance(error, requests.RequestException)
    assert error.request is not None
    assert error.request.url == unreachable


@pytest.mark.parametrize("ours", OURS)
def test_a_connection_that_nobody_takes_times_out_as_a_connection(ours: str, silent: str) -> None:
    options: dict[str, Any] = {"timeout": (0.2, 5)}
    expected, error = failure(over_requests, silent, **options), failure(OURS[ours], silent, **options)
    assert type(error) is type(expected) is requests.ConnectTimeout
    assert "Connection to 127.0.0.1 timed out. (connect timeout=0.2)" in str(error)


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("timeout", [0.2, (5, 0.2)])
def test_a_server_that_says_nothing_times_out_as_a_read(ours: str, timeout: Any, server: Server) -> None:
    leave = Event()
    server.routes["/"] = lambda _request, _sock: leave.wait(20) and None  # type: ignore[func-returns-value]
    expected = failure(over_requests, server.url + "/", timeout=timeout)
    error = failure(OURS[ours], server.url + "/", timeout=timeout)
    leave.set()
    assert (type(error), str(error)) == (type(expected), str(expected))
    assert type(error) is requests.ReadTimeout


@pytest.mark.parametrize("ours", OURS)
def test_a_name_that_does_not_resolve_is_requests_connection_error(ours: str) -> None:
    url = "http://no-such-host.invalid/"
    expected, error = failure(over_requests, url), failure(OURS[ours], url)
    assert type(error) is type(expected) is requests.ConnectionError
    assert "Failed to establish a new connection" in str(error) or "resolve" in str(error)


BROKEN = {
    "closed at once": raw(b""),
    "reset": reset,
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "body too short": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
    "chunks cut": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    "wrong chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_answer_is_the_error_that_requests_raises(fault: str, ours: str, server: Server) -> None:
    server.routes["/"] = BROKEN[fault]
    expected, error = failure(over_requests, server.url + "/"), failure(OURS[ours], server.url + "/")
    assert type(error) is type(expected)
    assert type(error.args[0]) is type(expected.args[0])


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("fault", ["body too short", "chunks cut"])
def test_a_stream_that_breaks_off_raises_what_requests_raises(fault: str, ours: str, server: Server) -> None:
    server.routes["/"] = BROKEN[fault]
    errors = []
    for make in (over_requests, OURS[ours]):
        with make() as session, session.get(server.url + "/", stream=True) as response:
            with pytest.raises(requests.RequestException) as raised:
                list(response.iter_content(10))
            errors.append((raised.type, type(raised.value.args[0])))
    assert errors[0] == errors[1]


def test_failures_are_counted_by_their_cause_in_a_text_that_stays_the_same(
    server: Server, unreachable: str
) -> None:
    assert counted(unreachable) == "ConnectionRefusedError(111, 'Connection refused')"
    server.routes["/closed"] = BROKEN["closed at once"]
    assert (
        counted(server.url + "/closed")
        == "RemoteDisconnected('Remote end closed connection without response')"
    )
    server.routes["/reset"] = reset
    assert counted(server.url + "/reset") == "ConnectionResetError(104, 'Connection reset by peer')"
    leave = Event()
    server.routes["/slow"] = lambda _request, _sock: leave.wait(20) and None  # type: ignore[func-returns-value]
    late = counted(server.url + "/slow", timeout=0.1)
    leave.set()
    place = f"HTTPConnectionPool(host='127.0.0.1', port={server.port})"
    assert late == f'ReadTimeout(ReadTimeoutError("{place}: Read timed out. (read timeout=0.1)"))'


def test_failures_over_requests_own_adapter_are_counted_by_the_same_texts(
    server: Server, unreachable: str
) -> None:
    def hook(response: Any, **_: Any) -> None:
        """Makes requests go the long way."""

    session = HttpSession(None)
    session.mount("http://", requests.adapters.HTTPAdapter())
    errors: list[Any] = []
    session.request_event.add_listener(lambda exception, **_: errors.append(repr(exception)))
    server.routes["/closed"] = BROKEN["closed at once"]
    session.get(unreachable)
    session.get(server.url + "/closed")
    assert errors == [
        "ConnectionRefusedError(111, 'Connection refused')",
        "RemoteDisconnected('Remote end closed connection without response')",
    ]


def test_a_stale_connection_is_replaced_without_a_word(server: Server) -> None:
    server.routes["/last"] = lambda _request, sock: sock.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    )
    with HttpSession(server.url) as session:
        assert session.get("/last").status_code == 200  # the server closes after it, without having said so
        assert session.get("/next").status_code == 200
    assert server.connections == 2


def test_a_url_that_is_none_raises_in_the_task_and_counts_nothing(server: Server) -> None:
    session = HttpSession(server.url)
    seen: list[Any] = []
    session.request_event.add_listener(lambda **arguments: seen.append(arguments))
    with pytest.raises(ValueError, match="begin a relative URL with a slash"):
        session.get("v1/tables")
    with pytest.raises(requests.exceptions.MissingSchema):
        HttpSession(None).get("v1/tables")
    with pytest.raises(requests.exceptions.InvalidSchema):
        session.get("gopher://x/")
    with pytest.raises(TypeError):
        session.get("/", no_such_argument=1)
    assert seen == []
    assert server.received == []


def test_what_cannot_be_sent_is_a_failed_request(server: Server) -> None:
    session = HttpSession(server.url)
    seen: list[Any] = []
    session.request_event.add_listener(
        lambda name, exception, **_: seen.append((name, type(exception).__name__))
    )
    assert session.get("/a?b", headers={"X-A": "a\nb: c"}).status_code == 0
    assert session.post("/b", json=float("nan")).status_code == 0
    assert session.get("/c", data=b"").status_code == 200
    server.routes["/loop"] = b"HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n"
    session.max_redirects = 2
    assert session.get("/loop").status_code == 0
    assert seen == [
        ("/a?b", "InvalidHeader"),
        ("/b", "InvalidJSONError"),
        ("/c", "NoneType"),
        ("/loop", "TooManyRedirects"),
    ]


def test_the_error_of_a_response_is_raised_by_raise_for_status_only(unreachable: str) -> None:
    response = HttpSession(None).get(unreachable)
    assert not response
    assert isinstance(response.error, requests.ConnectionError)
    assert response.text == ""
    assert response.request.url == response.url == unreachable
    assert list(response.iter_lines()) == []
    with pytest.raises(requests.ConnectionError):
        response.raise_for_status()
