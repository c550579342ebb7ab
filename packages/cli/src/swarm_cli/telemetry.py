"""Switches OpenTelemetry on where `--otel` asks for it, before listeners of `init` could want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.exceptions import SwarmError
from swarm_cli.errors import CommandLineError

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm_cli.parser import Options


def begin(environment: Environment, options: Options, *, node: str | None) -> None:
    """Send this process's telemetry from now on; `node` is its name in a swarm, None: of its own.

    Raises SwarmError when the extra is not installed, CommandLineError for a variable that cannot be.
    """
    if not options.otel:
        return
    from swarm.extras import MissingLibraryError
    from swarm.otel.setup import setup_opentelemetry

    try:
        setup_opentelemetry(
            environment.locustfile or "", environment.profile, node=node, events=environment.events
        )
    except MissingLibraryError:
        raise
    except SwarmError as error:
        raise CommandLineError(f"--otel: {error}") from error
