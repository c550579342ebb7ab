"""Hooks that a locustfile listens to, and the one instance that it imports: `events`.

A listener that raises is logged and counted and the others still run; the exceptions by which a task steers
its user (StopUser, StopTest, InterruptTaskSet, RescheduleTask …) reach the task once all listeners have run.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from gevent import GreenletExit

from swarm.exceptions import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ListenerT = TypeVar("ListenerT", bound="Callable[..., Any]")

FLOW_CONTROL = (StopUser, StopTest, InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately)

logger = logging.getLogger("swarm.event")


class Recorder(Protocol):
    """What the request hook records into; `swarm_stats.registry.Registry` is one."""

    def record(
        self,
        method: str,
        name: str,
        service_us: int | None,
        length: int,
        now: float,
        error: BaseException | str | None = None,
        from_intent_us: int | None = None,
    ) -> Any:
        """Count one request: µs, bytes, seconds since the epoch."""

    def record_interrupted(self, method: str, name: str) -> Any:
        """Count a request that was cut off at the stop of its user."""


class EventHook:
    """A list of listeners, called with keyword arguments by `fire`.

    `listener_errors` counts the listeners' errors since the start of the process.
    """

    def __init__(self) -> None:
        self._handlers: list[Callable[..., Any]] = []
        self.listener_errors = 0

    def add_listener(self, handler: ListenerT) -> ListenerT:
        """Call `handler` at each firing; returned as it came, so this is a decorator, too."""
        self._handlers.append(handler)
        return handler

    def remove_listener(self, handler: Callable[..., Any]) -> None:
        """Forget `handler`. Raises ValueError when it does not listen."""
        self._handlers.remove(handler)

    def fire(self, *, reverse: bool = False, **kwargs: Any) -> None:
        """Call all listeners with `kwargs`, the last added first when `reverse`."""
        self.notify(reverse=reverse, **kwargs)

    def notify(self, *, reverse: bool = False, **kwargs: Any) -> None:
        """Call all listeners with `kwargs`, and do nothing else that `fire` may do."""
        steering: BaseException | None = None
        # A copy, since a listener may remove itself.
        for handler in self._handlers[::-1] if reverse else self._handlers[:]:
            try:
                handler(**kwargs)
            except FLOW_CONTROL as exception:
                steering = steering or exception
            except Exception:
                self.listener_errors += 1
                logger.exception("A listener raised an error: %s", _described(handler))
        if steering is not None:
            raise steering

    @contextmanager
    def measure(
        self, request_type: str, name: str, response_length: int = 0, context: dict[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Time a block and fire this hook for it as a request, failed if the block raised an error.

        Yields the keyword arguments that will be fired, to be added to or overwritten: `response_length`
        (bytes), `response`, `exception`, `name` and so on; a `response_time` (ms) of one's own is kept. An
        error that the block raises is the request's failure and goes no further, so the task goes on. What
        steers the user (StopUser …) is no failure and passes; a `gevent.Timeout` of the user's own is a
        failure and passes, too; a block that is cut off by the stop of its user counts as interrupted.
        """
        meta: dict[str, Any] = {
            "request_type": request_type,
            "name": name,
            "response_length": response_length,
            "exception": None,
            "context": context if context is not None else {},
            "response": None,
            "start_time": time.time(),
            "url": None,
        }
        start = time.perf_counter()
        try:
            yield meta
        except GreenletExit:
            self._cut_off(meta)
            raise
        except FLOW_CONTROL:
            self._fire_measured(meta, start)
            raise
        except Exception as exception:
            if type(exception).__module__ == "bdb":
                raise  # somebody left the debugger: no failure, and not to be kept from leaving
            meta["exception"] = exception
            self._fire_measured(meta, start)
        except BaseException as exception:
            meta["exception"] = exception
            self._fire_measured(meta, start)
            raise
        else:
            self._fire_measured(meta, start)

    def _fire_measured(self, meta: dict[str, Any], start: float) -> None:
        meta.setdefault("response_time", (time.perf_counter() - start) * 1000)
        self.fire(**meta)

    def _cut_off(self, meta: dict[str, Any]) -> None:
        """Tell nobody: only the request hook counts what was interrupted."""


