"""The options of a run that is spread over processes and machines, under Locust's names."""

from __future__ import annotations

from swarm_cli.kinds import integer, processes, seconds
from swarm_cli.option import HIDDEN, Group, flag, removed, value

PORT = 5557

MASTER = Group(
    "Master options",
    [
        flag(
            "--master",
            variable="MODE_MASTER",
            help="steer workers, which run the users; this process runs none",
        ),
        value(
            "--master-bind-host",
            metavar="ADDRESS",
            default="127.0.0.1",
            variable="MASTER_BIND_HOST",
            help="address to listen on for workers (default: 127.0.0.1, this machine alone; * for all "
            "addresses). Any other than this machine's own needs a secret",
        ),
        value(
            "--master-bind-port",
            metavar="PORT",
            type=integer(minimum=0, maximum=65535),
            default=PORT,
            variable="MASTER_BIND_PORT",
            help=f"port to listen on (default: {PORT})",
        ),
        value(
            "--expect-workers",
            metavar="N",
            type=integer(minimum=1),
            default=1,
            variable="EXPECT_WORKERS",
            help="start when so many workers are there (default: 1)",
        ),
        value(
            "--expect-workers-max-wait",
            metavar="SECONDS",
            type=seconds,
            default=0.0,
            variable="EXPECT_WORKERS_MAX_WAIT",
            help="give up when they are not there after this time (default: 0, never)",
        ),
        value(
            "--journal",
            metavar="FILE",
            variable="JOURNAL",
            help="keep the run in this file, so that a master that is started again with it goes on where one "
            "was killed",
        ),
        flag("--enable-rebalancing", help=HIDDEN),
        removed("--expect-slaves", "use --expect-workers"),
    ],
)

WORKER = Group(
    "Worker options",
    [
        flag("--worker", variable="MODE_WORKER", help="run users for a master"),
        value(
            "--master-host",
            metavar="HOST",
            default="127.0.0.1",
            variable="MASTER_NODE_HOST",
            help="where the master is (default: 127.0.0.1)",
        ),
        value(
            "--master-port",
            metavar="PORT",
            type=integer(minimum=1, maximum=65535),
            default=PORT,
            variable="MASTER_NODE_PORT",
            help=f"the port that it listens on (default: {PORT})",
        ),
        value(
            "--processes",
            metavar="N",
            type=processes,
            variable="PROCESSES",
            help="run the users in so many processes of this machine, -1: one a core; with --worker so many "
            "workers",
        ),
        value(
            "--secret-file",
            metavar="FILE",
            variable="SECRET_FILE",
            help="the secret that master and workers share: what `swarm-cli secret` printed (or SWARM_SECRET "
            "has it; on this machine alone none is needed)",
        ),
        removed("--slave", "use --worker"),
    ],
)
"""The worker's options, and what both have."""
