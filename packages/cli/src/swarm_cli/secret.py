"""`swarm-cli secret`: prints a new secret for master and workers to share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from swarm.transport.secret import Secret
from swarm_cli.console import tell
from swarm_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = """usage: swarm-cli secret

Prints a new secret. Keep it in a file that only you can read, the same for the master and each worker:

  (umask 077; swarm-cli secret > swarm.secret)
  swarm-cli --master --master-bind-host '*' --secret-file swarm.secret …
  swarm-cli --worker --master-host ADDRESS --secret-file swarm.secret …

The variable SWARM_SECRET may hold it instead.
"""


def run(arguments: Sequence[str]) -> int:
    """Print a secret, or how to use one; return the exit code."""
    if arguments:
        tell(USAGE)
        return ExitCode.OK if set(arguments) <= {"-h", "--help"} else ExitCode.ERROR
    sys.stdout.write(Secret.new().text + "\n")
    sys.stdout.flush()
    return ExitCode.OK
