"""Measurements of load tests: pure Python that knows nothing of gevent, sockets, HTTP or clocks.

Time comes in as an argument (`now`) or through the `clock` a registry is given; warnings go out through
callbacks; reports are values (rows, lines, dictionaries) that the caller writes.
"""

from swarm_stats.entries import Entry, sort_stats
from swarm_stats.exceptions import Exceptions
from swarm_stats.failures import Failure
from swarm_stats.histogram import Histogram
from swarm_stats.registry import Registry

__all__ = ["Entry", "Exceptions", "Failure", "Histogram", "Registry", "sort_stats"]
