"""Sets a run up from options and locustfiles, and hands it to a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm import stats as settings
from swarm.event import events as module_events
from swarm.exceptions import SwarmError
from swarm.log import get_logger, setup_logging
from swarm_cli import prepare
from swarm_cli.errors import CommandLineError
from swarm_cli.listeners import fire_strictly
from swarm_cli.outputs import Outputs
from swarm_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swarm.environment import Environment
    from swarm.event import Events
    from swarm.shape import LoadTestShape
    from swarm.users.user import User
    from swarm_cli.locustfile import Locustfiles
    from swarm_cli.parser import Options

log = get_logger(__name__)


def create_environment(
    user_classes: Iterable[type[User]],
    options: Options,
    events: Events | None = None,
    shape_class: LoadTestShape | None = None,
    **settings: Any,
) -> Environment:
    """Return the environment of a run with these options; `settings` are further ones of Environment."""
    from swarm.environment import Environment

    return Environment(
        user_classes=user_classes,
        shape_class=shape_class,
        events=events or module_events,
        tags=options.tags or None,
        exclude_tags=options.exclude_tags or None,
        host=options.host,
        reset_stats=options.reset_stats,
        stop_timeout=options.stop_timeout,
        parsed_options=options,
        profile=options.profile,
        **settings,
    )


def run(options: Options, loaded: Locustfiles) -> int:
    """Run the test and return the exit code.

    Raises SwarmError, before anything runs, when something that was asked for cannot be done.
    """
    _set_up_logging(options)
    environment = _environment(options, loaded)
    outputs = Outputs(environment, options)
    runner = environment.create_local_runner()
    if not options.headless:
        environment.create_web_ui(host=options.web_host or "127.0.0.1", port=options.web_port)
    fire_strictly(
        environment.events.init, "init", environment=environment, runner=runner, web_ui=environment.web_ui
    )
    settings.validate_stats_configuration()
    prepare.check_tasks(environment)
    if options.headless:
        prepare.check_hosts(environment)
    prepare.check_descriptors(environment, options.num_users or 1)
    return Session(environment, runner, options, outputs).run()


def _set_up_logging(options: Options) -> None:
    if options.skip_log_setup:
        return
    try:
        setup_logging(options.loglevel, options.logfile, options.log_format)
    except SwarmError as error:
        raise CommandLineError(f"--logfile: {error}") from error


def _environment(options: Options, loaded: Locustfiles) -> Environment:
    shape = next(iter(loaded.shape_classes.values()), None)
    environment = create_environment(
        prepare.choose_user_classes(loaded, options.user_classes),
        options,
        shape_class=shape,
        locustfile=loaded.paths[0],
        parsed_locustfiles=loaded.paths,
        available_user_classes=loaded.user_classes,
        available_shape_classes=loaded.shape_classes,
    )
    prepare.configure_users(environment, options.config_users or [])
    if options.equal_weights:
        environment.assign_equal_weights()
    if len(loaded.shape_classes) > 1:
        log.warning(
            f"there are several shape classes, {', '.join(loaded.shape_classes)}: the first one is used"
        )
    return environment
