from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from swarm import LoadTestShape, shape


class Clock:
    now = 5.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(shape, "time", made)
    return made


def test_a_shape_that_overrides_nothing_ends_the_run() -> None:
    assert LoadTestShape().tick() is None


def test_abstract_holds_for_the_class_itself_only() -> None:
    class Base(LoadTestShape):
        abstract = True

    class Real(Base):
        pass

    assert (LoadTestShape.abstract, Base.abstract, Real.abstract) == (True, True, False)


def test_common_options_are_ignored_unless_the_shape_wants_them() -> None:
    assert LoadTestShape.use_common_options is False


def test_the_run_time_counts_from_the_last_reset(clock: Clock) -> None:
    made = LoadTestShape()
    made.reset_time()
    clock.now = 65
    assert made.get_run_time() == 60
    made.reset_time()
    assert made.get_run_time() == 0


def test_a_shape_with_a_constructor_of_its_own_needs_no_call_of_ours(clock: Clock) -> None:
    class Stages(LoadTestShape):
        def __init__(self, stages: list[int]) -> None:
            self.stages = stages

        def tick(self) -> tuple[int, float] | None:
            return (self.stages[0], 1) if self.get_run_time() < 10 else None

    made = Stages([3])
    assert made.tick() == (3, 1)
    clock.now += 10
    assert made.tick() is None


def test_the_current_user_count_is_the_runners() -> None:
    made: Any = LoadTestShape()
    assert made.get_current_user_count() == 0
    made.runner = SimpleNamespace(user_count=7)
    assert made.get_current_user_count() == 7
