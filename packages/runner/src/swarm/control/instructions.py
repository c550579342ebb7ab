"""What the lifecycle asks its shell to do, in this order.

Work that takes time carries the number of its phase: the shell drops it when that phase is over by the time
its turn comes, and reports its end with the same number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Target:
    """The users that a run is to have: how many of each class, and how fast to get there.

    `spawn_rate` is users started or stopped a second; `users` maps a class's name to its count. The first step
    waits for `start_after` seconds, so that the workers of a swarm don't all take theirs at once.
    """

    users: Mapping[str, int] = field(default_factory=dict)
    spawn_rate: float = 1.0
    start_after: float = 0.0

    @property
    def user_count(self) -> int:
        """The users of all classes together."""
        return sum(self.users.values())


@dataclass(frozen=True, slots=True)
class Instruction:
    """Base of the instructions."""


@dataclass(frozen=True, slots=True)
class ClearStatistics(Instruction):
    """Forget what an earlier run measured."""


@dataclass(frozen=True, slots=True)
class FireTestStart(Instruction):
    """Call the listeners of `test_start`."""


@dataclass(frozen=True, slots=True)
class Spawn(Instruction):
    """Start or stop users at the target's rate until exactly the target's users run; then report `spawned`."""

    phase: int
    target: Target


@dataclass(frozen=True, slots=True)
class FireSpawningComplete(Instruction):
    """Call the listeners of `spawning_complete`."""

    user_count: int


@dataclass(frozen=True, slots=True)
class HoldUsers(Instruction):
    """Let no user begin another task; what runs may end."""


@dataclass(frozen=True, slots=True)
class ReleaseUsers(Instruction):
    """Let held users go on."""


@dataclass(frozen=True, slots=True)
class FireTestStopping(Instruction):
    """Call the listeners of `test_stopping`."""


@dataclass(frozen=True, slots=True)
class StopUsers(Instruction):
    """Stop all users in order; then report `users_stopped`."""

    phase: int


@dataclass(frozen=True, slots=True)
class CutUsers(Instruction):
    """Cut off at once what the StopUsers of this phase would still wait for, be it carried out already or not yet."""

    phase: int


@dataclass(frozen=True, slots=True)
class FireTestStop(Instruction):
    """Call the listeners of `test_stop`."""


@dataclass(frozen=True, slots=True)
class Shutdown(Instruction):
    """End the shell: cut off what still runs, and its own greenlets."""
