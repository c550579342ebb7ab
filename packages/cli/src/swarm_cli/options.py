"""The parsers of `swarm-cli`: all options, or those that must be known before the locustfile is loaded.

Each name taken is lost to the options of locustfiles, so there are few beside Locust's own: those of OURS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm_cli.config import DEFAULT_FILES
from swarm_cli.distributed_options import MASTER, WORKER
from swarm_cli.option import Group
from swarm_cli.output_options import LOGGING, STATISTICS
from swarm_cli.parser import LocustArgumentParser, Options, new_parser
from swarm_cli.run_options import COMMON, LOCUSTFILE, OTHER, TAGS, USER_CLASSES
from swarm_cli.web_options import WEB_UI

if TYPE_CHECKING:
    from collections.abc import Sequence

DESCRIPTION = """Load tests in plain Python.

  swarm-cli -f locustfile.py --headless -u 50 -r 10 -t 1m -H https://shop.example
  swarm-cli --processes -1 …         the same on all cores of this machine
  swarm-cli --master --expect-workers 2 --headless -u 50 …     and twice: swarm-cli --worker -f -
  swarm-cli secret                   what master and workers on several machines share
  swarm-cli demo                     a demo shop and a load test against it
  swarm-cli replay FILE              a run that was recorded with --record, in the browser
"""

OURS = {
    "--journal",
    "--log-format",
    "--record",
    "--require-valid",
    "--secret-file",
    "--web-access",
    "--web-allowed-host",
    "--web-max-users",
}
"""The options that Locust does not have."""

GROUPS = (
    COMMON,
    WEB_UI,
    MASTER,
    WORKER,
    TAGS,
    STATISTICS,
    LOGGING,
    OTHER,
    USER_CLASSES,
)


def get_parser(default_config_files: Sequence[str] = DEFAULT_FILES) -> LocustArgumentParser:
    """Return a parser with all built-in options, which reads these configuration files, those that are there."""
    parser = new_parser(
        default_config_files,
        usage="%(prog)s [options] [UserClass ...]",
        description=DESCRIPTION,
        epilog="Environment variables are read under the names that begin with LOCUST_, too.",
    )
    setup_parser_arguments(parser)
    return parser


def locustfile_parser() -> LocustArgumentParser:
    """Return a parser of `-f` and `--config`, and of the way to a master that has the file."""
    parser = new_parser(add_help=False, allow_abbrev=False, ignore_unknown_config_file_keys=True)
    Group(None, LOCUSTFILE).declare(parser)
    WORKER.declare(parser)
    return parser


def setup_parser_arguments(parser: LocustArgumentParser) -> None:
    """Declare all built-in options on `parser`."""
    for group in GROUPS:
        group.declare(parser)
    for action in parser._actions:
        setattr(action, "include_in_web_ui", False)  # noqa: B010  the UI has fields of its own for these


def parse_options(args: Sequence[str] | None = None, parser: LocustArgumentParser | None = None) -> Options:
    """Parse the built-in options, or those of `parser`; a wrong one ends the process with exit code 2."""
    options: Options = (parser or get_parser()).parse_args(args)
    return options
