"""A run without a runner: its users' clients report to it, and it tells what was counted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import gevent
from gevent.pool import Group

from swarm import Environment, User

if TYPE_CHECKING:
    from collections.abc import Callable

UserT = TypeVar("UserT", bound=User)


class Bench:
    """Makes users, runs them, and keeps the events of their requests."""

    def __init__(self) -> None:
        self.environment: Any = Environment()
        self.events: list[dict[str, Any]] = []
        self.environment.events.request.add_listener(lambda **event: self.events.append(event))
        self._made: list[User] = []
        self._group = Group()

    def user(self, base: type[UserT], **attributes: Any) -> UserT:
        """Return a user of a class of its own, which does not run."""
        user = type("Somebody", (base,), attributes)(self.environment)
        self._made.append(user)
        return user

    def running(
        self, base: type[UserT], count: int, task: Callable[[Any], Any], **attributes: Any
    ) -> list[UserT]:
        """Start users that run a task once each, and stay."""

        def once(user: Any) -> None:
            task(user)
            gevent.sleep(1e6)

        somebody = type("Somebody", (base,), {"tasks": [once], **attributes})
        users = [somebody(self.environment) for _ in range(count)]
        self._made += users
        for user in users:
            user.start(self._group)
        return users

    @property
    def counted(self) -> dict[str, int]:
        """The counted requests by "TYPE name"."""
        entries = self.environment.stats.entries.values()
        return {f"{each.method} {each.name}": each.num_requests for each in entries if each.num_requests}

    @property
    def failed(self) -> dict[str, str]:
        """The errors by "TYPE name", the last of each."""
        errors = self.environment.stats.errors.values()
        return {f"{each.method} {each.name}": str(each.error) for each in errors}

    @property
    def interrupted(self) -> int:
        """How many requests were cut off."""
        count: int = self.environment.stats.interrupted
        return count

    def stop(self) -> None:
        """Stop all users at once, as the end of a run does when their time is up."""
        for user in self._made:
            if user.greenlet is not None:
                user.stop(force=True)
        assert self._group.join(timeout=30), "somebody did not end"

    def close(self) -> None:
        """End all users and their clients."""
        self._group.kill(timeout=30)
        for user in self._made:
            for session in user.__dict__.get("_swarm_sessions", ()):
                session.close()


def until(condition: Callable[[], Any], seconds: float = 40) -> None:
    """Let the greenlets run until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        gevent.sleep(0.002)
