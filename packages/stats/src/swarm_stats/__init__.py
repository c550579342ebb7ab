"""Measurements of load tests: pure Python that knows nothing of gevent, sockets, HTTP or clocks.

Time comes in as an argument (`now`) or through the `clock` that a registry is given; warnings go out through
callbacks; reports are values (rows, lines, documents) that the caller writes.
"""

from swarm_stats.entries import Entry, sort_stats
from swarm_stats.exceptions import Exceptions
from swarm_stats.failures import Failure
from swarm_stats.histogram import Histogram
from swarm_stats.registry import Registry
from swarm_stats.snapshot import Snapshot

__all__ = ["Entry", "Exceptions", "Failure", "Histogram", "Registry", "Snapshot", "sort_stats"]
