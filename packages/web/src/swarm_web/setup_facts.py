"""What a new run may choose: user classes with their tasks, shapes, options, and whether everything is there."""

from __future__ import annotations

import inspect
import resource
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from swarm.users.ratio import get_ratio
from swarm.users.rest import RestMixin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swarm.environment import Environment
    from swarm.users.user import User
    from swarm_web.option_fields import OptionFields
    from swarm_web.run_facts import RunFacts


def setup_of(environment: Environment, options: OptionFields, facts: RunFacts) -> dict[str, Any]:
    """Return it as plain values; see API.md."""
    parsed = environment.parsed_options
    chosen = {each.__name__ for each in environment.user_classes}
    shape = environment.shape_class
    shapes = dict(environment.available_shape_classes or {})
    if shape is not None:
        shapes.setdefault(type(shape).__name__, shape)
    workers = facts.workers()
    given, rate = getattr(parsed, "num_users", None), getattr(parsed, "spawn_rate", None)
    users = 1 if given is None else given
    return {
        "classes": [
            {
                "name": each.__name__,
                "weight": each.weight,
                "weight_in_file": facts.weight_in_file(each),
                "fixed_count": each.fixed_count,
                "host": _text(each.host),
                "doc": _first_line(each),
                "tasks": get_ratio([each], {each.__name__: 1}, False)[each.__name__]["tasks"],
                "chosen": each.__name__ in chosen,
            }
            for each in environment.user_classes
        ],
        "shapes": [
            {
                "name": name,
                "use_common_options": bool(each.use_common_options),
                "chosen": shape is not None and name == type(shape).__name__,
            }
            for name, each in shapes.items()
        ],
        "options": options.fields(),
        "defaults": {
            "users": users if facts.max_users is None else min(users, facts.max_users),
            "rate": 1.0 if rate is None else rate,
            "run_time": getattr(parsed, "run_time", None),
            "host": environment.host,
            "profile": environment.profile,
            **facts.last_start,
        },
        "class_picker": True,
        "workers": {"there": workers["there"], "expected": workers["expected"]},
        "preflight": _preflight(environment, workers),
    }


def wrong_hosts(user_classes: Iterable[type[User]], host: str | None) -> list[str]:
    """Return the names of the classes of HTTP users whose host is no base URL; `host` is the one of the run.

    A class without any host is none of them.
    """
    return [
        each.__name__
        for each in user_classes
        if issubclass(each, RestMixin) and (host or each.host) and not _is_base_url(host or each.host)
    ]


def _is_base_url(host: Any) -> bool:
    try:
        parts = urlsplit(host)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except (ValueError, TypeError, AttributeError):
        return False


def _preflight(environment: Environment, workers: dict[str, int]) -> list[dict[str, Any]]:
    there, expected = workers["there"], workers["expected"]
    checks = [
        {
            "check": "workers",
            "ok": there >= expected,
            "text": f"{there:,} of {expected:,} workers are there",
        }
    ]
    without_host = [
        each.__name__
        for each in environment.user_classes
        if not each.host and not environment.host and issubclass(each, RestMixin)
    ]
    wrong = wrong_hosts(environment.user_classes, environment.host)
    text = "every class has a host"
    if wrong:
        text = f"{', '.join(wrong)}: the host is no base URL like http://shop.example"
    elif without_host:
        text = f"{', '.join(without_host)}: no host yet"
    checks.append({"check": "host", "ok": not (wrong or without_host), "text": text})
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = "any number of" if soft == resource.RLIM_INFINITY else f"{soft:,}"
    checks.append(
        {"check": "descriptors", "ok": True, "text": f"{limit} files and connections in this process"}
    )
    return checks


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _first_line(user_class: type) -> str:
    documented = inspect.getdoc(user_class) if "__doc__" in vars(user_class) else None
    return (documented or "").partition("\n")[0]
