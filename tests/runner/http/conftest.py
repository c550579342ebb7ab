"""What the tests of the HTTP core share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import pytest

from swarm.environment import Environment
from swarm.http.connection import Connection
from swarm.http.pool import ConnectionPool
from swarm.users.fast_http_user import FastHttpUser
from tests.servers.nginx import nginx  # noqa: F401  a fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swarm.http.message import RawResponse
    from tests.servers.scripted import ScriptedServer


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


class Harness:
    """An environment with a FastHttpUser class, and what its request event has said."""

    def __init__(self) -> None:
        self.environment = Environment()
        self.events: list[dict[str, Any]] = []

    def listen(self) -> None:
        """Keep the request events in `events`."""
        self.environment.events.request.add_listener(lambda **event: self.events.append(event))

    def user(self, host: str, **attributes: Any) -> FastHttpUser:
        """Return a user for a host, of a class of its own."""
        return type("Customer", (FastHttpUser,), {"host": host, **attributes})(self.environment)

    @property
    def requests(self) -> dict[str, int]:
        """The counted requests by "METHOD name"."""
        return {
            f"{entry.method} {entry.name}": entry.num_requests
            for entry in self.environment.stats.entries.values()
            if entry.num_requests
        }

    @property
    def failures(self) -> list[tuple[str, str, str]]:
        """(method, name, error) of the failures, as often as they occurred."""
        found = []
        for failure in self.environment.stats.errors.values():
            found += [(failure.method, failure.name, str(failure.error))] * failure.occurrences
        return found


@pytest.fixture
def harness() -> Harness:
    """What a session test needs of a run."""
    return Harness()
