"""What must be right before users are started: which classes, which host, enough descriptors."""

from __future__ import annotations

import json
import math
import re
import resource
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from swarm.environment import has_web_ui
from swarm.log import get_logger
from swarm.transport.descriptors import worker_capacity
from swarm_cli.errors import CommandLineError, LocustfileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from swarm.environment import Environment
    from swarm.users.user import User
    from swarm_cli.locustfile import Locustfiles
    from swarm_cli.parser import Options

log = get_logger(__name__)

HTTP_USERS = {"swarm.users.http_user.HttpUser", "swarm.users.fast_http_user.FastHttpUser"}
MANY_WORKERS = 10_000
"""As many may come, if the limit on descriptors lets them, when fewer are expected."""
RESERVED_DESCRIPTORS = 64
"""Descriptors that the process itself needs: its event loop, files, logs, modules being imported."""


def choose_user_classes(loaded: Locustfiles, names: Iterable[str]) -> list[type[User]]:
    """Return the user classes of those names, or all.

    Raises LocustfileError for a name that is not there, or when there is no class at all.
    """
    known = loaded.user_classes
    if not known:
        raise LocustfileError(
            f"no user class in {', '.join(loaded.paths)}: define a subclass of HttpUser, "
            "FastHttpUser or User that is not abstract"
        )
    chosen = list(dict.fromkeys(names))
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise LocustfileError(f"unknown user class {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in chosen] if chosen else list(known.values())


def configure_users(environment: Environment, arguments: Iterable[str]) -> None:
    """Apply the settings of `--config-users`: JSON objects, arrays of them, or files with either.

    Raises CommandLineError when one is no JSON, names no class, or tasks that the class does not have, and
    SwarmError for a class that is not there.
    """
    for argument in arguments:
        for settings in user_settings(argument):
            _check_settings_of(environment, settings)
            environment.update_user_class(settings)


def _check_settings_of(environment: Environment, settings: Mapping[str, Any]) -> None:
    name = settings["user_class_name"]
    known = dict(environment.available_user_classes or {}) | environment.user_classes_by_name
    user_class = known.get(name)
    if user_class is None:
        return  # update_user_class says so
    wanted = settings.get("tasks", [])
    if not isinstance(wanted, list):
        raise CommandLineError(f"--config-users: the tasks of {name} are an array of names: {wanted!r}")
    names = list(dict.fromkeys(task.__name__ for task in user_class.tasks))
    unknown = [str(task) for task in wanted if task not in names]
    if unknown:
        raise CommandLineError(
            f"--config-users: {name} has no task {', '.join(unknown)}; there are: {', '.join(names)}"
        )
    for key in settings.keys() - {"user_class_name", "tasks"}:
        if not hasattr(user_class, key):
            log.warning(f"--config-users: {name} had no attribute {key!r}; it has now")


def user_settings(argument: str) -> list[dict[str, Any]]:
    """Return the objects that one argument of `--config-users` means. Raises CommandLineError."""
    text, where = argument, "--config-users"
    if not argument.lstrip().startswith(("{", "[")):
        where = f"--config-users {argument}"
        try:
            text = Path(argument).expanduser().read_text(encoding="utf-8")
        except OSError as error:
            raise CommandLineError(f"{where}: the file cannot be read: {error.strerror}") from error
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise CommandLineError(f"{where} is no valid JSON: {error}") from error
    settings = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(item, dict) and "user_class_name" in item for item in settings):
        raise CommandLineError(f'{where}: each item is an object with a "user_class_name"')
    return settings


def check_hosts(environment: Environment) -> None:
    """Refuse an HTTP user whose base URL is missing or unusable.

    Raises CommandLineError for the host of `--host`, LocustfileError for one in a user class. Users of other
    protocols, and classes that make their host themselves in `__init__`, are left alone.
    """
    for user_class in environment.user_classes:
        if not _is_http(user_class) or _makes_itself(user_class):
            continue
        host = environment.host or user_class.host
        if host is None:
            raise LocustfileError(
                f"{user_class.__name__} has no host: give -H http://…, or set `host` in the class"
            )
        wrong = _what_is_wrong(str(host))
        if wrong and environment.host:
            raise CommandLineError(f"--host {host!r} {wrong}")
        if wrong:
            raise LocustfileError(f"the host of {user_class.__name__}, {host!r}, {wrong}")


