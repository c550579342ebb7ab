"""A simulated user: its settings, its life from `on_start` to `on_stop`, and how it is stopped."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, overload

import gevent
from gevent import GreenletExit, get_hub, getcurrent

from swarm.exceptions import StopTest, StopUser
from swarm.users import failures
from swarm.users.states import RUNNING, STOPPING, WAITING
from swarm.users.tasks import collect_tasks
from swarm.users.taskset import EXITS, DefaultTaskSet, run_on_stop
from swarm.users.wait_time import adopt_old_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent.event import Event
    from gevent.pool import Group

    from swarm.environment import Environment

logger = logging.getLogger("swarm.users")


class UserMeta(type):
    """Collects a user class's tasks from its bases and its body; `abstract` holds for the class itself only."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        """Make the class; raises ValueError for a task's weight that is none."""
        namespace["tasks"] = collect_tasks(bases, namespace)
        namespace.setdefault("abstract", False)
        if "task_set" in namespace:
            logger.warning(
                "%s.task_set is not used: write tasks = [%s].", name, _name_of(namespace["task_set"])
            )
        cls = super().__new__(mcs, name, bases, namespace)
        adopt_old_settings(cls, namespace)
        return cls


class _Lazy:
    """An attribute made for the instance at its first use, so that an idle user does not pay for it.

    Not a data descriptor: the value then lies in the instance's `__dict__` and is found there directly.
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> _Lazy: ...
    @overload
    def __get__(self, instance: Any, owner: type) -> Any: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._make(instance)
        return value


