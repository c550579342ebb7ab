"""Runs that end with their test, and a way to wait for what they do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import gevent
import pytest

from swarm import Environment, User
from tests.runner.runners.swarm_of_nodes import Nodes


@pytest.fixture
def environments() -> Iterator[Callable[..., Environment]]:
    """Make environments with a local runner each; their runs end with the test."""
    made: list[Environment] = []

    def make(*user_classes, **options) -> Environment:
        environment = Environment(user_classes=list(user_classes), **options)
        environment.create_local_runner()
        made.append(environment)
        return environment

    yield make
    for environment in made:
        environment.runner.quit()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Give a function that waits until a condition holds, and fails when it never does."""

    def wait(condition: Callable[[], object], seconds: float = 10) -> None:
        deadline = time.perf_counter() + seconds
        while not condition():
            assert time.perf_counter() < deadline, "the condition never held"
            gevent.sleep(0.005)

    return wait


@pytest.fixture
def nodes() -> Iterator[Callable[..., Nodes]]:
    """Make swarms that end with the test."""
    made: list[Nodes] = []

    def make(*classes: type[User], **options: object) -> Nodes:
        made.append(Nodes(*classes, **options))
        return made[-1]

    yield make
    for each in made:
        each.end()
