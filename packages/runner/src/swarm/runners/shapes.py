"""Follows a load shape: asks it for the load once a second and hands a change to the runner."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import gevent

from swarm.exceptions import SwarmError
from swarm.log import get_logger

if TYPE_CHECKING:
    from swarm.runners.steered import SteeredRunner
    from swarm.shape import LoadTestShape

log = get_logger(__name__)

TICK_S = 1.0


class ShapeFollower:
    """One pass through a shape, until its `tick` returns None or raises."""

    def __init__(self, runner: SteeredRunner, shape: LoadTestShape) -> None:
        self._runner = runner
        self._shape = shape

    def follow(self) -> None:
        """Apply the shape until its end, then end the run; without a UI the runner quits as well."""
        last = None
        log.info("following the shape", shape=type(self._shape).__name__)
        try:
            while (step := self._shape.tick()) is not None:
                if step != last:
                    users, spawn_rate, *rest = self._checked(step)
                    classes = rest[0] if rest else None
                    # A run that was taken up from a journal is where its shape wants it.
                    if last is not None or not self._runner.is_headed_for(users, spawn_rate, classes):
                        self._runner.start(users, spawn_rate, user_classes=classes)
                    last = step
                gevent.sleep(TICK_S)
        except SwarmError as error:  # it says itself what is wrong
            self._fail(f"{error} The run ends.")
        except Exception:  # noqa: BLE001  the user's code may raise anything; it is logged
            self._fail("the shape's tick failed; the run ends", traceback=True)
        log.info("the shape has ended")
        if self._runner.environment.web_ui:
            self._runner.stop()
        else:
            self._runner.quit()

    def _fail(self, problem: str, *, traceback: bool = False) -> None:
        self._runner.messages.failed_listeners += 1
        log.error(problem, exc_info=traceback)

    def _checked(self, step: Any) -> tuple[Any, ...]:
        match step:
            case [Real(), Real()] | [Real(), Real(), _]:
                return tuple(step)
        raise SwarmError(
            f"{type(self._shape).__name__}.tick() returned {step!r}; it returns (users, spawn_rate), "
            "(users, spawn_rate, user_classes), or None to end the run."
        )