class User(metaclass=UserMeta):
    """One of the simulated users. A file's own class adds tasks, a `wait_time` and a client.

    A user runs in a greenlet of its own: `on_start`, then one task after the other, each chosen by weight,
    with a wait in between, and `on_stop` at its end.
    """

    host: str | None = None
    """Base URL of the target; `--host` goes before it."""
    tasks: list[Any] | dict[Any, int]
    """Functions of the user and TaskSet classes: a list, or a dict with weights. `@task` methods add to it."""
    weight: float = 1
    """How many of the users are of this class, beside the weights of the others."""
    fixed_count: int = 0
    """Exactly this many users of this class; `weight` does not count then."""
    abstract: bool = True
    """A base for other classes, of which no users are made. Holds for the class itself, not for its subclasses."""
    min_wait: float | None = None
    """Shortest wait in ms; `wait_time = between(1, 3)` in seconds is the way to write it now."""
    max_wait: float | None = None
    """Longest wait in ms; see `min_wait`."""
    wait_function: Any = None
    """A function that returns a wait in ms; `wait_time` in seconds is the way to write it now."""

    _swarm_halt = False
    """Set by who stops the user: no request begins any more, and the one in flight ends the user."""
    _swarm_intended_start: float | None = None
    """When the schedule wanted the next request (perf_counter seconds); None in a closed workload."""
    _swarm_task_start = 0.0
    """When the task that runs began (perf_counter seconds), for the waits that keep a pace."""
    _swarm_state = RUNNING
    _swarm_leaving = False
    _swarm_cut_due = False
    _swarm_gate: Event | None = None
    """While set and not open, no task begins: the run is paused."""
    _swarm_greenlet: gevent.Greenlet[..., Any] | None = None
    _swarm_group: Group | None = None
    _swarm_sessions: Any = _Lazy(lambda _: [])
    """The user's HTTP sessions, which tell whether a request is in flight."""
    _swarm_taskset: Any = _Lazy(DefaultTaskSet)

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        if environment.host:
            self.host = environment.host

    def on_start(self) -> None:
        """Run before the first task; for a file to override. An error in it ends the user."""

    def on_stop(self) -> None:
        """Run once at the user's end, also when it was stopped in `on_start`; for a file to override."""

    def wait_time(self) -> float:
        """Return the seconds to wait between two tasks; none unless a file says so."""
        return 0

    def wait(self) -> None:
        """Sleep for `wait_time`, as between two tasks."""
        self._swarm_taskset.wait()

    def context(self) -> dict[str, Any]:
        """Return what the request event is to have as `context`; for a file to override."""
        return {}

    @property
    def greenlet(self) -> gevent.Greenlet[..., Any] | None:
        """The greenlet that the user runs in; None before its start."""
        return self._swarm_greenlet

    @property
    def group(self) -> Group | None:
        """The group of greenlets that the user was started in; None before its start."""
        return self._swarm_group

    @classmethod
    def fullname(cls) -> str:
        """Return the class's name with its module: `shop.users.Customer`."""
        return f"{cls.__module__}.{cls.__qualname__}"

    @classmethod
    def json(cls) -> dict[str, Any]:
        """Return the settings of this class, as `--config-users` takes them."""
        return {
            "host": cls.host,
            "weight": cls.weight,
            "fixed_count": cls.fixed_count,
            "tasks": [_name_of(entry) for entry in cls.tasks],
        }

    def start(self, group: Group) -> gevent.Greenlet[..., Any]:
        """Run the user in a new greenlet of `group`, and return it."""
        self._swarm_group = group
        self._swarm_greenlet = greenlet = group.spawn(self.run)
        return greenlet

    def stop(self, force: bool = False) -> bool:
        """Stop the user; its `on_stop` is called in its own greenlet.

        In a wait it ends at once. Otherwise it ends with the task that runs or, with `force`, at once: a
        request in flight is cut off then. A user that is in its `on_stop` is left to it. Returns whether it
        ends at once. Called with `force` from the user's own task, it raises GreenletExit.
        """
        if self._swarm_cut_due:
            return True
        greenlet = self._swarm_greenlet
        if greenlet is None or greenlet.dead or self._swarm_leaving:
            return False
        waits = self._swarm_state == WAITING
        self._swarm_state = STOPPING
        if not (force or waits):
            return False
        self._swarm_halt = True
        if greenlet is getcurrent():
            raise GreenletExit
        self._swarm_cut_due = True
        get_hub().loop.run_callback(self._swarm_cut)
        return True

    def run(self) -> None:
        """Live: `on_start`, tasks, `on_stop`. Returns when the user has ended.

        Without `environment.catch_exceptions` the first error that the user's code raises is raised here.
        """
        try:
            try:
                if not self._swarm_arrive():
                    return
                self._swarm_taskset.run()
            except (StopUser, GreenletExit):
                pass
            except (StopTest, SystemExit) as request:
                failures.end_run(self.environment, request)
            self._swarm_depart()
        finally:
            self._swarm_halt = True  # whatever greenlet of the user's own is left ends at its next request
            for session in self.__dict__.get("_swarm_sessions", ()):
                session.close()  # a connection's watcher would keep it open for ever
            if self._swarm_group is not None and self._swarm_greenlet is not None:
                # Now and not a turn later: who ends next may ask whether it is the last one.
                self._swarm_group.discard(self._swarm_greenlet)

    def _swarm_arrive(self) -> bool:
        """Run `on_start`; return whether it went well."""
        try:
            self.on_start()
        except EXITS:
            raise
        except BaseException as error:
            failures.report(self, error, "its on_start, and ends")
            if not self.environment.catch_exceptions:
                raise
            return False
        return True

    def _swarm_depart(self) -> None:
        """Run `on_stop`."""
        self._swarm_leave()
        try:
            run_on_stop(self, self)
        except (StopUser, GreenletExit):
            pass
        except (StopTest, SystemExit) as request:
            failures.end_run(self.environment, request)

    def _swarm_leave(self) -> None:
        """Open the way for the requests of `on_stop`."""
        if not self._swarm_leaving:
            self._swarm_leaving = True
            self._swarm_halt = False

    def _swarm_cut(self) -> None:
        """Throw GreenletExit into the user's greenlet, unless it has reached its `on_stop` by itself meanwhile."""
        self._swarm_cut_due = False
        greenlet = self._swarm_greenlet
        if greenlet is not None and not greenlet.dead and not self._swarm_leaving:
            greenlet.throw(GreenletExit)

    def _swarm_hold(self) -> None:
        """Wait until the run goes on."""
        gate = self._swarm_gate
        if gate is None:
            return
        self._swarm_state = WAITING
        gate.wait()
        if self._swarm_state == STOPPING:
            raise StopUser
        self._swarm_state = RUNNING


def _name_of(entry: Any) -> str:
    return str(getattr(entry, "__name__", None) or repr(entry))
