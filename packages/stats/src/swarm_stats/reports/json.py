"""The statistics as Locust's JSON: a list with one object for each entry, and keys of our own beside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from swarm_stats.reports import shown_entries, sorted_failures
from swarm_stats.wire import facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from swarm_stats.entries import Entry
    from swarm_stats.histogram import Histogram
    from swarm_stats.reports import Statistics


def document(statistics: Statistics, run: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the list: an object for each entry by name and method, none for the total.

    Each has Locust's keys, and our own: `histogram_us` {µs: count} in full resolution, `num_interrupted`
    (requests cut off at the stop), `failures` (its errors with their occurrences), and in an open workload
    `from_intent_us`, the histogram from intended start to end. What is known of the run as a whole stands
    under `run` in the first object.
    """
    made = list(objects(statistics))
    if made and run is not None:
        made[0]["run"] = dict(run)
    return made


def objects(statistics: Statistics) -> Iterator[dict[str, Any]]:
    """Yield the objects of `document` one by one, for whoever has to give way between them."""
    failures: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for failure in sorted_failures(statistics):
        failures.setdefault((failure.name, failure.method), []).append(
            {
                "error": failure.error,
                "occurrences": failure.occurrences,
                "first_seen": failure.first_seen,
                "last_seen": failure.last_seen,
            }
        )
    for entry in shown_entries(statistics):
        yield _object(entry, failures.get((entry.name, entry.method), []))


def text(statistics: Statistics, run: Mapping[str, Any] | None = None) -> str:
    """Return `document` as JSON text, indented by four."""
    return json.dumps(document(statistics, run), indent=4)


def _object(entry: Entry, failures: list[dict[str, Any]]) -> dict[str, Any]:
    own: dict[str, Any] = {
        "num_interrupted": entry.num_interrupted,
        "failures": failures,
        "histogram_us": _counts(entry.histogram),
    }
    if entry.late is not None:
        own["from_intent_us"] = _counts(entry.from_intent())
    return facts(entry) | own


def _counts(histogram: Histogram) -> dict[int, int]:
    return dict(histogram.items())
