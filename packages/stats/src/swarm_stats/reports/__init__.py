"""Reports are values (rows, lines, documents) made from statistics; writing them is the caller's job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from swarm_stats.entries import sort_stats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swarm_stats.entries import Entry
    from swarm_stats.failures import Failure, FailureKey

PERCENTILES = (0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0)
"""The percentiles that tables and files show when nobody says otherwise."""


class Statistics(Protocol):
    """What a report is made from: a `Registry` while the run goes on, a `Snapshot` at its end."""

    @property
    def total(self) -> Entry:
        """All requests."""

    @property
    def entries(self) -> Mapping[tuple[str, str], Entry]:
        """{(name, method): entry}"""

    @property
    def errors(self) -> Mapping[FailureKey, Failure]:
        """{(method, name, error): failure}"""

    @property
    def names_full(self) -> bool:
        """Whether requests stand under "(other)"."""

    @property
    def max_names(self) -> int:
        """How many names are kept apart."""


def shown_entries(statistics: Statistics) -> list[Entry]:
    """Return the entries that a report lists: those that counted something, by name and method."""
    return [entry for entry in sort_stats(statistics.entries) if not entry.is_empty]


def sorted_failures(statistics: Statistics) -> list[Failure]:
    """Return the failures by method, name and error."""
    return sorted(statistics.errors.values(), key=lambda failure: tuple(map(str, failure.key)))
