"""A small web site in the test's process that keeps what it was asked: `with Site() as site: ...`.

What it answers: `/slow/MS` after so many milliseconds, `/status/CODE` with that code, `/flaky` twice with 503,
then with 200, `/json` and `/echo` (what was sent) as JSON, `/redirect/N` with so many redirects, `/set/NAME/VALUE`
with a cookie, `/lines/N` with so many chunks, `/hello` and `/world` with a word, all else with "ok".
"""

from __future__ import annotations

import json
import ssl
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import gevent

from tests.servers.scripted import Peer, Received, ScriptedServer, response

WORDS = {"/hello": b"Hello!", "/world": b"World!"}


@dataclass(frozen=True)
class Seen:
    """A request as it came: over which connection (counted from 1), from where, and when (perf_counter seconds)."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int
    address: str
    at: float

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.target.partition("?")[0]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Site(ScriptedServer):
    """The site; `seen` has its requests in their order."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(self._converse, tls)
        self.seen: list[Seen] = []

    def counts(self) -> Counter[str]:
        """Return how often each method and target was asked for: {"GET /hello": 3}."""
        return Counter(f"{seen.method} {seen.target}" for seen in self.seen)

    def of(self, path: str) -> list[Seen]:
        """Return the requests for a path."""
        return [seen for seen in self.seen if seen.path == path]

    def _converse(self, peer: Peer) -> None:
        connection, address = self.connections, peer.sock.getpeername()[0]
        while (received := peer.read_request()) is not None:
            seen = Seen(
                received.method,
                received.path,
                received.headers,
                received.body,
                connection,
                address,
                time.perf_counter(),
            )
            self.seen.append(seen)
            self._answer(peer, received, seen)

    def _answer(self, peer: Peer, received: Received, seen: Seen) -> None:
        _, kind, *arguments = seen.path.split("/")
        if kind == "lines":
            _send_lines(peer, int(arguments[0]))
            return
        if kind == "slow":
            gevent.sleep(int(arguments[0]) / 1000)
        peer.send(self._page(seen, kind, arguments))

    def _page(self, seen: Seen, kind: str, arguments: list[str]) -> bytes:
        if kind == "status":
            return response(b"as asked for", f"{arguments[0]} Asked")
        if kind == "flaky" and len(self.of(seen.path)) % 3:
            return response(b"not now", "503 Service Unavailable")
        if kind == "redirect" and int(arguments[0]):
            return response(b"", "302 Found", Location=f"/redirect/{int(arguments[0]) - 1}")
        if kind == "set":
            return response(b"set", Set_Cookie=f"{arguments[0]}={arguments[1]}; Path=/")
        if kind == "json":
            return _json({"greeting": "hello", "number": 42})
        if kind == "echo":
            return _json(
                {
                    "method": seen.method,
                    "target": seen.target,
                    "headers": seen.headers,
                    "body": seen.body.decode("utf-8", "replace"),
                }
            )
        return response(WORDS.get(seen.path, b"ok"), Content_Type="text/plain")


def _json(value: object) -> bytes:
    return response(json.dumps(value).encode(), Content_Type="application/json")


def _send_lines(peer: Peer, count: int) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(count):
        line = f"line {number}\n".encode()
        peer.send(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        gevent.sleep(0)
    peer.send(b"0\r\n\r\n")
