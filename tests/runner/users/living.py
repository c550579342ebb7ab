"""Starts users for tests and waits for what they do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.pool import Group

from swarm import Environment, User


class RunnerDouble:
    """Stands in for a runner: remembers what users tell theirs."""

    def __init__(self) -> None:
        self.exceptions: list[tuple[str, str, str]] = []
        self.quits = 0

    def log_exception(self, node_id: str, msg: str, formatted_tb: str) -> None:
        self.exceptions.append((node_id, msg, formatted_tb))

    def quit(self) -> None:
        self.quits += 1


class Life:
    """An environment with a runner's double, and the users started in it; `end` leaves none behind."""

    def __init__(self) -> None:
        self.environment: Any = Environment()
        self.runner = RunnerDouble()
        self.environment.runner = self.runner
        self.group = Group()

    def start(self, user_class: type[User]) -> Any:
        user = user_class(self.environment)
        user.start(self.group)
        return user

    def lead(self, user_class: type[User]) -> Any:
        """Start a user and return it when it has ended by itself."""
        user = self.start(user_class)
        assert self.group.join(timeout=20)
        return user

    def end(self) -> None:
        self.group.kill(timeout=5)


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Let the greenlets run until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        gevent.sleep(0.001)
