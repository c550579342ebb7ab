"""Starts the demo shop in a process of its own, and ends it.

A fresh interpreter, never a fork: a fork would take along the greenlets of the load generator, and the
shop's work would be counted as the generator's.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Iterator

# -P: a random.py in the working directory is not the shop's.
_COMMAND = [sys.executable, "-P", "-m", "swarm_cli.demo.shop", "--until-stdin-closes"]
_LAST_ANSWERS_S = 5.0


class ShopError(SwarmError):
    """The demo shop did not start; the text has what it said."""


@contextlib.contextmanager
def open_shop() -> Iterator[str]:
    """Serve the shop while the block runs; gives its URL, as "http://127.0.0.1:54321".

    Raises ShopError when it does not start.
    """
    with subprocess.Popen(  # noqa: S603  the command is this module's own
        _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None, text=True
    ) as process:
        assert process.stdin is not None  # noqa: S101  for the type checker: they are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            url = process.stdout.readline().strip()
            if not url:
                raise ShopError(
                    f"The demo shop did not start (exit code {process.wait()}); what it said stands above. "
                    f"To see more, start it alone: {' '.join(_COMMAND[:-1])}"
                )
            yield url
        finally:
            # The shop ends when its standard input does; so it does, too, when this process is killed.
            process.stdin.close()
            try:
                process.wait(_LAST_ANSWERS_S)
            except subprocess.TimeoutExpired:
                process.kill()
