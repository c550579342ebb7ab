"""One call of the command line: load the file, parse the options, then list, show, or run.

Options are parsed twice. The first time only `-f` and `--config` are known: the locustfile that they name may
declare options of its own, and the second time all are.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from swarm.event import events
from swarm.exceptions import SwarmError
from swarm_cli import locustfile, options, plugins, prepare, roles, task_ratio
from swarm_cli.console import tell
from swarm_cli.errors import CommandLineError, LocustfileError
from swarm_cli.exit_codes import ExitCode
from swarm_cli.listeners import fire_strictly
from swarm_cli.locustfile import Locustfiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swarm_cli.parser import Options


def execute(argv: Sequence[str]) -> int:
    """Do what the arguments ask for and return the exit code; what cannot be done is told on stderr."""
    try:
        return _execute(argv)
    except CommandLineError as error:
        return _refuse(str(error), error.exit_code)
    except SwarmError as error:
        return _refuse(str(error), ExitCode.FAILED)
    except KeyboardInterrupt:
        return _refuse("interrupted before the run began", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Who read stdout has gone; there is nobody to tell, and Python would try once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED


def _execute(argv: Sequence[str]) -> int:
    plugins.load()
    named: Options = options.locustfile_parser().parse_known_args(argv)[0]
    loaded = _load(argv, named)
    parser = options.get_parser()
    fire_strictly(events.init_command_line_parser, "init_command_line_parser", parser=parser)
    parsed = options.parse_options(argv, parser)
    _refuse_abbreviation(named, parsed)
    roles.settle(parsed)
    parsed.user_classes = parsed.user_classes or _classes_of_environment()
    if parsed.list_commands:
        _write("Available Users:\n" + "".join(f"    {name}\n" for name in loaded.user_classes))
        return ExitCode.OK
    if parsed.show_task_ratio or parsed.show_task_ratio_json:
        return _show_task_ratio(parsed, loaded)
    if parsed.processes and parsed.worker:
        from swarm_cli.processes import run_workers

        return run_workers(parsed.processes)
    from swarm_cli.run import run

    return run(parsed, loaded, roles.shared_options(parser, parsed), parser.args_included_in_web_ui)


def _refuse_abbreviation(named: Options, parsed: Options) -> None:
    """Refuse `--locust a.py`: which options it could stand for was not known when the file was loaded."""
    if named.locustfile != parsed.locustfile:
        raise CommandLineError(f"-f {parsed.locustfile}: write --locustfile or -f, not an abbreviation")


def _load(argv: Sequence[str], named: Options) -> Locustfiles:
    asks_for_help = "-h" in argv or "--help" in argv
    if named.locustfile == "-":
        starts_others = named.processes and roles.PARENT not in os.environ
        return Locustfiles() if asks_for_help or starts_others else _load_from_master(named)
    try:
        return locustfile.load(locustfile.find(named.locustfile))
    except LocustfileError as error:
        if not asks_for_help:
            raise
        if named.locustfile != "locustfile":
            tell(f"swarm-cli: {error}\nIts own options, if any, are not listed.\n\n")
        return Locustfiles()


def _load_from_master(named: Options) -> Locustfiles:
    if not named.worker:
        raise CommandLineError("-f -: only a worker takes the locustfile from its master; add --worker")
    from swarm_cli.fetch import fetch

    return locustfile.load(fetch(named))


def _classes_of_environment() -> list[str]:
    names = os.environ.get("SWARM_USER_CLASSES") or os.environ.get("LOCUST_USER_CLASSES") or ""
    return names.replace(",", " ").split()


def _show_task_ratio(parsed: Options, loaded: Locustfiles) -> int:
    from swarm_cli.run import create_environment

    classes = prepare.choose_user_classes(loaded, parsed.user_classes)
    environment = create_environment(classes, parsed, available_user_classes=loaded.user_classes)
    prepare.configure_users(environment, parsed.config_users or [])
    if parsed.equal_weights:
        environment.assign_equal_weights()
    environment.filter_tasks()
    show = task_ratio.as_json if parsed.show_task_ratio_json else task_ratio.as_text
    _write(show(environment.user_classes, parsed.num_users) + "\n")
    return ExitCode.OK


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _refuse(message: str, code: int) -> int:
    tell(f"swarm-cli: {message}\n")
    return code
