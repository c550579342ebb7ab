"""The users that run in this process: starts them at a rate, holds them, and stops them in order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.pool import Group

from swarm.control.apportion import interleaved
from swarm.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from swarm.control.instructions import Target
    from swarm.environment import Environment
    from swarm.users.user import User

log = get_logger(__name__)

REQUEST_GRACE_S = 1.5
"""A request in flight at a stop has this long to end and be counted; then it is cut off."""
ON_STOP_GRACE_S = 1.0
"""What users have for their `on_stop` after the last request was cut off."""
SPAWN_BATCH = 50
"""Users started without giving way to those that run."""
TICK_S = 0.01
POLL_S = 0.01


class _UserGroup(Group):
    """The users' greenlets; tells the pool of each that ends, at no cost a user."""

    def __init__(self, on_end: Callable[[Any], None]) -> None:
        super().__init__()
        self._on_end = on_end

    def _discard(self, greenlet: Any) -> None:
        super()._discard(greenlet)  # type: ignore[misc]  # its stubs leave out what each greenlet is linked to
        self._on_end(greenlet)


class UserPool:
    """Runs users as greenlets; the only place that knows which users live."""

    def __init__(self, environment: Environment) -> None:
        self.greenlets = _UserGroup(self._forget)
        self.failed_starts = 0
        self._environment = environment
        self._live: dict[str, dict[gevent.Greenlet[..., Any], User]] = {}
        self._last_step = 0.0
        self._gate: Event | None = None
        self._cut = False  # whoever drains is not waited for

    def __len__(self) -> int:
        return sum(len(users) for users in self._live.values())

    def counts(self) -> dict[str, int]:
        """Return how many users of each class live."""
        return {name: len(users) for name, users in self._live.items() if users}

    def users(self) -> list[User]:
        """Return the users that live, class by class in the order of their start."""
        return [user for users in self._live.values() for user in users.values()]

    def ramp(self, target: Target, classes: Mapping[str, type[User]]) -> None:
        """Start and stop users until exactly the target's live; blocks for as long as the rate asks for.

        A change of at most one second's worth of users is made at once; a larger one is spread evenly. A user
        whose constructor raises is logged and counted, and ends the ramp: the next one would fail alike.
        """
        self._cut = False
        if target.start_after > 0:  # the workers of a swarm take turns
            gevent.sleep(target.start_after)
        surplus = {name: len(users) - target.users.get(name, 0) for name, users in self._live.items()}
        deficit = {name: count - len(self._live.get(name, ())) for name, count in target.users.items()}
        leaving = list(interleaved(surplus))
        coming = list(interleaved(deficit))
        stoppers: list[gevent.Greenlet[..., Any]] = []
        wait_for_turn = self._pacing(len(leaving) + len(coming), target.spawn_rate)
        for name in leaving:
            wait_for_turn()
            if self._live[name]:
                _, user = self._live[name].popitem()  # the newest goes first
                stoppers.append(gevent.spawn(self.stop, [user]))
        for name in coming:
            wait_for_turn()
            if not self._start(name, classes.get(name)):
                break
        gevent.joinall(stoppers)

    def hold(self) -> None:
        """Let no user begin another task."""
        self._gate = Event()
        for user in self.users():
            user._swarm_gate = self._gate

    def release(self) -> None:
        """Let held users go on."""
        gate, self._gate = self._gate, None
        if gate is not None:
            for user in self.users():
                user._swarm_gate = None
            gate.set()

    def stop_all(self) -> None:
        """Stop every user; returns when all have ended, at the latest when their time is over."""
        self.stop(self.users())
        self._cut = False

    def cut(self) -> None:
        """Cut off at once whoever is being stopped, or is to be by the `stop_all` that comes next."""
        self._cut = True

    def stop(self, users: Iterable[User]) -> None:
        """Stop these users in order.

        With the environment's `stop_timeout` each may finish its running task within those seconds. Without,
        who waits or sleeps stops at once, and a request in flight has REQUEST_GRACE_S to end. `on_stop` runs
        in any case, and has ON_STOP_GRACE_S after that. A `cut` ends the waiting for tasks and requests.
        """
        pending = [user for user in users if not _ended(user)]
        timeout = self._environment.stop_timeout or 0
        if timeout:
            for user in pending:
                user.stop(force=False)
            pending = _wait(pending, timeout, lambda: self._cut)
        else:
            pending = _let_requests_end(pending, REQUEST_GRACE_S, lambda: self._cut)
        for user in pending:
            user.stop(force=True)
        pending = _wait(pending, ON_STOP_GRACE_S)
        if pending:
            log.warning("users did not end in time and are cut off in their on_stop", users=len(pending))
            greenlets = [user.greenlet for user in pending if user.greenlet]
            gevent.killall(greenlets, block=True, timeout=ON_STOP_GRACE_S)

    def kill_all(self) -> None:
        """End every user at once."""
        self.greenlets.kill(block=False)

    def _start(self, name: str, user_class: type[User] | None) -> bool:
        if user_class is None:  # a worker with another locustfile than its master's
            self.failed_starts += 1
            log.error("there is no such user class here; the ramp ends here", user_class=name)
            return False
        try:
            user = user_class(self._environment)
        except Exception:
            self.failed_starts += 1
            log.error(
                "a user could not be made; the ramp ends here", user_class=user_class.__name__, exc_info=True
            )
            return False
        if self._gate is not None:
            user._swarm_gate = self._gate
        self._live.setdefault(user_class.__name__, {})[user.start(self.greenlets)] = user
        return True

    def _forget(self, greenlet: gevent.Greenlet[..., Any]) -> None:
        for users in self._live.values():
            users.pop(greenlet, None)

    def _pacing(self, steps: int, rate: float) -> Callable[[], None]:
        """Return a function that blocks until the next step is due."""
        done = 0
        begin = max(time.perf_counter(), self._last_step + 1 / rate) if steps > rate else 0.0

        def wait_for_turn() -> None:
            nonlocal done
            if steps > rate:
                delay = begin + done / rate - time.perf_counter()
                if delay > 0:
                    gevent.sleep(max(delay, TICK_S))
            if done % SPAWN_BATCH == SPAWN_BATCH - 1:
                gevent.sleep(0)
            done += 1
            self._last_step = time.perf_counter()

        return wait_for_turn


def _never() -> bool:
    return False


def _let_requests_end(users: list[User], grace: float, is_over: Callable[[], bool]) -> list[User]:
    """Let nobody begin a request, end whoever is not in one, the others as their requests end.

    Returns who is in a request still when `grace` seconds are over, or it is over before, and who has not ended
    otherwise.
    """
    for user in users:
        if not user._swarm_leaving:  # the requests of an on_stop go through
            user._swarm_halt = True
    deadline = time.perf_counter() + grace
    busy = users
    while busy:
        still_busy = []
        for user in busy:
            if any(session.in_flight for session in user._swarm_sessions):
                still_busy.append(user)
            else:
                user.stop(force=True)
        busy = still_busy
        if time.perf_counter() >= deadline or is_over():
            break
        gevent.sleep(POLL_S)
    return [user for user in users if not _ended(user)]


def _wait(pending: list[User], timeout: float, is_over: Callable[[], bool] = _never) -> list[User]:
    """Wait until all have ended; return who has not after `timeout` seconds, or when it is over before."""
    deadline = time.perf_counter() + timeout
    while pending := [user for user in pending if not _ended(user)]:
        if time.perf_counter() >= deadline or is_over():
            break
        gevent.sleep(POLL_S)
    return pending


def _ended(user: User) -> bool:
    return user.greenlet is None or user.greenlet.dead
