"""What a visitor may ask of a run, checked: from JSON bodies and from Locust's forms to values that can be."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_USERS = 10_000_000
MAX_RATE = 1_000_000.0
MAX_TIME_S = 366 * 86_400.0
TEXT_LIMIT = 2_000
_TIMESPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", re.ASCII)


class Invalid(Exception):
    """A value that cannot be: which key, and what to write instead."""

    def __init__(self, key: str | None, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class StartOrder:
    """A start. None leaves what is there; `has_run_time` and `has_shape` tell None from nothing said."""

    users: int | None = None
    rate: float | None = None
    has_run_time: bool = False
    run_time: float | None = None
    host: str | None = None
    classes: tuple[str, ...] | None = None
    mix: Mapping[str, float] | None = None
    has_shape: bool = False
    shape: str | None = None
    profile: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """Another load for the run that goes on."""

    users: int | None = None
    rate: float | None = None
    classes: tuple[str, ...] | None = None
    mix: Mapping[str, float] | None = None


START_KEYS = frozenset({"users", "rate", "run_time", "host", "classes", "mix", "shape", "profile", "options"})
LOAD_KEYS = frozenset({"users", "rate", "classes", "mix"})


def start_order(body: Mapping[str, Any]) -> StartOrder:
    """Read the body of a start. Raises Invalid."""
    _refuse_others(body, START_KEYS)
    options = body.get("options") or {}
    if not isinstance(options, dict):
        raise Invalid("options", "options is an object: {name: value}.")
    return StartOrder(
        users=_users(body),
        rate=_rate(body),
        has_run_time="run_time" in body,
        run_time=run_time(body.get("run_time")),
        host=_text(body, "host"),
        classes=_classes(body),
        mix=_mix(body),
        has_shape="shape" in body,
        shape=_text(body, "shape"),
        profile=_text(body, "profile"),
        options=options,
    )


def load_order(body: Mapping[str, Any]) -> LoadOrder:
    """Read the body of another load. Raises Invalid."""
    _refuse_others(body, LOAD_KEYS)
    return LoadOrder(users=_users(body), rate=_rate(body), classes=_classes(body), mix=_mix(body))


def pause_order(body: Mapping[str, Any]) -> bool:
    """Read the body of a pause: whether to pause or to go on. Raises Invalid."""
    _refuse_others(body, frozenset({"paused"}))
    paused = body.get("paused", True)
    if not isinstance(paused, bool):
        raise Invalid("paused", "paused is true or false.")
    return paused


def stop_order(body: Mapping[str, Any]) -> bool:
    """Read the body of a stop: whether what drains while the run stops is to be cut off. Raises Invalid."""
    _refuse_others(body, frozenset({"force"}))
    force = body.get("force", False)
    if not isinstance(force, bool):
        raise Invalid("force", "force is true or false.")
    return force


def user_order(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a user class is set to: its `user_class_name`, and attributes of it. Raises Invalid.

    Those that Locust's own page sends as texts become numbers.
    """
    settings = dict(body)
    if not isinstance(settings.get("user_class_name"), str):
        raise Invalid("user_class_name", "user_class_name is the name of a user class.")
    for key in settings:
        if not key.isidentifier() or key.startswith("_"):
            raise Invalid(
                key[:64], "An attribute of a class has a name of letters, that does not begin with _."
            )
    for key, whole in (("weight", False), ("fixed_count", True)):
        if key in settings:
            settings[key] = _amount(key, settings[key], whole=whole)
    tasks = settings.get("tasks", [])
    if not isinstance(tasks, list) or not all(isinstance(name, str) for name in tasks):
        raise Invalid("tasks", "tasks is a list of names of tasks.")
    if not isinstance(settings.get("host"), str | None):
        raise Invalid("host", "host is a text.")
    return settings


def _amount(key: str, given: Any, *, whole: bool) -> float | int:
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = -1.0
    if isinstance(given, bool) or not 0 <= value <= MAX_USERS or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise Invalid(key, f"{key} is {kind} from 0 to {MAX_USERS}.")
    return int(value) if value == int(value) else value


def no_order(body: Mapping[str, Any]) -> None:
    """Read the body of a command that takes nothing. Raises Invalid."""
    _refuse_others(body, frozenset())


def run_time(value: Any) -> float | None:
    """Return seconds from seconds, `1h30m`, or nothing. Raises Invalid."""
    if value is None or value == "":
        return None
    wrong = Invalid("run_time", "The run time is a number of seconds, or a text like 1h30m, 20m or 300s.")
    if isinstance(value, str):
        match = _TIMESPAN.fullmatch(value.strip())
        if match is None or not any(match.groups()) or len(value) > 20:
            raise wrong
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        value = hours * 3600 + minutes * 60 + seconds
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_TIME_S:
        raise wrong
    return float(value)


def _refuse_others(body: Mapping[str, Any], known: frozenset[str]) -> None:
    for key in body:
        if key not in known:
            raise Invalid(
                str(key)[:64],
                f"There is no key of that name; there are: {', '.join(sorted(known)) or 'none'}.",
            )


def _users(body: Mapping[str, Any]) -> int | None:
    value = body.get("users")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_USERS:
        raise Invalid("users", f"The number of users is a whole number from 0 to {MAX_USERS:,}.")
    return value


def _rate(body: Mapping[str, Any]) -> float | None:
    value = body.get("rate")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_RATE:
        raise Invalid("rate", f"The spawn rate is a number above 0, at most {MAX_RATE:,.0f} users a second.")
    return float(value)


def _text(body: Mapping[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > TEXT_LIMIT:
        raise Invalid(key, f"{key} is a text of at most {TEXT_LIMIT} characters.")
    return value.strip()


def _classes(body: Mapping[str, Any]) -> tuple[str, ...] | None:
    value = body.get("classes")
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Invalid("classes", "The user classes are a list of names.")
    if not value:
        raise Invalid("classes", "Choose at least one user class.")
    return tuple(dict.fromkeys(value))


def _mix(body: Mapping[str, Any]) -> dict[str, float] | None:
    value = body.get("mix")
    if value is None:
        return None
    if not isinstance(value, dict) or not value:
        raise Invalid("mix", "mix is an object: {class: weight}.")
    for name, weight in value.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
            raise Invalid("mix", f"The weight of {name[:64]} is a number of 0 or more.")
    if not any(value.values()):
        raise Invalid("mix", "Give at least one user class a weight above 0.")
    return dict(value)