def _what_is_wrong(host: str) -> str | None:
    if re.search(r"\s", host):
        return "contains a blank"
    try:
        parts = urlsplit(host)
        port_is_wrong = parts.port == 0
    except ValueError as error:
        return f"is no URL: {error}"
    if not re.fullmatch(r"https?(\+\w+)?", parts.scheme):
        return "does not begin with http:// or https://"
    if not parts.netloc.rpartition("@")[2]:
        return "names no host after the scheme"
    return "has the port 0" if port_is_wrong else None


def _is_http(user_class: type[User]) -> bool:
    # By name, since importing both would bring in requests for nothing.
    return any(f"{cls.__module__}.{cls.__name__}" in HTTP_USERS for cls in user_class.__mro__)


def _makes_itself(user_class: type[User]) -> bool:
    return any(
        "__init__" in vars(cls) or isinstance(vars(cls).get("host"), property)
        for cls in _own_classes(user_class)
    )


def _own_classes(user_class: type[User]) -> list[type]:
    """The class and its bases, as far as the user wrote them."""
    return [
        cls for cls in user_class.__mro__ if cls is not object and not cls.__module__.startswith("swarm.")
    ]


def check_tasks(environment: Environment) -> None:
    """Refuse a user class that has no task and no way to come by one. Raises LocustfileError.

    A class that gives its users their tasks itself (in `__init__`, `on_start`, `run`) is left alone, as all
    are when somebody listens to `test_start` and may still do it.
    """
    from swarm.users.taskset import no_tasks

    if environment.events.test_start._handlers:
        return
    for user_class in environment.user_classes:
        own = {name for cls in _own_classes(user_class) for name in vars(cls)}
        if not user_class.tasks and not own & {"__init__", "on_start", "run"}:
            raise LocustfileError(no_tasks(user_class))


def check_settings(environment: Environment) -> None:
    """Refuse a user class whose weight, fixed count, wait or tasks can't be used. Raises LocustfileError."""
    for user_class in environment.user_classes:
        name = user_class.__name__
        weight: object = user_class.weight  # whatever the file has assigned
        fixed: object = user_class.fixed_count
        if not isinstance(weight, Real) or not 0 <= float(weight) < math.inf:
            raise LocustfileError(f"the weight of {name} is {weight!r}: write a number of 0 or more")
        if not isinstance(fixed, Integral) or fixed < 0:
            raise LocustfileError(
                f"the fixed_count of {name} is {fixed!r}: write a whole number of 0 or more"
            )
        wait: object = user_class.wait_time
        if isinstance(wait, Real):
            raise LocustfileError(
                f"the wait_time of {name} is {wait!r}: write wait_time = constant({wait!r})"
            )
        wrong = [task for task in user_class.tasks or () if not callable(task)]
        if wrong:
            raise LocustfileError(
                f"the tasks of {name} contain {wrong[0]!r}: a task is a function or a TaskSet class, "
                "without quotes or parentheses"
            )


def check_descriptors(environment: Environment, users: int) -> None:
    """Raise the soft descriptor limit to the hard one; refuse more HTTP users than it allows.

    Raises CommandLineError that names both figures. Users of other protocols are not counted.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY or not all(map(_is_http, environment.user_classes)):
        return
    needed = users + RESERVED_DESCRIPTORS
    if needed > hard:
        raise CommandLineError(
            f"{users:,} users need about {needed:,} descriptors, and this process may have {hard:,}: raise "
            f"the limit with `ulimit -n {needed}`, or run fewer users"
        )


def check_can_start(environment: Environment, options: Options) -> None:
    """See that a master knows what to start: users, a shape, or a browser UI that will tell it.

    Raises CommandLineError that says what to add. Without a UI it goes on as with `--headless`.
    """
    if options.headless or has_web_ui():
        return
    if options.num_users is None and environment.shape_class is None:
        raise CommandLineError(
            "the master would not know what to start, since there is no browser UI: add -u N (and -r, -t), then "
            "it waits for its workers and starts"
        )
    options.headless = True


def capacity(expected: int) -> int:
    """Return how many workers the descriptors of this process allow, once its soft limit is raised.

    Raises CommandLineError when those that are expected are more.
    """
    allowed = worker_capacity(max(expected, MANY_WORKERS))
    if allowed < expected:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        needed = hard + expected - allowed
        raise CommandLineError(
            f"{expected:,} workers need about {needed:,} descriptors, and this process may have {hard:,}: raise "
            f"the limit with `ulimit -n {needed}`"
        )
    return allowed
