"""The types that Locust's users annotate statistics with, and the dictionary of entries that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypedDict, TypeVar

from swarm_stats.entries import Entry
from swarm_stats.failures import Failure

if TYPE_CHECKING:
    from swarm_stats.registry import Registry


class StatsBaseDict(TypedDict):
    """What an entry and a failure have in common as dictionaries."""

    name: str
    method: str


class StatsEntryDict(StatsBaseDict):
    """An entry as `serialize` returns it, and one object of `--json`; times in ms."""

    last_request_timestamp: float | None
    start_time: float
    num_requests: int
    num_none_requests: int
    num_failures: int
    total_response_time: float
    max_response_time: float
    min_response_time: float | None
    total_content_length: int
    response_times: dict[int, int]
    num_reqs_per_sec: dict[int, int]
    num_fail_per_sec: dict[int, int]


class StatsErrorDict(StatsBaseDict):
    """A kind of failure as `to_dict` returns it; times in seconds since the epoch."""

    error: str
    occurrences: int
    first_seen: float
    last_seen: float


class StatsHolder(Protocol):
    """What has a name and a method: entries and failures."""

    name: str
    method: str


S = TypeVar("S", bound=StatsHolder)
"""An entry or a failure."""


class CachedResponseTimes(NamedTuple):
    """The response times of an entry as they were at some time: {ms: count} and the requests then."""

    response_times: dict[int, int]
    num_requests: int
    num_none_requests: int = 0


class RequestStatsAdditionError(Exception):
    """Two statistics cannot be added to each other. Swarm's always can, so it raises this nowhere."""


class EntriesDict(dict[tuple[str, str], Entry]):
    """Entries by (name, method) that belong to `request_stats`; asking for one that is missing makes it."""

    def __init__(self, request_stats: Registry) -> None:
        super().__init__()
        self.request_stats = request_stats

    def __missing__(self, key: tuple[str, str]) -> Entry:
        cache = self.request_stats.use_response_times_cache
        entry = self[key] = Entry(self.request_stats, *key, use_response_times_cache=cache)
        return entry


def exchange_statistics(events: Any, stats: Registry) -> None:
    """Let workers send the statistics `stats` of a script's own with their reports, and the master add them up.

    A run's own statistics, those of its environment, travel anyhow: for them nothing is done. What is sent
    stands in the report's data under `stats`, `stats_total` and `errors`.
    """
    if events.request.stats is stats:
        return

    def report(data: dict[str, Any], **_other: Any) -> None:
        data["stats"] = stats.serialize_stats()
        data["stats_total"] = stats.total.get_stripped_report()
        data["errors"] = stats.serialize_errors()
        stats.clear_all()

    def take(data: dict[str, Any], **_other: Any) -> None:
        for each in data.get("stats", ()):
            stats.get(each["name"], each["method"]).extend(Entry.unserialize(each))
        for each in data.get("errors", {}).values():
            error = stats.errors.setdefault(
                (each["method"], each["name"], each["error"]), Failure.unserialize({**each, "occurrences": 0})
            )
            error.extend(Failure.unserialize(each))
        if "stats_total" in data:
            stats.total.extend(Entry.unserialize(data["stats_total"]))

    events.report_to_master.add_listener(report)
    events.worker_report.add_listener(take)
