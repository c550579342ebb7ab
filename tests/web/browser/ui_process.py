"""A process of swarm-cli that serves the UI, on a port that the system chose."""

from __future__ import annotations

import json
import re
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from tests.system.cli_process import Cli, Running

LOCUSTFILE = """
    import time
    from swarm import User, constant, events, task

    ODD = ["/<img src=x onerror=alert(1)>", "/\\u202eright-to-left", "/\\U0001f41d\\U0001f525"]
    NAMES = ["/plain", *ODD, "/deep/a/b", "/deep/a/c"]

    @events.init_command_line_parser.add_listener
    def options(parser, **_):
        parser.add_argument("--tenant", default="acme", help="who it is for")
        parser.add_argument("--api-key", default="hush-hush-hush", is_secret=True)

    class Visitor(User):
        weight = 3
        wait_time = constant(0.05)

        @task
        def visit(self):
            for name in NAMES:
                with self.environment.events.request.measure("GET", name):
                    time.sleep(0.002)

    class Breaker(User):
        wait_time = constant(0.1)

        @task
        def fail(self):
            with self.environment.events.request.measure("POST", "/basket"):
                raise ValueError("no <b>stock</b>")

        @task
        def raise_something(self):
            raise KeyError("id")
"""
"""A locustfile whose requests need no server, with names that try to be markup."""


class UiProcess:
    """`swarm-cli` with these arguments; it ends with the block."""

    def __init__(self, cli: Cli, *args: str) -> None:
        self.cli = cli
        self._args = args
        self._stack = ExitStack()
        self.process: Running
        self.url = ""

    @classmethod
    def of_locustfile(cls, cli: Cli, *args: str, port: int = 0, text: str = LOCUSTFILE) -> Self:
        """The UI of a locustfile (the one above) with further arguments."""
        cli.write("locustfile.py", text)
        return cls(cli, "--web-port", str(port), *args)

    def __enter__(self) -> Self:
        self.process = self._stack.enter_context(self.cli.running(*self._args))
        self.process.wait_for("Browser UI: ")
        found = re.search(r"Browser UI: (\S+)", self.process.err)
        assert found
        self.url = found[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        found = re.search(r":(\d+)/", self.url)
        assert found
        return int(found[1])

    def get(self, path: str) -> Any:
        """Return the JSON document at this path."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, body: object) -> Any:
        """Post JSON; return the answer's document."""
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
