from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from swarm import StopUser, User, debug, events, run_single_user, task
from swarm.debug import PrintListener


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each test the module's events without listeners, and no arguments of pytest's."""
    monkeypatch.setattr(sys, "argv", ["locustfile.py"])
    for name in ("init", "test_start", "test_stop", "quitting", "request", "init_command_line_parser"):
        monkeypatch.setattr(getattr(events, name), "_handlers", [])
    yield
    events.request.bind(None)


class Caller(User):
    """Makes one request, then ends."""

    @task
    def call(self) -> None:
        self.environment.events.request.fire(
            request_type="grpc",
            name="hello",
            response_time=12.4,
            response_length=5,
            exception=None,
            context={"who": 1},
        )
        raise StopUser


def test_one_user_runs_here_and_its_requests_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    run_single_user(Caller, loglevel=None)
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["type", "name", "resp_ms", "exception"]
    assert row.split() == ["grpc", "hello", "12"]


def test_more_columns_come_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    run_single_user(Caller, include_length=True, include_time=True, include_context=True, loglevel=None)
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["time", "type", "name", "resp_ms", "length", "context", "exception"]
    assert row.split()[1:] == ["grpc", "hello", "12", "5", "{'who':", "1}"]


def test_the_payload_and_the_failure_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    class Response:
        class request:  # noqa: N801  named as on a response
            body = b'{"a": 1}'

    PrintListener(include_payload=True).on_request("POST", "/", None, exception=OSError(), response=Response)
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"POST    {'/':<50}         OSError()",
        'payload: {"a": 1}',
    ]


def test_listeners_of_init_and_test_start_are_called_and_those_of_the_end_are_not() -> None:
    order: list[Any] = []
    events.init.add_listener(lambda environment, runner, web_ui: order.append(("init", runner, web_ui)))
    events.test_start.add_listener(lambda environment: order.append(environment.catch_exceptions))
    events.test_stop.add_listener(lambda environment: order.append("test_stop"))
    events.quitting.add_listener(lambda environment: order.append("quitting"))
    run_single_user(Caller, loglevel=None)
    assert order == [("init", None, None), False]


def test_an_error_is_raised_for_the_debugger() -> None:
    class Clumsy(User):
        @task
        def fall(self) -> None:
            raise ValueError("ouch")

    with pytest.raises(ValueError, match="ouch"):
        run_single_user(Clumsy, loglevel=None)


def test_nobody_listens_after_the_end() -> None:
    run_single_user(Caller, loglevel=None)
    assert events.request._handlers == []


def test_options_of_the_command_line_and_of_the_files_own_reach_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["locustfile.py", "-H", "http://shop", "--colour", "red"])
    seen: list[Any] = []

    @events.init_command_line_parser.add_listener
    def declare(parser: Any) -> None:
        parser.add_argument("--colour")

    class Painter(User):
        @task
        def paint(self) -> None:
            seen.append((self.host, self.environment.parsed_options.colour))
            raise StopUser

    run_single_user(Painter, loglevel=None)
    assert seen == [("http://shop", "red")]


def test_without_the_command_line_installed_there_are_no_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "swarm_cli.options", None)
    assert debug._options() is None


LOCUSTFILE = """\
from swarm import User, run_single_user, task


class Caller(User):
    @task
    def call(self):
        with self.environment.events.request.measure("raw", "answer") as request:
            answer = 42
            request["response"] = answer


if __name__ == "__main__":
    run_single_user(Caller)
"""


def test_a_debugger_stops_in_the_task_and_sees_the_request(tmp_path: Path) -> None:
    script = tmp_path / "locustfile.py"
    script.write_text(LOCUSTFILE)
    commands = "break 9\ncontinue\np answer + 1\ncontinue\nup\np type(self).__name__\nquit\n"
    done = subprocess.run(
        [sys.executable, "-m", "pdb", str(script)],
        input=commands,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert "(Pdb) 43" in done.stdout
    assert "raw     answer" in done.stdout
