"""The options that say what to run, under Locust's names."""

from __future__ import annotations

from swarm_cli.kinds import integer, positive_number, seconds, timespan
from swarm_cli.option import Group, flag, value

LOCUSTFILE = [
    value(
        "-f",
        "--locustfile",
        metavar="FILE",
        default="locustfile",
        variable="LOCUSTFILE",
        help="the file to run (default: locustfile.py); several parted by commas, a folder (all .py files "
        "below it, but those whose name begins with _), a module's name, an http(s) URL, or on a worker - to "
        "take the master's",
    ),
    value("--config", metavar="FILE", is_config_file_arg=True, help="a further configuration file"),
]
"""What must be known before the locustfile is loaded."""

COMMON = Group(
    "Common options",
    [
        *LOCUSTFILE,
        value(
            "-H", "--host", metavar="URL", variable="HOST", help="base URL of the target: http://shop.example"
        ),
        value(
            "-u",
            "--users",
            dest="num_users",
            metavar="N",
            type=integer(minimum=0),
            variable="USERS",
            help="peak number of users (default: 1). While a run lasts in a terminal, the keys w and W start 1 "
            "and 10 more, s and S stop 1 and 10, p pauses the run and goes on with it",
        ),
        value(
            "-r",
            "--spawn-rate",
            metavar="N",
            type=positive_number,
            variable="SPAWN_RATE",
            help="users started, or stopped, per second (default: 1)",
        ),
        value(
            "-t",
            "--run-time",
            metavar="TIME",
            type=timespan,
            variable="RUN_TIME",
            help="stop after this time: 300s, 20m, 3h, 1h30m, or seconds (default, and 0: until Ctrl-C)",
        ),
        flag("-l", "--list", dest="list_commands", help="print the user classes and exit"),
        value(
            "--config-users",
            nargs="*",
            metavar="JSON",
            variable="CONFIG_USERS",
            help="settings of user classes: a JSON object, an array of them, or a file with either; "
            'each names its class: {"user_class_name": "Buyer", "weight": 3}',
        ),
    ],
)

TAGS = Group(
    "Tag options",
    [
        value(
            "-T",
            "--tags",
            nargs="*",
            metavar="TAG",
            variable="TAGS",
            help="run only tasks with one of these tags",
        ),
        value(
            "-E",
            "--exclude-tags",
            nargs="*",
            metavar="TAG",
            variable="EXCLUDE_TAGS",
            help="run no task with one of these tags",
        ),
    ],
)

OTHER = Group(
    "Other options",
    [
        flag("--show-task-ratio", help="print how often tasks are chosen, and exit"),
        flag("--show-task-ratio-json", help="the same as JSON"),
        flag("-V", "--version", help="print the version and exit"),
        value(
            "--exit-code-on-error",
            metavar="CODE",
            type=integer(minimum=0, maximum=255),
            default=1,
            variable="EXIT_CODE_ON_ERROR",
            help="exit code when a request failed or a task raised (default: 1)",
        ),
        value(
            "-s",
            "--stop-timeout",
            metavar="SECONDS",
            type=seconds,
            default=0.0,
            variable="STOP_TIMEOUT",
            help="let a running task finish within this time when its user is stopped (default: 0)",
        ),
        flag("--equal-weights", help="as many users of each class, and each task as often"),
        value("--profile", metavar="NAME", help="label of the run"),
        flag(
            "--otel",
            variable="ENABLE_OPENTELEMETRY",
            help="send a span and measurements of each request to an OpenTelemetry collector; the OTEL_… variables "
            "say where",
        ),
    ],
)

USER_CLASSES = Group(
    "User classes",
    [value("user_classes", nargs="*", metavar="UserClass", help="the user classes to run (default: all)")],
)
