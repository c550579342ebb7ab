"""What the UI does with a run: starts it, changes its load, pauses, stops and resets it; and notes who asked.

The rule: an order is checked here against the state that the run is in, then carried out in a greenlet of its own;
what becomes of it, a viewer sees in the frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gevent

from swarm.exceptions import SwarmError
from swarm.log import get_logger
from swarm_web.orders import Invalid, LoadOrder, StartOrder
from swarm_web.setup_facts import wrong_hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from swarm.environment import Environment
    from swarm.runners.steered import SteeredRunner
    from swarm.users.user import User
    from swarm_web.option_fields import OptionFields
    from swarm_web.recorder import Recorder

log = get_logger(__name__)

POLL_S = 0.05
_NOTED = ("weight", "fixed_count", "host")
"""Attributes of a user class whose values stand in the trail."""


class Unknown(Exception):
    """There is no such thing."""


class Refused(Exception):
    """The state of the run does not allow what was asked for; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and from where."""

    who: str
    address: str


class Control:
    """Carries orders out. `users` and `rate` are what a start without them takes."""

    def __init__(self, environment: Environment, recorder: Recorder, options: OptionFields) -> None:
        self.users = 1
        self.rate = 1.0
        self.run_time: float | None = None
        self._environment = environment
        self._recorder = recorder
        self._options = options
        self._timer: gevent.Greenlet[..., None] | None = None
        self._take_defaults()

    @property
    def state(self) -> str:
        """The state of the run now."""
        return self._recorder.facts.current

    def start(self, order: StartOrder, visitor: Visitor) -> dict[str, Any]:
        """Begin a run; return the event of the trail. Raises Refused and Invalid."""
        from swarm_web import web

        runner = self._allowed("start")
        values = self._options.check(order.options)
        shape = self._shape(order)
        classes = self._classes(order.classes)
        self._check_mix(order.mix, classes)
        users = self.users if order.users is None else order.users
        if order.users is not None or shape is None:
            self._check_ceiling(users)
        before = {"users": runner.target_user_count, "rate": runner.spawn_rate}
        environment = self._environment
        if wrong_hosts(
            environment.user_classes if classes is None else classes, order.host or environment.host
        ):
            raise Invalid("host", "Give the base URL of the target: http://shop.example")
        if web.HOST_IS_REQUIRED and not (order.host or environment.host):
            raise Invalid("host", "Give the base URL of the target: http://shop.example")
        self._options.take(values)
        if order.host:
            environment.host = order.host
        if order.profile is not None:
            environment.profile = order.profile or None
        self.users = users
        self.rate = self.rate if order.rate is None else order.rate
        self.run_time = order.run_time if order.has_run_time else self.run_time
        mix = self._mix_change(order.mix)
        self._recorder.facts.note_start(self.users, self.rate, self.run_time)
        self._set_mix(order.mix)
        environment.shape_class = shape
        after: dict[str, Any] = {"users": self.users, "rate": self.rate}
        if self.run_time:
            after["run_time"] = self.run_time
        if shape is not None:
            after = {"shape": type(shape).__name__}
        if order.host:
            after["host"] = order.host
        if order.mix:
            after["mix"] = dict(order.mix)
        text = f"start: shape {after['shape']}" if shape is not None else f"start: {self._described()}"
        text += mix
        return self._carry_out("start", text, visitor, before, after, lambda: self._start(runner, classes))

    def change_load(self, order: LoadOrder, visitor: Visitor) -> dict[str, Any]:
        """Give the run that goes on another load. Raises Refused and Invalid."""
        runner = self._allowed("load")
        classes = self._classes(order.classes)
        self._check_mix(order.mix, classes)
        before: dict[str, Any] = {"users": runner.target_user_count, "rate": runner.spawn_rate}
        users = runner.target_user_count if order.users is None else order.users
        rate = runner.spawn_rate if order.rate is None else order.rate
        self._check_ceiling(users)
        after: dict[str, Any] = {"users": users, "rate": rate}
        if order.mix:
            before["mix"] = {each.__name__: each.weight for each in self._environment.user_classes}
            after["mix"] = dict(order.mix)
        text = f"load: {_change(before['users'], users)} users at {_change(before['rate'], rate)}/s"
        text += self._mix_change(order.mix)
        self._set_mix(order.mix)
        self.users, self.rate = users, rate
        return self._carry_out(
            "load", text, visitor, before, after, lambda: runner.start(users, rate, user_classes=classes)
        )

    def pause(self, paused: bool, visitor: Visitor) -> dict[str, Any]:
        """Pause, or go on. Raises Refused."""
        action = "pause" if paused else "resume"
        runner = self._allowed(action)
        work = runner.pause if paused else runner.resume
        state = runner.lifecycle.state
        return self._carry_out(action, action, visitor, {"state": state}, {"paused": paused}, work)

    def stop(self, visitor: Visitor) -> dict[str, Any]:
        """End the run. Raises Refused."""
        runner = self._allowed("stop")
        before = {"users": runner.target_user_count, "rate": runner.spawn_rate}
        return self._carry_out("stop", "stop", visitor, before, {"users": 0}, runner.stop)

    def force(self, visitor: Visitor) -> dict[str, Any]:
        """Cut off at once what still drains of the run that is being stopped. Raises Refused."""
        runner = self._allowed("force")
        users = runner.user_count
        text = f"force the stop: {_so_many(users)} cut off"
        return self._carry_out("force", text, visitor, {"users": users}, {"users": 0}, runner.force_stop)

    def drain(self, worker: str, visitor: Visitor) -> dict[str, Any]:
        """Let a worker leave in order, its users going to the others. Raises Unknown and Refused."""
        runner: Any = self._recorder.facts.runner
        clients = getattr(runner, "clients", {})
        if worker not in clients:
            raise Unknown(f"There is no worker {worker[:64]!r}; there are: {', '.join(clients) or 'none'}.")
        reason = runner.reason_not_to_drain(worker)
        if reason:
            raise Refused(reason)
        before = {"users": clients[worker].user_count}
        return self._carry_out(
            "drain", f"drain: {worker}", visitor, before, {"users": 0}, lambda: runner.drain(worker)
        )

    def set_user(self, settings: dict[str, Any], visitor: Visitor) -> dict[str, Any]:
        """Set attributes of a user class, on all workers, too. Raises Invalid."""
        environment, name = self._environment, settings["user_class_name"]
        known = dict(environment.available_user_classes or {}) | environment.user_classes_by_name
        user_class = known.get(name)
        if user_class is None:
            raise Invalid(
                "user_class_name", f"There is no user class {name[:64]!r}; there are: {', '.join(known)}."
            )
        keys = [key for key in settings if key != "user_class_name"]
        before = {key: getattr(user_class, key) for key in _NOTED if key in settings}
        share = getattr(environment.runner, "share_user_settings", None)
        try:
            if share is not None:
                share(settings)
            environment.update_user_class(settings)
        except (SwarmError, AttributeError, TypeError) as error:
            raise Invalid(None, str(error)) from error
        text = f"settings of {name}: {', '.join(keys) or 'none'}"
        after = {key: settings[key] for key in before}
        return self._carry_out("user", text, visitor, before, after, lambda: None)

    def reset(self, visitor: Visitor) -> dict[str, Any]:
        """Set the statistics to zero. Raises Refused."""
        self._allowed("reset")
        before = {"requests": self._environment.stats.num_requests}
        return self._carry_out("reset", "reset", visitor, before, {"requests": 0}, self.reset_now)

    def note_plan(self, run_time: float | None) -> None:
        """Note how long a run is to last that somebody else starts and ends (the command line)."""
        self._recorder.facts.planned = run_time

    def reset_now(self) -> None:
        """Set the statistics to zero, on the workers, too."""
        runner: Any = self._environment.runner
        reset = getattr(runner, "reset_stats", None)
        if reset is not None:
            reset()
            return
        runner.stats.reset_all()
        runner.exceptions.clear()
        self._environment.events.reset_stats.fire()

    def _take_defaults(self) -> None:
        options = self._environment.parsed_options
        users, rate = getattr(options, "num_users", None), getattr(options, "spawn_rate", None)
        self.users = 1 if users is None else users
        self.rate = 1.0 if rate is None else float(rate)
        self.run_time = getattr(options, "run_time", None) or None

    def _described(self) -> str:
        lasting = f" for {self.run_time:g} s" if self.run_time else ""
        return f"{self.users} users at {self.rate:g}/s{lasting}"

    def _check_ceiling(self, users: int) -> None:
        ceiling = self._recorder.facts.max_users
        if ceiling is not None and users > ceiling:
            raise Invalid("users", f"This UI starts at most {ceiling:,} users (--web-max-users).")

    def _allowed(self, action: str) -> SteeredRunner:
        facts = self._recorder.facts
        runner = facts.runner
        if runner is None:
            raise Refused("There is no runner yet, or it is a worker's; nothing can be started here.")
        if action not in facts.actions():
            if facts.shape and action in ("load", "pause"):
                raise Refused(f"The shape {facts.shape} decides on the load; stop it first.")
            can = ", ".join(facts.actions()) or "nothing"
            raise Refused(f"A run that is {facts.current} cannot {action}; it can: {can}.")
        return runner

    def _carry_out(
        self,
        action: str,
        text: str,
        visitor: Visitor,
        before: dict[str, Any],
        after: dict[str, Any],
        work: Callable[[], object],
    ) -> dict[str, Any]:
        event = self._recorder.trail.add(
            "command",
            text,
            action=action,
            who=visitor.who,
            **{"from": visitor.address},
            before=before,
            after=after,
            outcome="done",
        )
        log.info("the browser UI asks", action=action, who=visitor.who, address=visitor.address)
        gevent.spawn(self._safely, event, work)
        return event

    def _safely(self, event: dict[str, Any], work: Callable[[], object]) -> None:
        try:
            work()
        except SwarmError as error:
            event["outcome"] = str(error)
            log.warning(f"what the browser UI asked for cannot be done: {error}")
        except Exception as error:
            event["outcome"] = f"{type(error).__name__}: {error}"
            log.error("what the browser UI asked for has failed", exc_info=True)

    def _start(self, runner: SteeredRunner, classes: Sequence[type[User]] | None) -> None:
        environment = self._environment
        if environment.shape_class is not None:
            self._plan_end(only=environment.shape_class.use_common_options)
            runner.start_shape()
            return
        self._plan_end()
        runner.start(self.users, self.rate, user_classes=None if classes is None else list(classes))

    def _plan_end(self, *, only: bool = True) -> None:
        if self._timer is not None:
            self._timer.kill(block=False)
        self._recorder.facts.planned = self.run_time if only else None
        self._timer = gevent.spawn(self._end_in, self.run_time) if self.run_time and only else None

    def _end_in(self, seconds: float) -> None:
        """End the run so long after its beginning; a run that ended before leaves nothing to do."""
        facts = self._recorder.facts
        while not facts.is_active:
            gevent.sleep(POLL_S)
        begun = facts.started
        gevent.sleep(seconds)
        runner = facts.runner
        if runner is not None and facts.is_active and facts.started == begun:
            log.info("the run time is over")
            runner.stop()

    def _shape(self, order: StartOrder) -> Any:
        environment = self._environment
        if not order.has_shape:
            return environment.shape_class
        if not order.shape:
            return None
        known = dict(environment.available_shape_classes or {})
        if environment.shape_class is not None:
            known.setdefault(type(environment.shape_class).__name__, environment.shape_class)
        if order.shape not in known:
            raise Invalid(
                "shape", f"There is no shape of that name; there are: {', '.join(known) or 'none'}."
            )
        shape: Any = known[order.shape]
        return shape() if isinstance(shape, type) else shape

    def _classes(self, names: Sequence[str] | None) -> list[type[User]] | None:
        if names is None:
            return None
        known = self._environment.user_classes_by_name
        unknown = [name for name in names if name not in known]
        if unknown:
            raise Invalid(
                "classes", f"There is no user class {unknown[0][:64]!r}; there are: {', '.join(known)}."
            )
        return [known[name] for name in names]

    def _check_mix(self, mix: Any, classes: Sequence[type[User]] | None) -> None:
        if mix is None:
            return
        known = self._environment.user_classes_by_name
        for name in mix:
            if name not in known:
                raise Invalid("mix", f"There is no user class {name[:64]!r}; there are: {', '.join(known)}.")
        chosen = self._environment.user_classes if classes is None else classes
        if not any(mix.get(each.__name__, each.weight) or each.fixed_count for each in chosen):
            raise Invalid("mix", "One of the classes that run needs a weight above 0.")

    def _mix_change(self, mix: Mapping[str, float] | None) -> str:
        """Say what a mix changes, before it is set: `, mix Visitor 1, Buyer 3 → 2, 3`."""
        known = self._environment.user_classes_by_name
        before = {name: known[name].weight for name in mix or {}}
        if not mix or before == dict(mix):
            return ""
        told = ", ".join(f"{name} {weight:g}" for name, weight in before.items())
        return f", mix {told} → {', '.join(f'{weight:g}' for weight in mix.values())}"

    def _set_mix(self, mix: Any) -> None:
        for name, weight in (mix or {}).items():
            self._environment.user_classes_by_name[name].weight = weight


def _change(before: float, after: float) -> str:
    return f"{after:.10g}" if before == after else f"{before:.10g} → {after:.10g}"


def _so_many(users: int) -> str:
    return f"{users:,} user{'' if users == 1 else 's'}"
