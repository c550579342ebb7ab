"""A runner that decides on its run: it takes targets and shapes, and ends what it began."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import gevent

from swarm import runners
from swarm.control.apportion import ClassShare, users_per_class
from swarm.control.instructions import Target
from swarm.control.lifecycle import LifecycleError
from swarm.exceptions import SwarmError
from swarm.log import get_logger
from swarm.runners.runner import Runner
from swarm.runners.shapes import ShapeFollower

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from swarm.control.lifecycle import RunLifecycle
    from swarm.environment import Environment
    from swarm.users.user import User

log = get_logger(__name__)

ACTIVE = frozenset({"spawning", "running", "paused"})
"""The states of a run that goes on."""
_LOCUSTS_WORD = {"paused": runners.STATE_RUNNING, "quit": runners.STATE_STOPPED}


def locusts_word(state: str) -> str:
    """Return a lifecycle's state in one of the words of `swarm.runners`."""
    return _LOCUSTS_WORD.get(state, state)


class SteeredRunner(Runner):
    """What the runner of one machine and the master of several have in common."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._swarm_quitting: gevent.Greenlet[..., Any] | None = None

    @property
    @abstractmethod
    def lifecycle(self) -> RunLifecycle:
        """The chart of this run, which owns its state and its target. Only to be read."""

    @property
    @abstractmethod
    def internal_errors(self) -> int:
        """Steps of the run that failed, and users that could not be made."""

    @property
    @abstractmethod
    def user_classes_count(self) -> dict[str, int]:
        """The users that run now, by class."""

    @abstractmethod
    def _swarm_ask(self, event: str, target: Target | None = None) -> None:
        """Send an event to the chart and wait for what it leads to. Raises LifecycleError when it is refused."""

    @abstractmethod
    def _swarm_settle(self) -> None:
        """Wait until the end of a run that was asked for is carried out."""

    @abstractmethod
    def _swarm_is_within(self) -> bool:
        """Whether the caller carries out a step of the run, so that it must not wait for one."""

    @property
    def state(self) -> str:
        """Where the run stands, in one of the words of `swarm.runners`."""
        return locusts_word(self.lifecycle.state)

    @property
    def target_user_count(self) -> int:
        """The users that the run is to have."""
        return self.lifecycle.target.user_count

    @property
    def target_user_classes_count(self) -> dict[str, int]:
        """The users that the run is to have, by class."""
        return dict(self.lifecycle.target.users)

    @property
    def spawn_rate(self) -> float:
        """Users started or stopped a second while ramping."""
        return self.lifecycle.target.spawn_rate

    def start(
        self,
        user_count: int,
        spawn_rate: float,
        wait: bool = False,
        user_classes: list[type[User]] | None = None,
    ) -> None:
        """Begin a run, or give the one that goes on a new target; see Runner.start."""
        target = self._target(
            user_count, spawn_rate, self.user_classes if user_classes is None else user_classes
        )
        log.info("ramping", users=user_count, rate=spawn_rate)
        self._try("retarget" if self.lifecycle.state in ACTIVE else "start", target)
        if wait and self.spawning_greenlet:
            self.spawning_greenlet.join()

    def pause(self) -> None:
        """Let no user begin another task until `resume`; users keep their state."""
        self._try("pause")

    def resume(self) -> None:
        """Let the users go on, and a ramp that was not over."""
        self._try("resume")

    def stop(self) -> None:
        """End the run in order; see Runner.stop."""
        self._end_shape()
        self._try("stop")
        self._swarm_settle()

    def force_stop(self) -> None:
        """Cut off at once the tasks and requests that a stop still waits for; returns when users have ended.

        Requests that are cut off count as interrupted. `on_stop` runs all the same. Without a stop that is under
        way it does nothing but log.
        """
        self._try("force")
        self._swarm_settle()

    def quit(self) -> None:
        """End the run and the runner; it may be asked for by one of the users that it ends."""
        if self._swarm_quitting is None:
            self._swarm_quitting = gevent.spawn(self._quit)
        if not self._swarm_is_within():
            self._swarm_quitting.join()

    def start_shape(self) -> None:
        """Follow the environment's load shape from its beginning; a second call while it runs does nothing."""
        if self.shape_greenlet:
            log.info("the shape is running already; nothing to do")
            return
        shape = self.environment.shape_class
        if shape is None:
            raise SwarmError("The environment has no shape_class, so there is no shape to start.")
        shape.runner = self
        shape.reset_time()
        shape._swarm_started = time.perf_counter() - self._swarm_elapsed_before()
        self.shape_greenlet = gevent.spawn(ShapeFollower(self, shape).follow)

    def is_headed_for(
        self, user_count: int, spawn_rate: float, user_classes: list[type[User]] | None = None
    ) -> bool:
        """Whether a run goes on that has this target already."""
        classes = self.user_classes if user_classes is None else user_classes
        target = self._target(user_count, spawn_rate, classes)
        return self.lifecycle.state in ACTIVE and target == self.lifecycle.target

    def _swarm_elapsed_before(self) -> float:
        """Return the seconds that the run had lasted before this process took it up."""
        return 0.0

    def _target(self, user_count: int, spawn_rate: float, classes: Iterable[type[User]]) -> Target:
        if spawn_rate <= 0:
            raise SwarmError(f"The spawn rate is {spawn_rate}; it must be above 0 users a second.")
        shares = [ClassShare(c.__name__, c.weight, c.fixed_count) for c in classes]
        users = dict.fromkeys(self.user_classes_by_name, 0) | users_per_class(shares, user_count)
        return Target(users, spawn_rate)

    def _try(self, event: str, target: Target | None = None) -> None:
        try:
            self._swarm_ask(event, target)
        except LifecycleError as refusal:
            log.info(f"ignored: {refusal}")

    def _quit(self) -> None:
        self._end_shape()
        if self.lifecycle.state in ACTIVE:
            self._try("stop")
        self._swarm_settle()
        self._try("quit")

    def _end_shape(self) -> None:
        shape_greenlet, self.shape_greenlet = self.shape_greenlet, None
        if shape_greenlet and shape_greenlet is not gevent.getcurrent():
            shape_greenlet.kill(block=False)


def is_one_of(greenlets: Collection[gevent.Greenlet[..., Any]]) -> bool:
    """Whether the caller runs in one of these."""
    return gevent.getcurrent() in greenlets
