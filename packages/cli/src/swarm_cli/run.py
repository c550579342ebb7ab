"""Sets a run up from options and locustfiles, and hands it to a session."""

from __future__ import annotations

import os
from importlib import metadata
from math import ceil
from typing import TYPE_CHECKING, Any

from swarm import stats as settings
from swarm.event import events as module_events
from swarm.exceptions import SwarmError
from swarm.log import get_logger, setup_logging
from swarm.runners.options import USER_SETTINGS, set_users
from swarm.runners.source import content_hash
from swarm.transport.secret import VARIABLE, Secret
from swarm_cli import prepare, telemetry, ui
from swarm_cli.errors import CommandLineError
from swarm_cli.intervals import master_settings, worker_settings
from swarm_cli.listeners import fire_strictly
from swarm_cli.outputs import Outputs
from swarm_cli.processes import Children
from swarm_cli.roles import is_master
from swarm_cli.session import Session
from swarm_cli.worker_session import WorkerSession
from swarm_cli.workers import Gathering, tell_where

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

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


def run(
    options: Options,
    loaded: Locustfiles,
    shared: Mapping[str, Any] | None = None,
    fields: Mapping[str, argparse.Action] | None = None,
) -> int:
    """Run the test, or this process's part in it, and return the exit code.

    `shared` are the options that a master gives to its workers, `fields` those that the browser UI offers. Raises
    SwarmError, before anything runs, when something that was asked for cannot be done.
    """
    _set_up_logging(options)
    environment = _environment(options, loaded)
    if options.worker:
        return _run_worker(environment, options)
    if is_master(options):
        return _run_master(environment, options, shared or {}, fields or {})
    outputs = Outputs(environment, options)
    runner = environment.create_local_runner()
    telemetry.begin(environment, options, node=None)
    _get_ready(environment, options, fields or {})
    prepare.check_descriptors(environment, options.num_users or 1)
    return Session(environment, runner, options, outputs).run()


def _run_master(
    environment: Environment,
    options: Options,
    shared: Mapping[str, Any],
    fields: Mapping[str, argparse.Action],
) -> int:
    prepare.check_can_start(environment, options)
    children, secret = Children(), None
    if options.processes:
        options.master_bind_host, options.master_bind_port = "127.0.0.1", 0
        options.expect_workers = options.processes
        prepare.check_descriptors(environment, ceil((options.num_users or 1) / options.processes))
        if not options.secret_file and VARIABLE not in os.environ:
            secret = Secret.new()
    outputs = Outputs(environment, options)
    settings = master_settings(
        capacity=prepare.capacity(options.expect_workers),
        version=metadata.version("swarm-cli"),
        locustfile=content_hash(environment.parsed_locustfiles or []),
        options=shared,
    )
    runner = environment.create_master_runner(
        options.master_bind_host,
        options.master_bind_port,
        secret=secret,
        secret_file=options.secret_file,
        journal=options.journal,
        settings=settings,
        serve=False,
    )
    telemetry.begin(environment, options, node="master")
    try:
        _get_ready(environment, options, fields)
        if options.processes:
            children.start(options.processes, port=runner.port, secret=secret)
        else:
            tell_where(runner)
        runner.serve()
        gathering = Gathering(
            runner, options.expect_workers, options.expect_workers_max_wait, lambda: children.ended
        )
        return Session(environment, runner, options, outputs, gathering).run()
    finally:
        children.end()


def _run_worker(environment: Environment, options: Options) -> int:
    runner = environment.create_worker_runner(
        options.master_host,
        options.master_port,
        secret_file=options.secret_file,
        settings=worker_settings(
            version=metadata.version("swarm-cli"),
            locustfile=content_hash(environment.parsed_locustfiles or []),
        ),
        serve=False,
    )
    telemetry.begin(environment, options, node=runner.client_id)
    fire_strictly(environment.events.init, "init", environment=environment, runner=runner, web_ui=None)
    prepare.check_settings(environment)
    prepare.check_tasks(environment)
    prepare.check_descriptors(environment, 1)
    # First of all listeners, so that the others find the classes as they will be.
    environment.events.test_start._handlers.insert(0, _MastersSettings(options))
    return WorkerSession(environment, runner).run()


class _MastersSettings:
    """Applies, at the first start, the `--config-users` that the master was given."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._applied = options.config_users

    def __call__(self, environment: Environment, **_kwargs: Any) -> None:
        if self._options.config_users != self._applied:
            self._applied = self._options.config_users
            prepare.configure_users(environment, self._applied or [])
            # What was set in the master's browser UI since goes before it.
            set_users(environment, getattr(self._options, USER_SETTINGS, None))


def _get_ready(environment: Environment, options: Options, fields: Mapping[str, argparse.Action]) -> None:
    if not options.headless:
        ui.make_ui(environment, options, fields)
    fire_strictly(
        environment.events.init,
        "init",
        environment=environment,
        runner=environment.runner,
        web_ui=environment.web_ui,
    )
    settings.validate_stats_configuration()
    prepare.check_settings(environment)
    prepare.check_tasks(environment)
    if options.headless:
        prepare.check_hosts(environment)
    else:
        ui.serve_ui(environment)


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
        available_user_tasks={name: list(each.tasks or ()) for name, each in loaded.user_classes.items()},
    )
    prepare.configure_users(environment, options.config_users or [])
    if options.equal_weights:
        environment.assign_equal_weights()
    if len(loaded.shape_classes) > 1:
        log.warning(
            f"there are several shape classes, {', '.join(loaded.shape_classes)}: the first one is used"
        )
    return environment