class RequestHook(EventHook):
    """The hook of requests: `fire` records the sample, then calls the listeners.

    Swarm's own clients record by themselves and call `notify`, so that nothing is counted twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stats: Recorder | None = None

    def bind(self, stats: Recorder | None) -> None:
        """Record into `stats` from now on; None stops the recording."""
        self.stats = stats

    def fire(self, *, reverse: bool = False, **kwargs: Any) -> None:
        """Record the request and call all listeners with exactly these arguments.

        What is recorded: `request_type` and `name`; `response_time` in ms, None for a request without a
        time; `response_length` in bytes; `exception`, an exception or a text, when it failed. All but the
        first two may be left out. Arguments that make no sample are logged and counted as a listener's error.
        """
        if self.stats is not None:
            try:
                _record(self.stats, **kwargs)
            except (TypeError, ValueError):
                self.listener_errors += 1
                logger.exception("events.request.fire() was called with arguments that make no sample")
        self.notify(reverse=reverse, **kwargs)

    def _cut_off(self, meta: dict[str, Any]) -> None:
        if self.stats is not None:
            self.stats.record_interrupted(meta["request_type"], meta["name"])


def _record(
    stats: Recorder,
    *,
    request_type: str,
    name: str,
    response_time: float | None = None,
    response_length: int | None = None,
    exception: BaseException | str | None = None,
    **_other: Any,
) -> None:
    service_us = None if response_time is None else max(round(response_time * 1000), 0)
    error = None if exception is None or exception == "" else exception
    stats.record(request_type, name, service_us, int(response_length or 0), time.time(), error)


def _described(handler: Callable[..., Any]) -> str:
    name = getattr(handler, "__qualname__", None) or repr(handler)
    return f"{getattr(handler, '__module__', None) or '?'}.{name}"


_REMOVED = {
    "request_success": "request",
    "request_failure": "request",
    "locust_error": "user_error",
    "hatch_complete": "spawning_complete",
    "slave_report": "worker_report",
    "locust_start_hatching": "test_start",
    "locust_stop_hatching": "test_stop",
}


class Events:
    """All hooks of a run; a file may add its own: `events.my_hook = EventHook()`.

    The arguments of a hook stand in the comment beside it. Listeners should take `**kwargs`, too, since a
    later version may add arguments.
    """

    def __init__(self) -> None:
        #: request_type, name, response_time (ms), response_length (bytes), response, context, exception,
        #: start_time (seconds since the epoch), url: after each request; exception is None on success
        self.request = RequestHook()
        #: user_instance, exception, tb: a task, on_start or on_stop raised
        self.user_error = EventHook()
        #: client_id, data (a dict, may be added to): on a worker, before each report
        self.report_to_master = EventHook()
        #: client_id, data: on the master, a report came
        self.worker_report = EventHook()
        #: client_id: on the master, a worker is new
        self.worker_connect = EventHook()
        #: user_count: all users of a ramp are there
        self.spawning_complete = EventHook()
        #: environment: the process is about to go
        self.quitting = EventHook()
        #: exit_code: the process goes
        self.quit = EventHook()
        #: environment, runner, web_ui: once a process, when they exist
        self.init = EventHook()
        #: parser: before options are parsed
        self.init_command_line_parser = EventHook()
        #: environment: a run begins; not again when only its user count changes
        self.test_start = EventHook()
        #: environment: before the users are stopped
        self.test_stopping = EventHook()
        #: environment: after the users were stopped
        self.test_stop = EventHook()
        #: none: the statistics were reset
        self.reset_stats = EventHook()
        #: environment, cpu_usage (%): over 90 %
        self.cpu_warning = EventHook()
        #: client_id, timestamp: on the master
        self.heartbeat_sent = EventHook()
        #: client_id, timestamp: on a worker
        self.heartbeat_received = EventHook()
        #: environment, cpu_usage (%), memory_usage (bytes): every few seconds
        self.usage_monitor = EventHook()

    @property
    def listener_errors(self) -> int:
        """How many times a listener of any hook has raised an error."""
        return sum(hook.listener_errors for hook in vars(self).values() if isinstance(hook, EventHook))

    def __getattr__(self, name: str) -> NoReturn:
        successor = _REMOVED.get(name)
        if successor is not None:
            raise AttributeError(
                f"events.{name} does not exist any more: listen to events.{successor} instead"
                + (
                    ", whose argument `exception` tells success from failure."
                    if successor == "request"
                    else "."
                )
            )
        raise AttributeError(
            f"There is no event {name!r}. To add an event of your own, write events.{name} = EventHook()."
        )


events = Events()
"""The hooks that a locustfile listens to; the command line's environment uses them."""
