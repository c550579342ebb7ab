"""Streamed bodies: what requests gives, at the reader's pace, and the connection's fate."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any

import gevent
import pytest
import requests
from gevent.event import Event

from swarm.http.on_requests.session import HttpSession
from tests.runner.requests.parity import OURS, outcome, over_requests
from tests.runner.requests.server import Server, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runner.requests.server import Received

LINES = b"".join(b"line %d\n" % number for number in range(2_000))
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"".join(
        b"%x\r\n%b\r\n" % (len(LINES[i : i + 999]), LINES[i : i + 999]) for i in range(0, len(LINES), 999)
    )
    + b"0\r\n\r\n"
)

READERS: dict[str, Callable[[requests.Response], Any]] = {
    "content": lambda response: response.content,
    "content twice": lambda response: (response.content, response.content, list(response.iter_content(512))),
    "iter_content": lambda response: b"".join(response.iter_content(1_000)),
    "iter_content whole": lambda response: b"".join(response.iter_content(None)),
    "iter_content unicode": lambda response: "".join(response.iter_content(7, decode_unicode=True)),
    "iter_lines": lambda response: list(response.iter_lines()),
    "iter_lines unicode": lambda response: list(response.iter_lines(decode_unicode=True)),
    "iteration": b"".join,
    "raw": lambda response: response.raw.read(),
    "raw decoded": lambda response: response.raw.read(decode_content=True),
    "raw in parts": lambda response: (response.raw.read(10), response.raw.read(5), response.raw.read(10**6)),
    "raw line": lambda response: response.raw.readline(),
    "raw data": lambda response: response.raw.data,
    "raw in place": lambda response: response.raw.readinto(bytearray(100)),
    "raw stream": lambda response: b"".join(response.raw.stream(64)),
    "raw headers": lambda response: (response.raw.getheader("server"), response.raw.version, response.raw.status),
    "read twice": lambda response: (b"".join(response.iter_content(10)), list(response.iter_content(10))),
    "after closing": lambda response: (response.close(), response.raw.closed, response.raw.read()),
    "nothing": lambda response: response.headers["server"],
    "json": lambda response: response.json(),
}  # fmt: skip

BODIES = {
    "length": answer(LINES, "200 OK", "Server: x", "Content-Type: text/plain; charset=utf-8"),
    "until the end": b"HTTP/1.1 200 OK\r\nServer: x\r\nConnection: close\r\n\r\n" + LINES,
    "chunked": CHUNKED.replace(b"\r\n\r\n", b"\r\nServer: x\r\n\r\n", 1),
    "gzip": answer(gzip.compress(LINES), "200 OK", "Server: x", "Content-Encoding: gzip"),
    "empty": answer(b"", "200 OK", "Server: x"),
    "JSON": answer(b'{"a": 1}', "200 OK", "Server: x"),
    "too short": b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 90000\r\nConnection: close\r\n\r\n"
    + LINES,
    "gzip that is none": answer(LINES, "200 OK", "Server: x", "Content-Encoding: gzip"),
}


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("reader", READERS)
def test_a_stream_is_read_as_requests_reads_it(reader: str, body: str, ours: str, server: Server) -> None:
    server.routes["/"] = BODIES[body]

    def use(session: requests.Session, url: str) -> Any:
        with session.get(url + "/", stream=True) as response:
            return {"value": READERS[reader](response)}

    assert outcome(OURS[ours], use, server) == outcome(over_requests, use, server)


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("framing", [b"Transfer-Encoding: chunked", b"Connection: close"])
def test_a_line_comes_when_it_was_sent_not_when_the_stream_ends(
    framing: bytes, ours: str, server: Server
) -> None:
    """An event stream's reader sees an event while the server has not sent the next."""
    read = Event()

    def events(_request: Received, sock: Any) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for event in (b"data: one\n\n", b"data: two\n\n"):
            sock.sendall(b"%x\r\n%b\r\n" % (len(event), event) if b"chunked" in framing else event)
            assert read.wait(10)
            read.clear()
        sock.sendall(b"0\r\n\r\n" if b"chunked" in framing else b"")

    server.routes["/events"] = events
    seen = []
    with OURS[ours]() as session, session.get(server.url + "/events", stream=True) as response:
        chunk = None if b"chunked" in framing else 1
        for line in response.iter_lines(chunk_size=chunk):  # type: ignore[arg-type]
            if line:
                seen.append(line)
                read.set()
    assert seen == [b"data: one", b"data: two"]


def test_a_stream_read_to_its_end_leaves_the_connection_to_the_next_request(server: Server) -> None:
    server.routes["/"] = BODIES["length"]
    with HttpSession(server.url) as session:
        for _ in range(3):
            assert session.get("/", stream=True).content == LINES
    assert server.connections == 1


def test_a_stream_that_is_closed_or_dropped_unread_takes_its_connection_along(server: Server) -> None:
    server.routes["/"] = answer(b"x" * 5_000_000)
    with HttpSession(server.url) as session:
        session.get("/", stream=True).close()
        session.get("/", stream=True)
        assert session.get("/next").status_code == 200
    assert server.connections == 3
    assert server.received[-1].connection == 3


def test_the_length_of_a_streamed_answer_is_the_one_that_was_announced(server: Server) -> None:
    server.routes["/"] = answer(b"x" * 1_234)
    lengths = []
    session = HttpSession(server.url)
    session.request_event.add_listener(lambda response_length, **_: lengths.append(response_length))
    session.get("/", stream=True)
    session.get("/")
    server.routes["/"] = CHUNKED
    session.get("/", stream=True)
    assert lengths == [1_234, 1_234, 0]


@pytest.mark.parametrize("make", [over_requests, OURS["HttpSession"]], ids=["requests", "HttpSession"])
def test_the_elapsed_time_ends_with_the_head(make: Callable[[], requests.Session], server: Server) -> None:
    rest_at = 0.0

    def in_two(_request: Received, sock: Any) -> None:
        nonlocal rest_at
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl")
        for _ in range(20):
            gevent.sleep(0)
        gevent.sleep(0.05)
        rest_at = time.perf_counter()
        sock.sendall(b"ow")

    server.routes["/"] = in_two
    with make() as session:
        begin = time.perf_counter()
        response = session.get(server.url + "/")
    assert response.content == b"slow"
    assert 0 < response.elapsed.total_seconds() < rest_at - begin
