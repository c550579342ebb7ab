"""Locust's class that says, second by second, who runs which users; here it asks the plan that runs follow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from swarm.control.apportion import ClassShare, interleaved, users_per_class, users_per_worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swarm.users.user import User

Dispatch = dict[str, dict[str, int]]
"""Worker's id to user class to number of users."""


class Node(Protocol):
    """A worker: all that matters of it is its name."""

    @property
    def id(self) -> str:
        """Its name."""


class UsersDispatcher:
    """The way from the users that run to a target, as an iterator: each step is what the workers are to have then.

    A step starts (or stops) `spawn_rate` users, one when that is less than one; steps are a second apart, or as
    long as one user takes, but nothing here waits. `new_dispatch` sets a target; workers may come and go.
    """

    def __init__(self, worker_nodes: Iterable[Node], user_classes: Iterable[type[User]]) -> None:
        self._workers = sorted(worker_nodes, key=lambda worker: worker.id)
        self._classes = list(user_classes)
        self._users: dict[str, int] = {}
        self._target: dict[str, int] = {}
        self._spread: Dispatch = {worker.id: {} for worker in self._workers}
        self._steps: Iterator[Dispatch] = iter(())
        self._in_progress = False
        self._durations: list[float] = []
        self.spawn_rate = 1.0

    def __iter__(self) -> UsersDispatcher:
        return self

    def __next__(self) -> Dispatch:
        """Return the next step; StopIteration when the target is reached."""
        began = time.perf_counter()
        step = next(self._steps)
        self._durations.append(time.perf_counter() - began)
        return step

    @property
    def dispatch_in_progress(self) -> bool:
        """Whether the target is still to be reached."""
        return self._in_progress

    @property
    def dispatch_iteration_durations(self) -> list[float]:
        """How long each step took to compute (seconds)."""
        return self._durations

    def get_current_user_count(self) -> int:
        """Return the users of the last step, over all workers and classes."""
        return sum(self._users.values())

    def new_dispatch(
        self, target_user_count: int, spawn_rate: float, user_classes: Iterable[type[User]] | None = None
    ) -> None:
        """Set a target: so many users, of these classes (None: as before).

        Raises SwarmError for a count, weight or fixed count below 0.
        """
        if user_classes is not None:
            self._classes = list(user_classes)
        shares = [ClassShare(each.__name__, each.weight, each.fixed_count) for each in self._classes]
        self._target = users_per_class(shares, target_user_count)
        self.spawn_rate = spawn_rate
        self._begin()

    def add_worker(self, worker_node: Node) -> None:
        """Let a worker take its share, from the next step on."""
        if worker_node.id not in self._spread:
            self._workers = sorted([*self._workers, worker_node], key=lambda worker: worker.id)
            self._spread[worker_node.id] = {}
            self._begin()

    def remove_worker(self, worker_node: Node) -> None:
        """Give a worker's users to the others, from the next step on."""
        self._workers = [worker for worker in self._workers if worker.id != worker_node.id]
        lost = self._spread.pop(worker_node.id, {})
        for name, count in lost.items():
            self._users[name] -= count
        self._begin()

    def _begin(self) -> None:
        self._in_progress = True
        self._steps = self._towards_target()

    def _towards_target(self) -> Iterator[Dispatch]:
        """Yield at least once, so that workers that came or went have what they are to have."""
        per_step = max(1, int(self.spawn_rate))
        coming, going = self._changes()
        while True:
            for name in coming[:per_step]:
                self._users[name] = self._users.get(name, 0) + 1
            for name in going[:per_step]:
                self._users[name] -= 1
            coming, going = coming[per_step:], going[per_step:]
            self._in_progress = bool(coming or going)
            yield self._spread_out()
            if not self._in_progress:
                return

    def _changes(self) -> tuple[list[str], list[str]]:
        """Return which users are to start and which to stop, classes mixed."""
        names = {**self._users, **self._target}
        steps = {name: self._target.get(name, 0) - self._users.get(name, 0) for name in names}
        coming = interleaved({name: count for name, count in steps.items() if count > 0})
        going = interleaved({name: -count for name, count in steps.items() if count < 0})
        return list(coming), list(going)

    def _spread_out(self) -> Dispatch:
        held = [self._spread[worker.id] for worker in self._workers]
        shares: list[dict[str, int]] = users_per_worker(self._users, held) if held else []
        self._spread = {worker.id: share for worker, share in zip(self._workers, shares, strict=True)}
        known: dict[str, Any] = dict.fromkeys((each.__name__ for each in self._classes), 0)
        return {identity: known | share for identity, share in self._spread.items()}
