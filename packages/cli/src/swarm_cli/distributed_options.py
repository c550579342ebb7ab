"""The options of a run that is spread over processes and machines, under Locust's names."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from swarm_cli.kinds import integer, seconds

if TYPE_CHECKING:
    from swarm_cli.parser import LocustArgumentParser

PORT = 5557


def declare_master(parser: LocustArgumentParser) -> None:
    """Declare the master's options."""
    group: Any = parser.add_argument_group("Master options")
    group.add_argument(
        "--master",
        action="store_true",
        env_var="SWARM_MODE_MASTER",
        help="steer workers, which run the users; this process runs none",
    )
    group.add_argument(
        "--master-bind-host",
        metavar="ADDRESS",
        default="127.0.0.1",
        env_var="SWARM_MASTER_BIND_HOST",
        help="address to listen on for workers (default: 127.0.0.1, this machine alone; * for all addresses). "
        "Any other than this machine's own needs a secret",
    )
    group.add_argument(
        "--master-bind-port",
        metavar="PORT",
        type=integer(minimum=0, maximum=65535),
        default=PORT,
        env_var="SWARM_MASTER_BIND_PORT",
        help=f"port to listen on (default: {PORT})",
    )
    group.add_argument(
        "--expect-workers",
        metavar="N",
        type=integer(minimum=1),
        default=1,
        env_var="SWARM_EXPECT_WORKERS",
        help="start when so many workers are there (default: 1)",
    )
    group.add_argument(
        "--expect-workers-max-wait",
        metavar="SECONDS",
        type=seconds,
        default=0.0,
        env_var="SWARM_EXPECT_WORKERS_MAX_WAIT",
        help="give up when they are not there after this time (default: 0, never)",
    )
    group.add_argument(
        "--journal",
        metavar="FILE",
        env_var="SWARM_JOURNAL",
        help="keep the run in this file, so that a master that is started again with it goes on where one was "
        "killed",
    )
    group.add_argument("--enable-rebalancing", action="store_true", help=argparse.SUPPRESS)


def declare_worker(parser: LocustArgumentParser) -> None:
    """Declare the worker's options, and what both have."""
    group: Any = parser.add_argument_group("Worker options")
    group.add_argument(
        "--worker",
        action="store_true",
        env_var="SWARM_MODE_WORKER",
        help="run users for a master",
    )
    group.add_argument(
        "--master-host",
        metavar="HOST",
        default="127.0.0.1",
        env_var="SWARM_MASTER_NODE_HOST",
        help="where the master is (default: 127.0.0.1)",
    )
    group.add_argument(
        "--master-port",
        metavar="PORT",
        type=integer(minimum=1, maximum=65535),
        default=PORT,
        env_var="SWARM_MASTER_NODE_PORT",
        help=f"the port that it listens on (default: {PORT})",
    )
    group.add_argument(
        "--processes",
        metavar="N",
        type=processes,
        env_var="SWARM_PROCESSES",
        help="run the users in so many processes of this machine, -1: one a core; with --worker so many workers",
    )
    group.add_argument(
        "--secret-file",
        metavar="FILE",
        env_var="SWARM_SECRET_FILE",
        help="the secret that master and workers share: what `swarm-cli secret` printed (or SWARM_SECRET has "
        "it; on this machine alone none is needed)",
    )


def processes(text: str) -> int:
    """Parse a number of processes: above 0, or -1."""
    if text.strip() == "-1":
        return -1
    return integer(minimum=1)(text)
