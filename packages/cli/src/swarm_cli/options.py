"""The options of `swarm-cli`, group by group, under Locust's names.

Each name taken here is lost to the options of locustfiles, so there are few beside Locust's own:
`--require-valid`, `--log-format`, `--secret-file` and `--journal`.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from swarm_cli import distributed_options
from swarm_cli.kinds import integer, positive_number, seconds, timespan
from swarm_cli.parser import LocustArgumentParser, Options, new_parser

if TYPE_CHECKING:
    from collections.abc import Sequence

DESCRIPTION = """Load tests in plain Python.

  swarm-cli -f locustfile.py --headless -u 50 -r 10 -t 1m -H https://shop.example
  swarm-cli --processes -1 …         the same on all cores of this machine
  swarm-cli --master --expect-workers 2 --headless -u 50 …     and twice: swarm-cli --worker -f -
  swarm-cli secret                   what master and workers on several machines share
  swarm-cli demo                     a demo shop and a load test against it
"""

LATER = {
    "--otel": "OpenTelemetry",
    "--class-picker": "the class picker of the browser UI",
    "--web-login": "the log-in page of the browser UI",
    "--build-path": "another front end for the browser UI",
    "--legacy-ui": "Locust's old browser UI, which is gone there, too",
}
"""Options that are known and cannot be served; giving one ends the process with a message."""


def get_parser() -> LocustArgumentParser:
    """Return a parser with all built-in options."""
    parser = new_parser(
        usage="%(prog)s [options] [UserClass ...]",
        description=DESCRIPTION,
        epilog="Environment variables are read under the names that begin with LOCUST_, too.",
    )
    setup_parser_arguments(parser)
    return parser


def locustfile_parser() -> LocustArgumentParser:
    """Return a parser of `-f` and `--config` alone: what must be known before the locustfile is loaded."""
    parser = new_parser(add_help=False, allow_abbrev=False, ignore_unknown_config_file_keys=True)
    _add_locustfile(parser)
    distributed_options.declare_worker(parser)
    return parser


def setup_parser_arguments(parser: LocustArgumentParser) -> None:
    """Declare all built-in options on `parser`."""
    for declare in (
        _common,
        _web_ui,
        distributed_options.declare_master,
        distributed_options.declare_worker,
        _tags,
        _statistics,
        _logging,
        _other,
        _later,
        _user_classes,
    ):
        declare(parser)
    for action in parser._actions:
        setattr(action, "include_in_web_ui", False)  # noqa: B010  the UI has fields of its own for these


def parse_options(args: Sequence[str] | None = None, parser: LocustArgumentParser | None = None) -> Options:
    """Parse the built-in options, or those of `parser`; a wrong one ends the process with exit code 2."""
    options: Options = (parser or get_parser()).parse_args(args)
    return options


def _add_locustfile(group: Any) -> None:
    group.add_argument(
        "-f",
        "--locustfile",
        metavar="FILE",
        default="locustfile",
        env_var="SWARM_LOCUSTFILE",
        help="the file to run (default: locustfile.py); several parted by commas, a folder (all .py files "
        "below it, but those whose name begins with _), a module's name, or on a worker - to take the master's",
    )
    group.add_argument(
        "--config", metavar="FILE", is_config_file_arg=True, help="a further configuration file"
    )


def _common(parser: LocustArgumentParser) -> None:
    group: Any = parser.add_argument_group("Common options")
    _add_locustfile(group)
    group.add_argument(
        "-H",
        "--host",
        metavar="URL",
        env_var="SWARM_HOST",
        help="base URL of the target: http://shop.example",
    )
    group.add_argument(
        "-u",
        "--users",
        dest="num_users",
        metavar="N",
        type=integer(minimum=0),
        env_var="SWARM_USERS",
        help="peak number of users (default: 1). While a headless run lasts, the keys w and W start 1 and 10 "
        "more, s and S stop 1 and 10",
    )
    group.add_argument(
        "-r",
        "--spawn-rate",
        metavar="N",
        type=positive_number,
        env_var="SWARM_SPAWN_RATE",
        help="users started, or stopped, per second (default: 1)",
    )
    group.add_argument(
        "-t",
        "--run-time",
        metavar="TIME",
        type=timespan,
        env_var="SWARM_RUN_TIME",
        help="stop after this time: 300s, 20m, 3h, 1h30m, or seconds (default: until Ctrl-C)",
    )
    group.add_argument(
        "-l", "--list", dest="list_commands", action="store_true", help="print the user classes and exit"
    )
    group.add_argument(
        "--config-users",
        nargs="*",
        metavar="JSON",
        env_var="SWARM_CONFIG_USERS",
        help="settings of user classes: a JSON object, an array of them, or a file with either; "
        'each names its class: {"user_class_name": "Buyer", "weight": 3}',
    )


def _web_ui(parser: LocustArgumentParser) -> None:
    group: Any = parser.add_argument_group("Browser UI options")
    group.add_argument("--web-host", metavar="HOST", env_var="SWARM_WEB_HOST", help="address of the UI")
    group.add_argument(
        "--web-host-display-name", env_var="SWARM_WEB_HOST_DISPLAY_NAME", help=argparse.SUPPRESS
    )
    group.add_argument(
        "-P",
        "--web-port",
        metavar="PORT",
        type=integer(minimum=0, maximum=65535),
        default=8089,
        env_var="SWARM_WEB_PORT",
        help="port of the UI (default: 8089)",
    )
    group.add_argument(
        "--headless",
        action="store_true",
        env_var="SWARM_HEADLESS",
        help="start at once, without the UI",
    )
    group.add_argument(
        "--autostart", action="store_true", env_var="SWARM_AUTOSTART", help="start at once, with the UI"
    )
    group.add_argument("--headful", action="store_true", env_var="SWARM_HEADFUL", help=argparse.SUPPRESS)
    group.add_argument(
        "--autoquit",
        metavar="SECONDS",
        type=int,
        default=-1,
        env_var="SWARM_AUTOQUIT",
        help="with --autostart: quit so long after the run's end (default: stay)",
    )
    group.add_argument("--tls-cert", metavar="FILE", env_var="SWARM_TLS_CERT", help="certificate of the UI")
    group.add_argument("--tls-key", metavar="FILE", env_var="SWARM_TLS_KEY", help="private key of the UI")
    group.add_argument(
        "--web-base-path", metavar="PATH", env_var="SWARM_WEB_BASE_PATH", help="prefix of the UI's paths"
    )


def _tags(parser: LocustArgumentParser) -> None:
    group: Any = parser.add_argument_group("Tag options")
    group.add_argument(
        "-T",
        "--tags",
        nargs="*",
        metavar="TAG",
        env_var="SWARM_TAGS",
        help="run only tasks with one of these tags",
    )
    group.add_argument(
        "-E",
        "--exclude-tags",
        nargs="*",
        metavar="TAG",
        env_var="SWARM_EXCLUDE_TAGS",
        help="run no task with one of these tags",
    )


def _statistics(parser: LocustArgumentParser) -> None:
    group: Any = parser.add_argument_group("Statistics options")
    group.add_argument(
        "--csv",
        dest="csv_prefix",
        metavar="PREFIX",
        env_var="SWARM_CSV",
        help="write PREFIX_stats.csv, PREFIX_stats_history.csv, PREFIX_failures.csv, PREFIX_exceptions.csv",
    )
    group.add_argument(
        "--csv-full-history",
        dest="stats_history_enabled",
        action="store_true",
        env_var="SWARM_CSV_FULL_HISTORY",
        help="history rows for every entry, not for the total alone",
    )
    group.add_argument(
        "--print-stats",
        action="store_true",
        env_var="SWARM_PRINT_STATS",
        help="print the table in UI runs, too",
    )
    group.add_argument(
        "--only-summary",
        action="store_true",
        env_var="SWARM_ONLY_SUMMARY",
        help="print no table while the run lasts, only the summary",
    )
    group.add_argument(
        "--reset-stats",
        action="store_true",
        env_var="SWARM_RESET_STATS",
        help="reset the statistics when all users have been started",
    )
    group.add_argument(
        "--html",
        dest="html_file",
        metavar="FILE",
        env_var="SWARM_HTML",
        help="write the HTML report; {u}, {r} and {t} in the name become users, spawn rate and run time",
    )
    group.add_argument("--json", action="store_true", help="print the final statistics to stdout, as JSON")
    group.add_argument("--json-file", metavar="FILE", help="write the same to a file (.json is added)")
    group.add_argument(
        "--require-valid",
        action="store_true",
        env_var="SWARM_REQUIRE_VALID",
        help="end with exit code 4 when the load generator itself was the bottleneck",
    )


def _logging(parser: LocustArgumentParser) -> None:
    group: Any = parser.add_argument_group("Logging options")
    group.add_argument(
        "--skip-log-setup",
        action="store_true",
        env_var="SWARM_SKIP_LOG_SETUP",
        help="leave logging as the locustfile has set it up",
    )
    group.add_argument(
        "-L",
        "--loglevel",
        metavar="LEVEL",
        type=str.upper,
        choices=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        default="INFO",
        env_var="SWARM_LOGLEVEL",
        help="DEBUG, INFO (default), WARNING, ERROR or CRITICAL",
    )
    group.add_argument(
        "--logfile", metavar="FILE", env_var="SWARM_LOGFILE", help="log there instead of stderr"
    )
    group.add_argument(
        "--log-format",
        choices=["console", "json"],
        default="console",
        env_var="SWARM_LOG_FORMAT",
        help="console: for people (default); json: one object a line",
    )


def _other(parser: LocustArgumentParser) -> None:
    group: Any = parser.add_argument_group("Other options")
    group.add_argument(
        "--show-task-ratio", action="store_true", help="print how often tasks are chosen, and exit"
    )
    group.add_argument("--show-task-ratio-json", action="store_true", help="the same as JSON")
    group.add_argument("-V", "--version", action="store_true", help="print the version and exit")
    group.add_argument(
        "--exit-code-on-error",
        metavar="CODE",
        type=integer(minimum=0, maximum=255),
        default=1,
        env_var="SWARM_EXIT_CODE_ON_ERROR",
        help="exit code when a request failed or a task raised (default: 1)",
    )
    group.add_argument(
        "-s",
        "--stop-timeout",
        metavar="SECONDS",
        type=seconds,
        default=0.0,
        env_var="SWARM_STOP_TIMEOUT",
        help="let a running task finish within this time when its user is stopped (default: 0)",
    )
    group.add_argument("--equal-weights", action="store_true", help="as many users of each class")
    group.add_argument("--profile", metavar="NAME", help="label of the run")


def _later(parser: LocustArgumentParser) -> None:
    """Declare what LATER lists, so that files, variables and arguments are all noticed."""
    variables = {"--otel": "ENABLE_OPENTELEMETRY", "--class-picker": "USERCLASS_PICKER"}
    with_value = {name for name in LATER if name.endswith("-path")}
    group: Any = parser.add_argument_group()
    for name in LATER:
        variable = variables.get(name, name.removeprefix("--").replace("-", "_").upper())
        kind = {} if name in with_value else {"action": "store_true"}
        group.add_argument(name, env_var=f"SWARM_{variable}", help=argparse.SUPPRESS, **kind)


def _user_classes(parser: LocustArgumentParser) -> None:
    group: Any = parser.add_argument_group("User classes")
    group.add_argument(
        "user_classes", nargs="*", metavar="UserClass", help="the user classes to run (default: all)"
    )
