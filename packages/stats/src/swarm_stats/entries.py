"""One entry of the statistics, as it is read: all requests of one method and name, or of the run in total.

The rule: what is counted stands in `Counts`, in µs; here it is seen under Locust's names, in float
milliseconds that keep their microseconds, and at the time that the run's clock tells.
"""

from __future__ import annotations

import copy
import html
from typing import TYPE_CHECKING, Any, Protocol

from swarm_stats.counts import NEVER, Counts
from swarm_stats.failures import error_text
from swarm_stats.history import SERIES_SECONDS, current_rate
from swarm_stats.units import round_ms, to_us
from swarm_stats.window import Window
from swarm_stats.wire import facts, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


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


class Entry(Counts):
    """The requests of one (method, name).

    `stats` is the run it belongs to; without one, its own times stand for the run's. The attributes that
    count are those of `Counts`. With `use_response_times_cache` it has percentiles of late.
    """

    def __init__(
        self, stats: Run | None, name: str, method: str, use_response_times_cache: bool = False
    ) -> None:
        self.stats = stats
        self.name = name
        self.method = method
        self.use_response_times_cache = use_response_times_cache
        super().__init__(self._start())
        self._window: Window | None = None

    def reset(self) -> None:
        """Forget all; a new start time."""
        self.clear(self._start())
        self._window = None

    def restart(self) -> None:
        """Forget all, as `reset` does, and keep the containers: recording goes on in them at once."""
        self.zero(self._start())
        self._window = None

    # Recording. `Registry.record` goes past these for what is common.

    def begin_second(self, second: int, limit: int = SERIES_SECONDS) -> None:
        """Prepare for the first request of a second; called before it is counted."""
        super().begin_second(second, limit)
        if self.use_response_times_cache:
            self._mark(second)

    def extend(self, other: Counts, limit: int = SERIES_SECONDS) -> None:
        """Add all that `other` counted; see `Counts.extend`."""
        if self.use_response_times_cache:
            self._mark(int(self._now()))
        super().extend(other, limit)

    def add_buckets(self, buckets: Sequence[tuple[int, int]], second: int) -> None:
        """Add response times that another registry counted, the last of them in `second`.

        Percentiles of late count them in the second that they are of, not in the one that they arrive in.
        """
        if self.use_response_times_cache:
            self._mark(int(self._now()))
            if self._window is not None:
                self._window.add_before(second, buckets)
        self.histogram.add_buckets(buckets)

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
        if not self.histogram.count:
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
        current = self.current_percentiles((percent,), window)
        return None if current is None else current[0]

    def current_percentiles(
        self, fractions: Sequence[float], window: int | None = None
    ) -> list[float] | None:
        """Return `get_current_response_time_percentile` of each of `fractions`, or None."""
        if self._window is None:
            return None
        seconds = self._window_seconds() if window is None else window
        recent = self._window.since(int(self._now()) - seconds, self.histogram)
        if recent is None:
            return None
        return [self._within(us) / 1000 for us in recent.percentiles(fractions)]

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

    # Copies and plain values.

    def copy(self, stats: Run | None = None) -> Entry:
        """Return an independent copy that belongs to `stats`."""
        new = copy.copy(self)
        new.detach()
        new.stats = stats
        new._window = self._window and self._window.copy()
        return new

    def to_dict(self, escape_string_values: bool = False) -> dict[str, Any]:
        """Return its facts and figures under Locust's names; times in ms.

        With `escape_string_values` the strings are escaped for HTML.
        """
        shown = html.escape if escape_string_values else str
        return {
            **facts(self),
            "method": shown(self.method),
            "name": shown(self.name),
            "safe_name": html.escape(str(self.name)),
            "avg_response_time": self.avg_response_time,
            "median_response_time": self.median_response_time,
            "avg_content_length": self.avg_content_length,
            "current_rps": self.current_rps,
            "current_fail_per_sec": self.current_fail_per_sec,
            "total_rps": self.total_rps,
            "total_fail_per_sec": self.total_fail_per_sec,
            "fail_ratio": self.fail_ratio,
        }

    def to_string(self, current: bool = True) -> str:
        """Return its line of the table of requests; rates are those of late, or of the whole run."""
        from swarm_stats.reports.table import request_row

        return "  ".join(request_row(self, current))

    def percentile(self, fractions: Sequence[float] | None = None) -> str:
        """Return its line of the table of percentiles (ms), at `fractions` or those that tables show.

        Raises ValueError while there is no response time.
        """
        from swarm_stats.reports import PERCENTILES
        from swarm_stats.reports.table import percentile_row

        if not self.num_timed:
            raise ValueError(f"{self.method} {self.name} has no response times, so it has no percentiles")
        return "  ".join(percentile_row(self, fractions or PERCENTILES))

    def serialize(self) -> dict[str, Any]:
        """Return everything as plain values: Locust's keys, and our own for what those round off."""
        return pack(self)

    @classmethod
    def unserialize(cls, data: Mapping[str, Any], stats: Run | None = None) -> Entry:
        """Make an entry of what `serialize` gave, or of a dictionary with Locust's keys alone.

        Raises KeyError when name, method or a count is missing.
        """
        entry = cls(stats, data["name"], data["method"])
        unpack(entry, data)
        return entry

    def get_stripped_report(self) -> dict[str, Any]:
        """Return `serialize()` and start again from nothing."""
        report = self.serialize()
        self.reset()
        return report

    def _start(self) -> float:
        return 0.0 if self.stats is None else self.stats.clock()

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
        if self._window is None:
            self._window = Window()
        self._window.mark(second, self.histogram, self._window_seconds() + 2)

    def _window_seconds(self) -> int:
        return 10 if self.stats is None else self.stats.current_window


def sort_stats(stats: Mapping[Any, Entry]) -> list[Entry]:
    """Return the entries in the order of tables and files: by name, then by method."""
    return sorted(stats.values(), key=lambda entry: (str(entry.name), str(entry.method)))
