"""What the tests of the HTTP core share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import pytest

from swarm.http.connection import Connection
from swarm.http.message import RawResponse
from swarm.http.pool import ConnectionPool
from tests.servers.nginx import nginx  # noqa: F401  a fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.scripted import ScriptedServer

Get = "Callable[..., RawResponse]"


def get_head(path: str = "/", method: str = "GET", extra: str = "") -> bytes:
    """Return a request's head."""
    return f"{method} {path} HTTP/1.1\r\nHost: test\r\n{extra}\r\n".encode()


def fetch(
    pool: ConnectionPool, server: ScriptedServer, path: str = "/", method: str = "GET", **options: object
) -> RawResponse:
    """Send a request without a body through a pool."""
    scheme = "https" if server.tls else "http"
    return pool.send(scheme, server.host, server.port, get_head(path, method), None, method, **options)  # type: ignore[arg-type]


def settle(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Let the hub run until a condition holds; fails when it does not within `seconds`."""
    with gevent.Timeout(seconds, AssertionError("it did not come about")):
        while not condition():
            gevent.sleep(0.001)


@pytest.fixture
def pool() -> Iterator[ConnectionPool]:
    """A pool that is closed afterwards."""
    pool = ConnectionPool(connect_timeout=5.0, network_timeout=5.0)
    yield pool
    pool.close()


@pytest.fixture
def callbacks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the callbacks of all read watchers that are started during the test."""
    count = [0]
    original = Connection._on_readable

    def counting(self: Connection) -> None:
        count[0] += 1
        original(self)

    monkeypatch.setattr(Connection, "_on_readable", counting)
    return count
