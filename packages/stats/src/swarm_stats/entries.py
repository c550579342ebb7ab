"""One entry of the statistics: all requests of one method and name, or all of the run in total.

Inside, durations are integer microseconds (`*_us`); at the surface, under Locust's names, they are float
milliseconds that keep their microseconds.
"""

from __future__ import annotations

import copy
import html
import math
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from swarm_stats.failures import error_text
from swarm_stats.histogram import MAX_US, Histogram
from swarm_stats.history import SERIES_SECONDS, add_series, current_rate, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

NEVER = 1 << 62
"""`min_us` of an entry without a timed request."""


class Run(Protocol):
    """What an entry needs to know of the run it belongs to (a registry, or a snapshot of one)."""

    @property
    def clock(self) -> Callable[[], float]:
        """Seconds since the epoch."""

    @property
    def start_time(self) -> float:
        """When the run began, in seconds since the epoch."""

    @property
    def last_request_timestamp(self) -> float | None:
        """When its last request ended."""

    @property
    def current_window(self) -> int:
        """Over how many seconds current percentiles are taken."""


class Entry:
    """The requests of one (method, name).

    `start_time` and `last_request_timestamp` are seconds since the epoch, `num_reqs_per_sec` and
    `num_fail_per_sec` map the second to a count. `stats` is the run it belongs to; without one, its own
    times stand for the run's.
    """

    def __init__(
        self, stats: Run | None, name: str, method: str, use_response_times_cache: bool = False
    ) -> None:
        self.stats = stats
        self.name = name
        self.method = method
        self.use_response_times_cache = use_response_times_cache
        self.reset()

    def reset(self) -> None:
        """Forget all; a new start time."""
        self.start_time: float = self.stats.clock() if self.stats is not None else 0.0
        self.last_request_timestamp: float | None = None
        self.num_requests = 0
        self.num_none_requests = 0
        self.num_failures = 0
        self.num_interrupted = 0
        self.total_us = 0
        self.min_us = NEVER
        self.max_us = 0
        self.total_content_length = 0
        self.num_reqs_per_sec: dict[int, int] = {}
        self.num_fail_per_sec: dict[int, int] = {}
        self.histogram = Histogram()
        # The requests that began later than they were meant to: from intent, and as they were served.
        self.late: Histogram | None = None
        self.late_service: Histogram | None = None
        # The histogram as it was when a second began, for percentiles of late.
        self.marks: deque[tuple[int, Histogram]] = deque()

    # Recording. `Registry.record` does the same in line for timed requests.

    def add(self, service_us: int | None, length: int, now: float, limit: int = SERIES_SECONDS) -> None:
        """Count a request that ended at `now` (seconds since the epoch).

        `service_us` is its time in µs, None for a request without one; `length` the body in bytes; `limit`
        bounds the per-second series.
        """
        second = int(now)
        if second not in self.num_reqs_per_sec:
            self.begin_second(second, limit)
        self.num_reqs_per_sec[second] += 1
        self.num_requests += 1
        self.total_content_length += length
        self.last_request_timestamp = now
        if service_us is None:
            self.num_none_requests += 1
            return
        service_us = max(service_us, 0)
        self.histogram.add(service_us)
        self.total_us += service_us
        self.min_us = min(self.min_us, service_us)
        self.max_us = max(self.max_us, service_us)

    def begin_second(self, second: int, limit: int = SERIES_SECONDS) -> None:
        """Prepare for the first request of a second; called before it is counted."""
        series = self.num_reqs_per_sec
        if len(series) >= limit:
            fold(series, limit - 1)
        series[second] = 0
        if self.use_response_times_cache:
            self._mark(second)

    def add_late(self, service_us: int, from_intent_us: int) -> None:
        """Note that a counted request began late: it took `from_intent_us` from when it was meant to."""
        if self.late is None or self.late_service is None:
            self.late, self.late_service = Histogram(), Histogram()
        self.late.add(from_intent_us)
        self.late_service.add(service_us)

    def add_failure(self, now: float, limit: int = SERIES_SECONDS) -> None:
        """Count a failure at `now` (seconds since the epoch)."""
        self.num_failures += 1
        series = self.num_fail_per_sec
        second = int(now)
        series[second] = series.get(second, 0) + 1
        fold(series, limit)

    def log(self, response_time: float | None, content_length: int) -> None:
        """Count a request by its response time (ms, None for one without) in this entry alone, now."""
        self.add(to_us(response_time), content_length, self._now())

    def log_error(self, error: object) -> None:
        """Count a failure in this entry alone, now; nothing for no error."""
        if error_text(error):
            self.add_failure(self._now())

    # Times at the surface: ms.

    @property
    def total_response_time(self) -> float:
        """The sum of all response times (ms)."""
        return self.total_us / 1000

    @property
    def min_response_time(self) -> float | None:
        """The shortest response time (ms), exactly; None while there is none."""
        return None if self.min_us == NEVER else self.min_us / 1000

    @property
    def max_response_time(self) -> float:
        """The longest response time (ms), exactly; 0 while there is none."""
        return self.max_us / 1000

    @property
    def num_timed(self) -> int:
        """The requests that had a response time."""
        return self.num_requests - self.num_none_requests

    @property
    def avg_response_time(self) -> float:
        """The mean response time (ms); 0 while there is none."""
        timed = self.num_timed
        return self.total_us / timed / 1000 if timed else 0.0

    @property
    def median_response_time(self) -> float:
        """The median response time (ms); 0 while there is none."""
        return self.get_response_time_percentile(0.5)

    @property
    def response_times(self) -> dict[int, int]:
        """{response time: count} with the times in ms rounded as Locust does (see `round_ms`)."""
        rounded: dict[int, int] = {}
        for us, n in self.histogram.items():
            ms = round_ms(self._within(us) / 1000)
            rounded[ms] = rounded.get(ms, 0) + n
        return rounded

    def get_response_time_percentile(self, percent: float) -> float:
        """Return the response time (ms) that the fraction `percent` (0 to 1) of the requests do not exceed.

        0 while there is none. Raises ValueError when `percent` is outside 0 to 1.
        """
        return self.percentiles((percent,))[0]

    def percentiles(self, fractions: Sequence[float]) -> list[float]:
        """Return `get_response_time_percentile` of each of `fractions`, in one pass."""
        if not self.histogram.rows:
            return [0.0] * len(fractions)
        found = self.histogram.percentiles(fractions)
        return [
            (self.max_us if fraction == 1 else self._within(us)) / 1000
            for fraction, us in zip(fractions, found, strict=True)
        ]

    def get_current_response_time_percentile(self, percent: float, window: int | None = None) -> float | None:
        """Return a percentile (ms) over the last `window` seconds (default: the run's `current_window`).

        None when there was no request in that time, or while `use_response_times_cache` is off.
        """
        if window is None:
            window = self.stats.current_window if self.stats is not None else 10
        since = int(self._now()) - window
        # A second without a request has no mark; nothing changed until the next one that has.
        for second, earlier in self.marks:
            if second >= since:
                recent = self.histogram.diff(earlier)
                return self._within(recent.percentile(percent)) / 1000 if recent.rows else None
        return None

    def from_intent(self) -> Histogram:
        """Return the response times counted from when each request was meant to begin.

        The same as `histogram` in a closed workload; otherwise free of coordinated omission.
        """
        if self.late is None or self.late_service is None:
            return self.histogram.copy()
        intent = self.histogram.diff(self.late_service)
        intent.merge(self.late)
        return intent

    # Rates and ratios.

    @property
    def fail_ratio(self) -> float:
        """Failures per request, 0 to 1."""
        if self.num_requests:
            return self.num_failures / self.num_requests
        return 1.0 if self.num_failures else 0.0

    @property
    def avg_content_length(self) -> float:
        """The mean body in bytes; 0 while there is none."""
        return self.total_content_length / self.num_requests if self.num_requests else 0.0

    @property
    def current_rps(self) -> float:
        """Requests per second of late (see `history.current_rate`)."""
        return current_rate(self.num_reqs_per_sec, self.start_time, self._now())

    @property
    def current_fail_per_sec(self) -> float:
        """Failures per second of late (see `history.current_rate`)."""
        return current_rate(self.num_fail_per_sec, self.start_time, self._now())

    @property
    def total_rps(self) -> float:
        """Requests per second from the start of the run to its last request."""
        return self._per_second(self.num_requests)

    @property
    def total_fail_per_sec(self) -> float:
        """Failures per second from the start of the run to its last request."""
        return self._per_second(self.num_failures)

    # Merging and moving.

    def extend(self, other: Entry, limit: int = SERIES_SECONDS) -> None:
        """Add all that `other` counted; nothing is lost but the resolution of a series over `limit`."""
        if self.use_response_times_cache and self.stats is not None:
            self._mark(int(self.stats.clock()))
        self.start_time = min(self.start_time, other.start_time)
        latest = (self.last_request_timestamp, other.last_request_timestamp)
        self.last_request_timestamp = max((each for each in latest if each is not None), default=None)
        self.num_requests += other.num_requests
        self.num_none_requests += other.num_none_requests
        self.num_failures += other.num_failures
        self.num_interrupted += other.num_interrupted
        self.total_us += other.total_us
        self.min_us = min(self.min_us, other.min_us)
        self.max_us = max(self.max_us, other.max_us)
        self.total_content_length += other.total_content_length
        add_series(self.num_reqs_per_sec, other.num_reqs_per_sec, limit)
        add_series(self.num_fail_per_sec, other.num_fail_per_sec, limit)
        self.histogram.merge(other.histogram)
        if other.late is not None and other.late_service is not None:
            if self.late is None or self.late_service is None:
                self.late, self.late_service = Histogram(), Histogram()
            self.late.merge(other.late)
            self.late_service.merge(other.late_service)

    def copy(self, stats: Run | None = None) -> Entry:
        """Return an independent copy that belongs to `stats`."""
        new = copy.copy(self)
        new.stats = stats
        new.num_reqs_per_sec = dict(self.num_reqs_per_sec)
        new.num_fail_per_sec = dict(self.num_fail_per_sec)
        new.histogram = self.histogram.copy()
        new.late = self.late and self.late.copy()
        new.late_service = self.late_service and self.late_service.copy()
        new.marks = deque(self.marks)
        return new

    def to_dict(self, escape_string_values: bool = False) -> dict[str, Any]:
        """Return its facts and figures under Locust's names; times in ms.

        With `escape_string_values` the strings are escaped for HTML.
        """
        shown = html.escape if escape_string_values else str
        return {
            "method": shown(self.method),
            "name": shown(self.name),
            "safe_name": html.escape(str(self.name)),
            **self.facts(),
            "avg_response_time": self.avg_response_time,
            "median_response_time": self.median_response_time,
            "avg_content_length": self.avg_content_length,
            "current_rps": self.current_rps,
            "current_fail_per_sec": self.current_fail_per_sec,
            "total_rps": self.total_rps,
            "total_fail_per_sec": self.total_fail_per_sec,
            "fail_ratio": self.fail_ratio,
        }

    def facts(self) -> dict[str, Any]:
        """Return what was counted, under the keys of Locust's JSON (without name and method)."""
        return {
            "last_request_timestamp": self.last_request_timestamp,
            "start_time": self.start_time,
            "num_requests": self.num_requests,
            "num_none_requests": self.num_none_requests,
            "num_failures": self.num_failures,
            "total_response_time": self.total_response_time,
            "max_response_time": self.max_response_time,
            "min_response_time": self.min_response_time,
            "total_content_length": self.total_content_length,
            "response_times": self.response_times,
            "num_reqs_per_sec": dict(self.num_reqs_per_sec),
            "num_fail_per_sec": dict(self.num_fail_per_sec),
        }

    def serialize(self) -> dict[str, Any]:
        """Return everything as plain values: Locust's keys, and our own for what those round off."""
        return {
            "name": self.name,
            "method": self.method,
            **self.facts(),
            "num_interrupted": self.num_interrupted,
            "total_us": self.total_us,
            "min_us": None if self.min_us == NEVER else self.min_us,
            "max_us": self.max_us,
            "histogram": self.histogram.to_sparse(),
            "late": self.late and self.late.to_sparse(),
            "late_service": self.late_service and self.late_service.to_sparse(),
        }

    @classmethod
    def unserialize(cls, data: Mapping[str, Any], stats: Run | None = None) -> Entry:
        """Make an entry of what `serialize` gave, or of a dictionary with Locust's keys alone.

        Raises KeyError when name, method or a count is missing.
        """
        entry = cls(stats, data["name"], data["method"])
        entry.start_time = data["start_time"]
        entry.last_request_timestamp = data["last_request_timestamp"]
        for name in _COUNTS:
            setattr(entry, name, data[name])
        for name in ("num_reqs_per_sec", "num_fail_per_sec"):
            setattr(entry, name, {int(second): n for second, n in data[name].items()})
        if "histogram" in data:
            entry.num_interrupted = data["num_interrupted"]
            entry.total_us, entry.max_us = data["total_us"], data["max_us"]
            entry.min_us = NEVER if data["min_us"] is None else data["min_us"]
            entry.histogram = Histogram.from_sparse(data["histogram"])
            if data["late"] is not None:
                entry.late = Histogram.from_sparse(data["late"])
                entry.late_service = Histogram.from_sparse(data["late_service"])
            return entry
        entry.total_us = to_us(data["total_response_time"]) or 0
        entry.max_us = to_us(data["max_response_time"]) or 0
        shortest = to_us(data["min_response_time"])
        entry.min_us = NEVER if shortest is None else shortest
        for ms, n in data["response_times"].items():
            entry.histogram.add(round(float(ms) * 1000), n)
        return entry

    def get_stripped_report(self) -> dict[str, Any]:
        """Return `serialize()` and start again from nothing."""
        report = self.serialize()
        self.reset()
        return report

    def _now(self) -> float:
        if self.stats is not None:
            return self.stats.clock()
        return self.last_request_timestamp or self.start_time

    def _per_second(self, n: int) -> float:
        run = self if self.stats is None else self.stats
        if run.last_request_timestamp is None:
            return 0.0
        elapsed = run.last_request_timestamp - run.start_time
        return n / elapsed if elapsed > 0 else 0.0

    def _within(self, us: int) -> int:
        """A bucket's middle may lie outside of what was measured; the ends are known exactly."""
        return min(max(us, self.min_us), self.max_us)

    def _mark(self, second: int) -> None:
        marks = self.marks
        if marks and second <= marks[-1][0]:
            if second == marks[-1][0]:
                return
            marks.clear()  # the clock was set back
        marks.append((second, self.histogram.copy()))
        oldest = second - (self.stats.current_window if self.stats is not None else 10) - 2
        while marks[0][0] < oldest:
            marks.popleft()


_COUNTS = ("num_requests", "num_none_requests", "num_failures", "total_content_length")


def to_us(response_time: float | None) -> int | None:
    """Return a response time (ms) in µs. Raises ValueError when it is no number, TypeError for no float."""
    if response_time is None:
        return None
    if not math.isfinite(response_time):
        raise ValueError(f"a response time is a number of milliseconds or None, not {response_time}")
    return min(max(round(response_time * 1000), 0), MAX_US)


def round_ms(ms: float) -> int:
    """Round ms as Locust does: to whole ms below 100, then to tens, hundreds, from 10,000 on to thousands."""
    if ms < 100:
        return round(ms)
    if ms < 1000:
        return int(round(ms, -1))
    if ms < 10_000:
        return int(round(ms, -2))
    return int(round(ms, -3))


def sort_stats(stats: Mapping[Any, Entry]) -> list[Entry]:
    """Return the entries in the order of tables and files: by name, then by method."""
    return by_name(stats.values())


def by_name(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries by name, then by method."""
    return sorted(entries, key=lambda entry: (str(entry.name), str(entry.method)))
