"""Which part this process has in a run: the only one, the master, or a worker; and what does not go together."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from swarm.runners.options import to_share
from swarm_cli.errors import CommandLineError
from swarm_cli.prepare import user_settings

if TYPE_CHECKING:
    from swarm_cli.parser import LocustArgumentParser, Options

PARENT = "SWARM_CHILD_OF"
"""The variable by which a process knows that `--processes` has started it; its value is the parent's id."""


def settle(options: Options) -> None:
    """Bring the options of roles into line. Raises CommandLineError for those that do not go together."""
    if PARENT in os.environ:  # files and variables say what the parent is to be
        options.master, options.worker, options.processes = False, True, None
    if options.master and options.worker:
        raise CommandLineError("--master and --worker: a process is one or the other")
    if options.master and options.processes:
        raise CommandLineError(
            "--processes and --master: this process is the master already; give --processes alone, or with "
            "--worker to start workers for a master elsewhere"
        )
    if options.processes == -1:
        options.processes = len(os.sched_getaffinity(0))
    if options.journal and not options.master:
        raise CommandLineError("--journal is the master's: add --master")


def is_master(options: Options) -> bool:
    """Whether this process steers workers."""
    return bool(options.master or (options.processes and not options.worker))


def shared_options(parser: LocustArgumentParser, options: Options) -> dict[str, Any]:
    """Return what workers get from their master: all options that are not one node's own, and no secret ones.

    Raises CommandLineError when the settings of users are none.
    """
    secret = {action.dest for action in parser._actions if getattr(action, "is_secret", False)}
    own = {name: value for name, value in to_share(options).items() if name not in secret}
    settings = [item for argument in options.config_users or [] for item in user_settings(argument)]
    return own | {"config_users": [json.dumps(item) for item in settings]} if settings else own
