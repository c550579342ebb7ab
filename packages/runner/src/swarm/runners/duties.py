"""What a node that runs users does of a run's instructions: its pool of users, its statistics, its listeners."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import gevent
from gevent import GreenletExit

from swarm import _gevent
from swarm.control import instructions as do
from swarm.log import get_logger
from swarm.runners.pool import UserPool
from swarm.runners.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.environment import Environment

log = get_logger(__name__)


class UserHost(Runner):
    """A runner in whose process users run."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._swarm_duties = UserDuties(self, self._swarm_report)
        self._swarm_pool = self._swarm_duties.pool

    @abstractmethod
    def _swarm_report(self, name: str, phase: int) -> None:
        """Take in that work of this phase has ended: `spawned` or `users_stopped`."""

    @abstractmethod
    def _swarm_ramp_complete(self) -> None:
        """Do what comes before the listeners of `spawning_complete`."""

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


class UserDuties:
    """Carries out instructions on `runner`'s node; `report(name, phase)` is told when work has ended."""

    def __init__(self, runner: UserHost, report: Callable[[str, int], None]) -> None:
        _gevent.blocking_asyncio()
        self.pool = UserPool(runner.environment)
        self._runner = runner
        self._report = report

    def carry_out(self, instruction: do.Instruction) -> None:
        """Do what is asked for; blocks while listeners run and users stop, not for a ramp."""
        runner, pool = self._runner, self.pool
        environment, events = runner.environment, runner.environment.events
        match instruction:
            case do.ClearStatistics():
                runner.stats.clear_all()
                runner.exceptions.clear()
                runner.monitor.begin()
            case do.FireTestStart():
                events.test_start.fire(environment=environment)
            case do.Spawn(phase, target):
                self._end_ramp()
                runner.spawning_greenlet = gevent.spawn(self._ramp, phase, target)
            case do.FireSpawningComplete(user_count):
                log.info("all users spawned", users=user_count, **pool.counts())
                runner._swarm_ramp_complete()
                events.spawning_complete.fire(user_count=user_count)
            case do.HoldUsers():
                self._end_ramp()
                pool.hold()
            case do.ReleaseUsers():
                pool.release()
            case do.FireTestStopping():
                self._end_ramp()
                events.test_stopping.fire(environment=environment)
            case do.StopUsers(phase):
                pool.stop_all()
                self._report("users_stopped", phase)
            case do.CutUsers():
                pool.cut()
            case do.FireTestStop():
                runner.monitor.end()
                events.test_stop.fire(environment=environment)
            case do.Shutdown():
                self._end_ramp()
                runner.monitor.end()
                pool.kill_all()

    def _ramp(self, phase: int, target: do.Target) -> None:
        runner = self._runner
        # A browser UI on the master may choose any class of the file, whichever were named at the start here.
        known = dict(runner.environment.available_user_classes or {}) | runner.user_classes_by_name
        try:
            self.pool.ramp(target, known)
        except GreenletExit:
            return
        self._report("spawned", phase)

    def _end_ramp(self) -> None:
        if self._runner.spawning_greenlet:
            self._runner.spawning_greenlet.kill()
