"""The run on one machine: a lifecycle chart, and a pool of users that does what the chart says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.log import get_logger
from swarm.runners.driver import LifecycleDriver, LifecycleEvent
from swarm.runners.duties import UserHost
from swarm.runners.messages import Message, checked
from swarm.runners.steered import SteeredRunner, is_one_of

if TYPE_CHECKING:
    from swarm.control.instructions import Target
    from swarm.control.lifecycle import RunLifecycle
    from swarm.environment import Environment

log = get_logger(__name__)


class LocalRunner(UserHost, SteeredRunner):
    """Runs all users in this process."""

    client_id = "local"
    """The name that messages to itself come from."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._swarm_driver = LifecycleDriver(self._swarm_duties.carry_out, self.quit)
        for greenlet in self._swarm_driver.greenlets:
            self.greenlet.add(greenlet)

    @property
    def lifecycle(self) -> RunLifecycle:
        """The chart of this run, which owns its state and its target. Only to be read."""
        return self._swarm_driver.lifecycle

    @property
    def internal_errors(self) -> int:
        """Steps of the run that failed, and users that could not be made."""
        return (
            self._swarm_driver.failed_instructions
            + self._swarm_pool.failed_starts
            + self.messages.failed_listeners
        )

    def send_message(self, msg_type: str, data: Any = None, client_id: str | None = None) -> None:
        """Deliver a message of the user's own to the listener on this very node, whatever the `client_id`.

        It arrives as it would on another node. Raises RPCSendError that names what cannot be sent.
        """
        self.messages.deliver(Message(msg_type, checked(msg_type, data), client_id or self.client_id))

    def reset_stats(self) -> None:
        """Set the statistics to zero, then call the listeners of `reset_stats`."""
        log.info("statistics reset")
        self.stats.reset_all()
        self.exceptions.clear()
        self.environment.events.reset_stats.fire()

    def _swarm_ramp_complete(self) -> None:
        if self.environment.reset_stats:
            self.reset_stats()

    def _swarm_ask(self, event: str, target: Target | None = None) -> None:
        self._swarm_driver.ask(LifecycleEvent(event, target))

    def _swarm_settle(self) -> None:
        self._swarm_driver.settle()

    def _swarm_is_within(self) -> bool:
        return is_one_of(self._swarm_driver.greenlets)

    def _swarm_report(self, name: str, phase: int) -> None:
        self._swarm_driver.bring(LifecycleEvent(name, phase=phase))
