"""The options that a master gives to its workers, and what they do there.

The rule: what concerns one process (its addresses, files, logs, outputs, its part in the run) stays with it, and
secret options are never sent. Everything else of the master's holds on its workers, too.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from swarm.exceptions import SwarmError
from swarm.log import get_logger
from swarm.runners.messages import checked
from swarm.transport.fields import WrongValue, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swarm.environment import Environment

log = get_logger(__name__)

USER_SETTINGS = "user_settings"
"""The option that carries what user classes were set to while the master ran: class to its settings."""
NODES_OWN = frozenset(
    {
        *(
            "autoquit",
            "autostart",
            "build_path",
            "class_picker",
            "config",
            "csv_prefix",
            "enable_rebalancing",
        ),
        *("exit_code_on_error", "expect_slaves", "expect_workers", "expect_workers_max_wait", "headful"),
        *("headless", "help", "html_file", "journal", "json", "json_file", "legacy_ui", "list_commands"),
        *(
            "locustfile",
            "log_format",
            "logfile",
            "loglevel",
            "master",
            "master_bind_host",
            "master_bind_port",
        ),
        *("master_host", "master_port", "only_summary", "otel", "print_stats", "processes", "require_valid"),
        *("secret_file", "show_task_ratio", "show_task_ratio_json", "skip_log_setup", "slave"),
        *("stats_history_enabled", "tls_cert", "tls_key", "version", "web_allowed_host", "web_auth"),
        *(
            "record",
            "web_access",
            "web_base_path",
            "web_host",
            "web_host_display_name",
            "web_login",
            "web_max_users",
            "web_port",
            "worker",
        ),
    }
)
"""Options of the command line that concern one process only."""


def to_share(options: Any) -> dict[str, Any]:
    """Return a copy of what workers get of these parsed options: all that is plain data but NODES_OWN."""
    shared: dict[str, Any] = {}
    for name, value in vars(options).items() if options is not None else ():
        if name in NODES_OWN:
            continue
        try:
            shared[name] = deepcopy(plain(value))
        except WrongValue:
            log.debug("an option stays on the master: its value cannot be sent", option=name)
    return shared


class SharedOptions:
    """What a master gives to its workers: `given` when it was made, and what became of it since."""

    def __init__(self, parsed_options: Any, given: Mapping[str, Any]) -> None:
        self._parsed = parsed_options
        self._given = given
        self._before = to_share(parsed_options)
        self._users: dict[str, dict[str, Any]] = {}

    def set_user(self, user_settings: Mapping[str, Any]) -> None:
        """Share settings of the class that their `user_class_name` names, besides those that are shared already.

        Raises RPCSendError that names what of them cannot be sent.
        """
        settings = dict(user_settings)
        name = str(settings.pop("user_class_name"))
        users = self._users | {name: self._users.get(name, {}) | settings}
        self._users = checked("settings of users", users)

    def now(self) -> dict[str, Any]:
        """Return the values; of those that were given, the ones that have been assigned anew meanwhile."""
        current = to_share(self._parsed)
        changed = {
            name: value
            for name, value in current.items()
            if name in self._given and (name not in self._before or value != self._before[name])
        }
        users = {USER_SETTINGS: self._users} if self._users else {}
        return dict(self._given) | changed | users


def take_over(environment: Environment, options: Mapping[str, Any]) -> None:
    """Let the master's options hold on this worker: in `parsed_options`, for classes, tags and weights."""
    if environment.parsed_options is not None:
        for name, value in options.items():
            if name != "host" or value is not None:  # a master without one leaves a worker its own
                setattr(environment.parsed_options, name, value)
    if "user_classes" in options:
        _choose(environment, options["user_classes"])
    if "tags" in options or "exclude_tags" in options:
        _filter(environment, options.get("tags"), options.get("exclude_tags"))
    if options.get("equal_weights"):
        environment.assign_equal_weights()
    set_users(environment, options.get(USER_SETTINGS))
    if "reset_stats" in options:
        environment.reset_stats = bool(options["reset_stats"])


def set_users(environment: Environment, users: Mapping[str, Mapping[str, Any]] | None) -> None:
    """Apply what the master's user classes were set to while it ran; a class that is not here is said."""
    for name, settings in (users or {}).items():
        try:
            environment.update_user_class({**settings, "user_class_name": name})
        except (SwarmError, AttributeError, TypeError) as error:
            log.warning(f"settings of a user class do not hold here: {error}", user_class=name)


def _choose(environment: Environment, names: Any) -> None:
    available = environment.available_user_classes
    if available:
        environment.user_classes = [available[name] for name in names or available if name in available]


def _filter(environment: Environment, tags: Any, exclude_tags: Any) -> None:
    wanted = (tags or None, exclude_tags or None)
    if wanted == (environment.tags or None, environment.exclude_tags or None):
        return
    environment.tags, environment.exclude_tags = wanted
    try:
        environment.filter_tasks()
    except SwarmError as error:
        log.warning(f"the master's tags: {error}")
