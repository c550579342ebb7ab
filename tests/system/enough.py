"""Ends a run by what it has done, not by its time, so that what was counted and what was served can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.system.cli_process import Cli

FILE = """
import gevent
from swarm import events

@events.init.add_listener
def leave_after_enough(environment, **_):
    @environment.events.request.add_listener
    def count(**_):
        if environment.stats.total.num_requests == {requests}:
            gevent.spawn(environment.runner.quit)  # it waits for the tasks to end
"""
LONG = ["-t", "60s", "--stop-timeout", "30"]
"""Options of such a run: it would last much longer, and tasks end in peace."""


def write_enough(cli: Cli, requests: int) -> str:
    """Write a locustfile that ends the run after so many requests; return its name, for `-f`."""
    cli.write("enough.py", FILE.format(requests=requests))
    return "enough.py"
