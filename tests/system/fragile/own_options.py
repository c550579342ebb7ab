"""Declares options under the names that files use: each is free for them."""

import argparse

from locust import User, constant, events, task

VALUES = [
    *("step-time", "step-users", "start-users", "max-users", "iterations", "pacing", "qps", "burst", "token"),
    *(
        "headers",
        "endpoint",
        "dataset",
        "run-id",
        "workers",
        "max-fail-ratio",
        "min-requests",
        "size",
        "type",
    ),
    "duration",
]


@events.init_command_line_parser.add_listener
def add_options(parser):
    for name in VALUES:
        parser.add_argument(f"--{name}", type=str, default="")
    for name in "ikmnopd":
        parser.add_argument(f"-{name}", dest=f"letter_{name}", default="")
    parser.add_argument("--debug", action="store_true", help="print more")
    parser.add_argument("--stream", action=argparse.BooleanOptionalAction, default=True)
    group = parser.add_argument_group("Model", "which model is asked")
    group.add_argument("--model", choices=["small", "large"], env_var="MODEL", include_in_web_ui=True)
    group.add_argument("--api-key", is_secret=True, default=None, metavar="KEY")
    group.add_argument("--sizes", nargs="+", type=int, default=[])


class Reader(User):
    wait_time = constant(0.1)

    @task
    def read(self):
        options = self.environment.parsed_options
        shown = [getattr(options, name.replace("-", "_")) for name in VALUES]
        shown += [getattr(options, f"letter_{name}") for name in "ikmnopd"]
        print(*shown, options.debug, options.stream, options.model, options.api_key, options.sizes)
        self.environment.runner.quit()
