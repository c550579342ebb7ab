"""What master and worker have in common: a core that is driven, a clock, and messages that may be sent."""

from __future__ import annotations

import time
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gevent

from swarm import _gevent
from swarm.control.effects import DeliverCustom, FireResetStats, Log
from swarm.control.instructions import Instruction
from swarm.log import get_logger
from swarm.runners.messages import Message
from swarm.runners.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.environment import Environment
    from swarm.runners.driver import Driver

log = get_logger(__name__)

TICKS_PER_INTERVAL = 4
"""How often time goes by for a core in a heartbeat interval."""

END_RUN = "swarm: end the run"
"""The type of the message by which a worker asks the master to end the run; its data is an exit code or None."""


@dataclass(frozen=True, slots=True)
class Call(Instruction):
    """Call a function in its turn: what a shell itself has to do behind the listeners."""

    function: Callable[[], object]


class DistributedRunner(Runner):
    """A node of a run that is spread over several processes."""

    _swarm_driver: Driver[Any]

    def __init__(self, environment: Environment) -> None:
        _gevent.statemachine_queue()  # the charts' engine takes its queue when they are made
        super().__init__(environment)
        self._swarm_began = time.time() - time.monotonic()

    @property
    @abstractmethod
    def node_id(self) -> str:
        """The name under which the other nodes know this one."""

    def _swarm_now(self) -> float:
        """Return seconds since the epoch on a clock that never goes back."""
        return self._swarm_began + time.monotonic()

    def _swarm_carry_out_common(self, instruction: Instruction) -> None:
        match instruction:
            case Log(level, text, details):
                (log.warning if level == "warning" else log.info)(text, **details)
            case DeliverCustom(identity, type_, data):
                self.messages.deliver(Message(type_, data, identity or "master"))
            case FireResetStats():
                self.environment.events.reset_stats.fire()
            case Call(function):
                function()

    def _swarm_tick_for_ever(self, interval: float, tick: Callable[[], None]) -> None:
        while True:
            gevent.sleep(interval / TICKS_PER_INTERVAL)
            tick()
