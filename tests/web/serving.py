"""A run with its browser UI, in this process, and a client that asks it over real connections."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import gevent

from swarm import Environment, User, constant, task
from swarm_web.web import create_web_ui

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swarm_web.web_ui import WebUI

PATIENCE_S = 60.0


class Visitor(User):
    """Asks for pages that need no server."""

    weight = 3
    wait_time = constant(0.01)

    @task(3)
    def browse(self) -> None:
        with self.environment.events.request.measure("GET", "/catalogue", 512):
            time.sleep(0.002)

    @task
    def fail(self) -> None:
        self.environment.events.request.fire(
            request_type="GET",
            name="/<b>bad</b>",
            response_time=3.0,
            response_length=0,
            exception="500 <i>no</i>",
        )


class Buyer(User):
    """Buys."""

    wait_time = constant(0.01)

    @task
    def buy(self) -> None:
        with self.environment.events.request.measure("POST", "/basket"):
            time.sleep(0.001)


class Answer:
    """An answer: its status, headers, and body."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Asks a server on this machine; every request has `headers` besides its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.headers: dict[str, str] = {}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; `Content_Type` and the like become headers. A body that is no text is sent as JSON."""
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        data = body
        if body is not None and not isinstance(body, str | bytes):
            data = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.ask("POST", path, {} if body is None else body, **headers)

    def form(self, path: str, body: str = "", **headers: str) -> Answer:
        """Post a form, as a browser or curl -d does."""
        return self.ask("POST", path, body, Content_Type="application/x-www-form-urlencoded", **headers)

    @contextmanager
    def events(
        self, path: str = "/api/v1/stream", **headers: str
    ) -> Iterator[Iterator[tuple[str, str, Any]]]:
        """Give the events of a stream: (id, event, data); a comment is ("", "", None)."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request(
            "GET", path, headers=self.headers | {k.replace("_", "-"): v for k, v in headers.items()}
        )
        response = connection.getresponse()
        assert response.status == 200, response.read()
        try:
            yield _events(response)
        finally:
            connection.close()


def _events(response: Any) -> Iterator[tuple[str, str, Any]]:
    fields: dict[str, str] = {}
    for raw in response:
        line = raw.decode().rstrip("\n")
        if line.startswith(":"):
            yield "", "", None
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield fields.get("id", ""), fields["event"], json.loads(fields["data"])
            fields = {}
        else:
            fields = {}


class Served(Client):
    """An environment with a local runner, and its UI on a free port."""

    def __init__(self, environment: Environment, ui: WebUI) -> None:
        super().__init__(ui.port)
        self.environment = environment
        self.ui = ui

    @property
    def runner(self) -> Any:
        return self.environment.runner

    def snapshot(self) -> Any:
        return self.get("/api/v1/snapshot").json

    def state(self) -> str:
        return str(self.snapshot()["run"]["state"])


@contextmanager
def served(prepare: Callable[[WebUI], None] | None = None, **options: Any) -> Iterator[Served]:
    """Serve a run that nobody has started; `prepare` has the UI before it listens."""
    classes = options.pop("user_classes", [Visitor, Buyer])
    parsed = options.pop("parsed_options", None)
    environment = Environment(
        user_classes=[type(each.__name__, (each,), {}) for each in classes],
        host="http://shop.example",
        locustfile="shop.py",
        parsed_options=parsed,
    )
    environment.create_local_runner()
    ui = create_web_ui(environment, port=0, delayed_start=True, **options)
    environment.web_ui = ui
    if prepare is not None:
        prepare(ui)
    ui.start()
    try:
        yield Served(environment, ui)
    finally:
        environment.runner.quit()  # type: ignore[union-attr]
        ui.stop()


def until(condition: Callable[[], object], what: str) -> None:
    """Return when the condition holds."""
    with gevent.Timeout(PATIENCE_S, AssertionError(f"{what} did not come")):
        while not condition():
            gevent.sleep(0.02)
