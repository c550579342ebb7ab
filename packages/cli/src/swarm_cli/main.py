"""The entry point of `swarm-cli`; what it does not need at once, it imports later, to start quickly."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import swarm  # patches the process, so it comes before everything else that could need it

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm.event import Events
    from swarm.shape import LoadTestShape
    from swarm.users.user import User


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code.

    `argv` are the arguments after the program's name; by default those of the process, read now.
    """
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Run the command line with these arguments and return its exit code (docs/exit-codes.md)."""
    if argv[:1] == ["demo"]:
        from swarm_cli.demo import run as run_demo

        return run_demo(argv[1:])
    if argv[:1] == ["secret"]:
        from swarm_cli.secret import run as make_secret

        return make_secret(argv[1:])
    if argv[:1] == ["replay"]:
        from swarm_cli.replay import run as replay

        return replay(argv[1:])
    if "-V" in argv or "--version" in argv:
        python = ".".join(map(str, sys.version_info[:3]))
        sys.stdout.write(f"swarm-cli {swarm.__version__} (Python {python})\n")
        return 0
    from swarm_cli import command

    return command.execute(argv)


def create_environment(
    user_classes: list[type[User]],
    options: Any,
    events: Events | None = None,
    shape_class: LoadTestShape | None = None,
    **settings: Any,
) -> Environment:
    """Return an environment for these classes and parsed options (Locust's `locust.main`)."""
    from swarm_cli import run as running

    return running.create_environment(
        user_classes, options, events=events, shape_class=shape_class, **settings
    )


def load_locustfile(path: str) -> tuple[dict[str, type[User]], list[LoadTestShape]]:
    """Load one locustfile; return its user classes by name, and its shapes (Locust's `locust.main`)."""
    from swarm_cli import locustfile

    return locustfile.load_locustfile(path)


if __name__ == "__main__":
    main()
