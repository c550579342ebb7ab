from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from swarm import SequentialTaskSet, StopUser, TaskSet, User, constant, events, task
from swarm.users.once import run_once


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each test the module's events without listeners."""
    for name in ("init", "test_start", "test_stop", "request"):
        monkeypatch.setattr(getattr(events, name), "_handlers", [])
    yield
    events.request.bind(None)


def reporting(user: Any, name: str, error: str | None = None) -> None:
    user.environment.events.request.fire(
        request_type="T", name=name, response_time=1, response_length=0, exception=error
    )


def test_each_task_runs_once_nested_ones_too_without_waits() -> None:
    steps = []

    class Shopper(User):
        wait_time = constant(1000)

        def on_start(self) -> None:
            steps.append("in")

        def on_stop(self) -> None:
            steps.append("out")

        @task(7)
        def look(self) -> None:
            steps.append(f"look at {self.host}")

        @task
        class Buying(TaskSet):
            def on_start(self) -> None:
                steps.append("to the till")

            def on_stop(self) -> None:
                steps.append("from the till")

            @task
            def pay(self) -> None:
                steps.append("pay")
                self.interrupt()

            @task
            class Packing(SequentialTaskSet):
                @task
                def wrap(self) -> None:
                    steps.append("wrap")

    heard = []
    events.test_start.add_listener(lambda **_: heard.append("start"))
    events.test_stop.add_listener(lambda **_: heard.append("stop"))
    assert run_once(Shopper, "http://shop") == []
    shown = ["in", "look at http://shop", "to the till", "pay", "wrap", "from the till", "out"]
    assert steps == shown
    assert heard == ["start", "stop"]


def test_failed_requests_are_returned() -> None:
    class Caller(User):
        @task
        def good(self) -> None:
            reporting(self, "good")

        @task
        def bad(self) -> None:
            reporting(self, "bad", "no")

    assert run_once(Caller) == ["T bad: no (1)"]


def test_an_error_is_raised_and_on_stop_is_called() -> None:
    left = []

    class Clumsy(User):
        @task
        def fall(self) -> None:
            raise ZeroDivisionError

        def on_stop(self) -> None:
            left.append(self)

    with pytest.raises(ZeroDivisionError):
        run_once(Clumsy)
    assert len(left) == 1


def test_a_user_that_stops_itself_has_done_its_work() -> None:
    steps = []

    class Short(User):
        @task
        def stop(self) -> None:
            steps.append("stop")
            raise StopUser

        @task
        def never(self) -> None:
            steps.append("never")

    assert run_once(Short) == []
    assert steps == ["stop"]
