"""What every runner offers to a locustfile's listeners, whatever its role."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from gevent.pool import Group

from swarm.runners.messages import MessageBoard
from swarm.runners.monitor import GeneratorMonitor
from swarm_stats.exceptions import Exceptions

if TYPE_CHECKING:
    from collections.abc import Callable

    import gevent

    from swarm.environment import Environment
    from swarm.users.user import User
    from swarm_stats.failures import Failure, FailureKey
    from swarm_stats.registry import Registry


class Runner(ABC):
    """A run on this node: its state, its users, its statistics. `start`, `stop` and `quit` never raise for a state."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.greenlet: Group = Group()
        self.spawning_greenlet: gevent.Greenlet[..., None] | None = None
        self.shape_greenlet: gevent.Greenlet[..., None] | None = None
        self.exceptions = Exceptions()
        self.messages = MessageBoard(environment)
        self.monitor = GeneratorMonitor(environment)

    @property
    def stats(self) -> Registry:
        """The statistics of the run."""
        return self.environment.stats

    @property
    def errors(self) -> dict[FailureKey, Failure]:
        """The failures by cause."""
        return self.environment.stats.errors

    @property
    def user_classes(self) -> list[type[User]]:
        """The classes that users are made of."""
        return self.environment.user_classes

    @property
    def user_classes_by_name(self) -> dict[str, type[User]]:
        """The same by their names."""
        return self.environment.user_classes_by_name

    @property
    def cpu_usage(self) -> float:
        """Percent of one core over the last seconds."""
        return self.monitor.cpu_usage

    @property
    def custom_messages(self) -> dict[str, tuple[Callable[..., Any], bool]]:
        """The listeners of custom messages: type to (listener, concurrent)."""
        return self.messages.listeners

    @property
    @abstractmethod
    def state(self) -> str:
        """Where the run stands, in one of the words of `swarm.runners`."""

    @property
    @abstractmethod
    def user_count(self) -> int:
        """The users that run now."""

    @abstractmethod
    def start(
        self,
        user_count: int,
        spawn_rate: float,
        wait: bool = False,
        user_classes: list[type[User]] | None = None,
    ) -> None:
        """Begin a run, or give the one that goes on a new target.

        `spawn_rate` is users a second. `wait` returns only when all are there. `user_classes` limits the
        users to some of the environment's classes. Raises SwarmError for a count or rate that cannot be.
        """

    @abstractmethod
    def stop(self) -> None:
        """End the run in order; returns when the listeners of `test_stop` were called."""

    @abstractmethod
    def quit(self) -> None:
        """End the run and the runner."""

    @abstractmethod
    def send_message(self, msg_type: str, data: Any = None, client_id: str | None = None) -> None:
        """Send a message of the user's own to the other nodes, on a local runner to itself."""

    @abstractmethod
    def reset_stats(self) -> None:
        """Set the statistics of the whole run to zero, then call the listeners of `reset_stats` on every node."""

    def _swarm_end_test(self) -> None:
        """End the whole run, as a user asked; on a worker the master is to do it."""
        self.quit()

    def cpu_log_warning(self) -> bool:
        """Tell whether this process used more of its core in this run than CPU_WARNING_THRESHOLD."""
        return self.monitor.cpu_warned

    def register_message(self, msg_type: str, listener: Callable[..., Any], concurrent: bool = False) -> None:
        """Call `listener(environment=…, msg=…)` for each message of this type."""
        self.messages.register(msg_type, listener, concurrent=concurrent)

    def log_exception(self, node_id: str, msg: str, formatted_tb: str) -> None:
        """Count an exception that a task, `on_start` or `on_stop` raised."""
        self.exceptions.log(node_id, msg, formatted_tb)
