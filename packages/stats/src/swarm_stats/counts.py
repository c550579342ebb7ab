"""What is counted of the requests of one entry: numbers that only grow, and that add up without loss.

The rule: durations are integer microseconds (`*_us`), times are seconds since the epoch.
"""

from __future__ import annotations

from swarm_stats.histogram import Histogram
from swarm_stats.history import SERIES_SECONDS, add_series, fold

NEVER = 1 << 62
"""`min_us` while there is no timed request."""


class Counts:
    """The counts of one entry.

    `num_requests` includes the `num_none_requests` that have no time, and the `num_failures` that failed;
    `num_interrupted` were cut off at the stop and are in none of the others. `total_us`, `min_us`, `max_us`
    are exact, `histogram` has the distribution. `total_content_length` is in bytes. `num_reqs_per_sec` and
    `num_fail_per_sec` map a second to its count. `start_time` is 0 while it is not known.
    """

    def __init__(self, start_time: float = 0.0) -> None:
        self.clear(start_time)

    def clear(self, start_time: float) -> None:
        """Set everything to nothing, from `start_time` on."""
        self.start_time = start_time
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

    def zero(self, start_time: float) -> None:
        """Set everything to nothing, from `start_time` on, in the containers there are."""
        self.num_reqs_per_sec.clear()
        self.num_fail_per_sec.clear()
        self.histogram.zero()
        kept = self.num_reqs_per_sec, self.num_fail_per_sec, self.histogram
        self.clear(start_time)
        self.num_reqs_per_sec, self.num_fail_per_sec, self.histogram = kept

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was counted; reports leave such an entry out."""
        return not (self.num_requests or self.num_failures or self.num_interrupted)

    @property
    def num_timed(self) -> int:
        """The requests that had a response time."""
        return self.num_requests - self.num_none_requests

    def add(self, service_us: int | None, length: int, now: float, limit: int = SERIES_SECONDS) -> None:
        """Count a request that ended at `now` (seconds since the epoch).

        `service_us` is its time in µs, None for a request without one; `length` the body in bytes; `limit`
        bounds the per-second series. `Registry.record` does the same in line for a timed request.
        """
        self.start_time = self.start_time or now
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

    def add_late(self, service_us: int, from_intent_us: int) -> None:
        """Note that a counted request began late: it took `from_intent_us` from when it was meant to."""
        if self.late is None or self.late_service is None:
            self.late, self.late_service = Histogram(), Histogram()
        self.late.add(from_intent_us)
        self.late_service.add(service_us)

    @property
    def num_late(self) -> int:
        """The requests that began later than they were meant to."""
        return 0 if self.late is None else self.late.count

    def add_failure(self, now: float, limit: int = SERIES_SECONDS) -> None:
        """Count a failure at `now` (seconds since the epoch)."""
        self.num_failures += 1
        series = self.num_fail_per_sec
        second = int(now)
        series[second] = series.get(second, 0) + 1
        fold(series, limit)

    def extend(self, other: Counts, limit: int = SERIES_SECONDS) -> None:
        """Add all that `other` counted; nothing is lost but the resolution of a series over `limit`."""
        self.start_time = min(self.start_time or other.start_time, other.start_time or self.start_time)
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

    def detach(self) -> None:
        """Give a shallow copy containers of its own."""
        self.num_reqs_per_sec = dict(self.num_reqs_per_sec)
        self.num_fail_per_sec = dict(self.num_fail_per_sec)
        self.histogram = self.histogram.copy()
        self.late = self.late and self.late.copy()
        self.late_service = self.late_service and self.late_service.copy()

    def from_intent(self) -> Histogram:
        """Return the response times counted from when each request was meant to begin.

        The same as `histogram` in a closed workload; otherwise free of coordinated omission.
        """
        if self.late is None or self.late_service is None:
            return self.histogram.copy()
        try:
            intent = self.histogram.diff(self.late_service)
        except ValueError:  # a payload told of late requests that it did not count
            return self.histogram.copy()
        intent.merge(self.late)
        return intent
