"""Load that follows a shape: how many users there are to be, second by second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from swarm.runners.runner import Runner
    from swarm.users.user import User

    Tick = tuple[int, float] | tuple[int, float, list[type[User]] | None]


class LoadTestShapeMeta(type):
    """Makes `abstract` hold for the class itself only, not for its subclasses."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        """Make the class."""
        namespace.setdefault("abstract", False)
        return super().__new__(mcs, name, bases, namespace)


class LoadTestShape(metaclass=LoadTestShapeMeta):
    """The shape of a run's load: a file's own class overrides `tick`, which is asked once a second."""

    abstract: bool = True
    """A base for other shapes. Holds for the class itself, not for its subclasses."""
    use_common_options: bool = False
    """Whether -u, -r and -t go on having an effect; otherwise they are ignored with a warning."""
    runner: Runner | None = None
    """The runner of the run."""

    _swarm_started: float | None = None

    def tick(self) -> Tick | None:
        """Return (users, users started or stopped a second), a list of classes as third; None ends the run."""
        return None

    def get_run_time(self) -> float:
        """Return the seconds since the run began."""
        if self._swarm_started is None:
            self.reset_time()
        return time.perf_counter() - (self._swarm_started or 0.0)

    def get_current_user_count(self) -> int:
        """Return how many users run now."""
        return self.runner.user_count if self.runner is not None else 0

    def reset_time(self) -> None:
        """Begin counting the run time anew."""
        self._swarm_started = time.perf_counter()
