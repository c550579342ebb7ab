"""The errors that end the command line before a run, each with the exit code that it means."""

from __future__ import annotations

from swarm.exceptions import SwarmError
from swarm_cli.exit_codes import ExitCode


class CommandLineError(SwarmError):
    """Something the user gave cannot be used; its text is all that is shown."""

    exit_code: int = ExitCode.ERROR


class LocustfileError(CommandLineError):
    """The locustfile is missing, does not load, or holds nothing to run."""

    exit_code = ExitCode.FAILED


class MissingExtraError(CommandLineError):
    """An option needs a part of Swarm that is not installed."""

    exit_code = ExitCode.FAILED
