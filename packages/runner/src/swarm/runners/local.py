"""The run on one machine: a lifecycle chart, and a pool of users that does what the chart says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
from gevent import GreenletExit

from swarm import _gevent, runners
from swarm.control.apportion import ClassShare, users_per_class
from swarm.control.instructions import (
    ClearStatistics,
    FireSpawningComplete,
    FireTestStart,
    FireTestStop,
    FireTestStopping,
    HoldUsers,
    Instruction,
    ReleaseUsers,
    Shutdown,
    Spawn,
    StopUsers,
    Target,
)
from swarm.control.lifecycle import LifecycleError
from swarm.exceptions import SwarmError
from swarm.log import get_logger
from swarm.runners.driver import LifecycleDriver
from swarm.runners.messages import Message
from swarm.runners.pool import UserPool
from swarm.runners.runner import Runner
from swarm.runners.shapes import ShapeFollower

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swarm.control.lifecycle import RunLifecycle
    from swarm.environment import Environment
    from swarm.users.user import User

log = get_logger(__name__)

_ACTIVE = {"spawning", "running", "paused"}
_LOCUSTS_WORD = {"paused": runners.STATE_RUNNING, "quit": runners.STATE_STOPPED}


class LocalRunner(Runner):
    """Runs all users in this process."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        _gevent.blocking_asyncio()
        self._swarm_pool = UserPool(environment)
        self._swarm_driver = LifecycleDriver(self._carry_out, self.quit)
        self._swarm_quitting: gevent.Greenlet[..., Any] | None = None
        for greenlet in self._swarm_driver.greenlets:
            self.greenlet.add(greenlet)

    @property
    def lifecycle(self) -> RunLifecycle:
        """The chart of this run, which owns its state and its target. Only to be read."""
        return self._swarm_driver.lifecycle

    @property
    def state(self) -> str:
        """Where the run stands, in one of the words of `swarm.runners`."""
        return _LOCUSTS_WORD.get(self.lifecycle.state, self.lifecycle.state)

    @property
    def internal_errors(self) -> int:
        """Steps of the run that failed, and users that could not be made."""
        return (
            self._swarm_driver.failed_instructions
            + self._swarm_pool.failed_starts
            + self.messages.failed_listeners
        )

    @property
    def user_greenlets(self) -> gevent.pool.Group:
        """The greenlets of the users that run now."""
        return self._swarm_pool.greenlets

    @property
    def user_count(self) -> int:
        """The users that run now."""
        return len(self._swarm_pool)

    @property
    def user_classes_count(self) -> dict[str, int]:
        """The users that run now, by class."""
        return dict.fromkeys(self.user_classes_by_name, 0) | self._swarm_pool.counts()

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
        event = "retarget" if self.lifecycle.state in _ACTIVE else "start"
        log.info("ramping", users=user_count, rate=spawn_rate)
        self._ask(event, target)
        if wait and self.spawning_greenlet:
            self.spawning_greenlet.join()

    def pause(self) -> None:
        """Let no user begin another task until `resume`; users keep their state."""
        self._ask("pause")

    def resume(self) -> None:
        """Let the users go on, and a ramp that was not over."""
        self._ask("resume")

    def stop(self) -> None:
        """End the run in order; see Runner.stop."""
        self._end_shape()
        self._ask("stop")
        self._swarm_driver.settle()

    def quit(self) -> None:
        """End the run and the runner; it may be asked for by one of the users that it ends."""
        if self._swarm_quitting is None:
            self._swarm_quitting = gevent.spawn(self._quit)
        if gevent.getcurrent() not in self._swarm_driver.greenlets:
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
        self.shape_greenlet = gevent.spawn(ShapeFollower(self, shape).follow)

    def send_message(self, msg_type: str, data: Any = None, client_id: str | None = None) -> None:
        """Deliver a message of the user's own to the listener on this very node, whatever the `client_id`."""
        self.messages.deliver(Message(msg_type, data, client_id or "local"))

    def _target(self, user_count: int, spawn_rate: float, classes: Iterable[type[User]]) -> Target:
        if spawn_rate <= 0:
            raise SwarmError(f"The spawn rate is {spawn_rate}; it must be above 0 users a second.")
        shares = [ClassShare(c.__name__, c.weight, c.fixed_count) for c in classes]
        users = dict.fromkeys(self.user_classes_by_name, 0) | users_per_class(shares, user_count)
        return Target(users, spawn_rate)

    def _ask(self, event: str, target: Target | None = None) -> None:
        try:
            self._swarm_driver.ask(event, target)
        except LifecycleError as refusal:
            log.info(f"ignored: {refusal}")

    def _quit(self) -> None:
        self._end_shape()
        if self.lifecycle.state in _ACTIVE:
            self._ask("stop")
        self._swarm_driver.settle()
        self._ask("quit")

    def _end_shape(self) -> None:
        shape_greenlet, self.shape_greenlet = self.shape_greenlet, None
        if shape_greenlet and shape_greenlet is not gevent.getcurrent():
            shape_greenlet.kill(block=False)

    def _carry_out(self, instruction: Instruction) -> None:
        events, pool = self.environment.events, self._swarm_pool
        match instruction:
            case ClearStatistics():
                self.stats.clear_all()
                self.exceptions.clear()
                self.monitor.begin()
            case FireTestStart():
                events.test_start.fire(environment=self.environment)
            case Spawn(phase, target):
                self._end_ramp()
                self.spawning_greenlet = gevent.spawn(self._ramp, phase, target)
            case FireSpawningComplete(user_count):
                log.info("all users spawned", users=user_count, **pool.counts())
                if self.environment.reset_stats:
                    log.info("statistics reset")
                    self.stats.reset_all()
                events.spawning_complete.fire(user_count=user_count)
            case HoldUsers():
                self._end_ramp()
                pool.hold()
            case ReleaseUsers():
                pool.release()
            case FireTestStopping():
                self._end_ramp()
                events.test_stopping.fire(environment=self.environment)
            case StopUsers(phase):
                pool.stop_all()
                self._swarm_driver.report("users_stopped", phase)
            case FireTestStop():
                self.monitor.end()
                events.test_stop.fire(environment=self.environment)
            case Shutdown():
                self._end_ramp()
                self.monitor.end()
                pool.kill_all()

    def _ramp(self, phase: int, target: Target) -> None:
        try:
            self._swarm_pool.ramp(target, self.user_classes_by_name)
        except GreenletExit:
            return
        self._swarm_driver.report("spawned", phase)

    def _end_ramp(self) -> None:
        if self.spawning_greenlet:
            self.spawning_greenlet.kill()
