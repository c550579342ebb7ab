"""The statistics of a run: everything that is recorded goes through one registry.

The rule: `Registry.record` is the hot path, run once for each request. It does for the entry and for the
total what `Entry.add` does, in line; whatever is rare leaves it for a method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm_stats.entries import Entry
from swarm_stats.failures import ErrorLike, Failure, FailureKey, Origins, error_text
from swarm_stats.history import SERIES_SECONDS, append_row, history_row, series_limit
from swarm_stats.units import to_us

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OTHER = "(other)"
"""The name under which requests are counted when there are too many names, errors likewise."""

OTHER_METHODS = 100
"""How many methods have an "(other)" of their own; further ones share ("(other)", "(other)")."""

FAILURE_KINDS = 1_000
"""How many distinct failures are kept apart; further ones are "(other)" of their method and name."""

WINDOWED_ENTRIES = 500
"""How many entries at most keep what percentiles of late need (the total always does)."""


class _Entries(dict[tuple[str, str], Entry]):
    """{(name, method): entry}; asking for one that is missing makes it."""

    def __init__(self, make: Callable[[str, str], Entry]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: tuple[str, str]) -> Entry:
        return self._make(*key)


class Registry:
    """The requests, failures and history of a run.

    `clock` gives seconds since the epoch. `entries` maps (name, method) to its `Entry` (a missing one is
    made when it is asked for), `total` is the entry of all requests, `errors` maps (method, name, error
    text) to its `Failure`, `origins` tells which nodes those came from that were merged, `history` is a list of rows.

    At most `max_names` entries are made. A request of a further name is counted under "(other)" of its
    method, and `on_names_full(max_names)` is called once. A registry that is cleared starts anew.

    `use_response_times_cache` is given to entries made from then on: the total has percentiles of late
    always, entries only with it. `current_window` is the seconds that those are taken over.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        max_names: int = 10_000,
        use_response_times_cache: bool = False,
        on_names_full: Callable[[int], None] | None = None,
    ) -> None:
        self.clock = clock
        self.max_names = max_names
        self.use_response_times_cache = use_response_times_cache
        self.on_names_full = on_names_full
        self.current_window = 10
        self.names_full = False
        self.entries: dict[tuple[str, str], Entry] = _Entries(self._make_entry)
        self.errors: dict[FailureKey, Failure] = {}
        self.origins = Origins()
        self.history: list[dict[str, Any]] = []
        self.total = Entry(self, "Aggregated", "", use_response_times_cache=True)
        self._series_limit = SERIES_SECONDS
        self._second = 0  # the second that _since to _until is
        self._since = 0.0
        self._until = 0.0

    def record(
        self,
        method: str,
        name: str,
        service_us: int | None,
        length: int,
        now: float,
        error: ErrorLike = None,
        from_intent_us: int | None = None,
    ) -> None:
        """Count a request that ended at `now` (seconds since the epoch).

        `service_us` is its time from its actual start to its end in whole µs, None for a request without
        one; `length` is the body in bytes; `error` makes it a failure; `from_intent_us` is the time from
        its intended start to its end, where there was one.
        """
        entry = self.entries[name, method]
        total = self.total
        if service_us is None:
            entry.add(None, length, now, self._series_limit)
            total.add(None, length, now)
        else:
            second = self._second if self._since <= now < self._until else self._turn(now)
            series = entry.num_reqs_per_sec
            if second not in series:
                entry.begin_second(second, self._series_limit)
            series[second] += 1
            series = total.num_reqs_per_sec
            if second not in series:
                total.begin_second(second)
            series[second] += 1

            if service_us > 127:
                bits = service_us.bit_length()
                position = (service_us >> (bits - 8)) & 127
            else:
                bits = 7
                position = service_us = max(service_us, 0)
            try:
                entry.histogram.rows[bits][position] += 1
            except (KeyError, OverflowError):
                entry.histogram.add(service_us)
            try:
                total.histogram.rows[bits][position] += 1
            except (KeyError, OverflowError):
                total.histogram.add(service_us)

            entry.num_requests += 1
            total.num_requests += 1
            entry.total_us += service_us
            total.total_us += service_us
            if service_us < entry.min_us:
                entry.min_us = service_us
            if service_us < total.min_us:
                total.min_us = service_us
            if service_us > entry.max_us:
                entry.max_us = service_us
            if service_us > total.max_us:
                total.max_us = service_us
            entry.total_content_length += length
            total.total_content_length += length
            entry.last_request_timestamp = total.last_request_timestamp = now
        if error is not None or from_intent_us is not None:
            self._record_rest(entry, service_us, now, error, from_intent_us)

    def fill_names(self) -> None:
        """Note that some requests stand under "(other)"; the first time, `on_names_full` is called."""
        if not self.names_full:
            self.names_full = True
            if self.on_names_full is not None:
                self.on_names_full(self.max_names)

    def record_interrupted(self, method: str, name: str) -> None:
        """Count a request that was cut off when the run stopped; it is no request and no failure."""
        self.entries[name, method].num_interrupted += 1
        self.total.num_interrupted += 1

    def log_request(self, method: str, name: str, response_time: float | None, content_length: int) -> None:
        """Count a request by its response time (ms, None for one without) now.

        Raises ValueError when the time is infinite or not a number.
        """
        self.record(method, name, to_us(response_time), content_length, self.clock())

    def log_error(self, method: str, name: str, error: ErrorLike) -> None:
        """Count a failure now; the request itself is counted apart. Nothing for no error."""
        self._fail(self.entries[name, method], error, self.clock())

    def get(self, name: str, method: str) -> Entry:
        """Return the entry of (name, method); an empty one is made when there is none.

        When the names are full, it is the "(other)" that its requests are counted under.
        """
        return self.entries[name, method]

    def add_history_row(
        self, user_count: int, percentiles: Sequence[float], now: float | None = None
    ) -> dict[str, Any]:
        """Append a row to `history` (see `history.history_row`) and return it."""
        row = history_row(self.total, self.clock() if now is None else now, user_count, percentiles)
        append_row(self.history, row)
        return row

    def merge(self, other: Registry) -> None:
        """Add all that `other` recorded: entries, total, failures. Its history is its own."""
        for entry in other.entries.values():
            self.entries[entry.name, entry.method].extend(entry, self._series_limit)
        self.total.extend(other.total)
        for failure in other.errors.values():
            self._failure(failure.method, failure.name, failure.error).extend(failure)
        if other.names_full:
            self.fill_names()

    def reset_all(self) -> None:
        """Set all entries and the total to zero, forget failures and history."""
        self.total.reset()
        for entry in self.entries.values():
            entry.reset()
        self.errors.clear()
        self.origins.clear()
        self.history.clear()

    def clear_all(self) -> None:
        """Forget everything, the names included."""
        self.total.reset()
        self.entries.clear()
        self.errors.clear()
        self.origins.clear()
        self.history.clear()
        self.names_full = False
        self._series_limit = SERIES_SECONDS

    @property
    def num_requests(self) -> int:
        """All requests."""
        return self.total.num_requests

    @property
    def num_none_requests(self) -> int:
        """All requests without a response time."""
        return self.total.num_none_requests

    @property
    def num_failures(self) -> int:
        """All failures."""
        return self.total.num_failures

    @property
    def interrupted(self) -> int:
        """All requests that were cut off when the run stopped; each entry has its `num_interrupted`."""
        return self.total.num_interrupted

    @property
    def start_time(self) -> float:
        """When the registry was made, reset or cleared, in seconds since the epoch."""
        return self.total.start_time

    @property
    def last_request_timestamp(self) -> float | None:
        """When the last request ended, in seconds since the epoch."""
        return self.total.last_request_timestamp

    def serialize_stats(self) -> list[dict[str, Any]]:
        """Return `Entry.serialize()` of each entry that counted something."""
        return [entry.serialize() for entry in self.entries.values() if not entry.is_empty]

    def serialize_errors(self) -> dict[str, dict[str, Any]]:
        """Return the failures as plain values; the keys are method, name and error in one string."""
        return {"\x1f".join(map(str, key)): failure.to_dict() for key, failure in self.errors.items()}

    def _make_entry(self, name: str, method: str) -> Entry:
        made = len(self.entries)
        if made >= self.max_names:
            self.fill_names()
            method = method if made < self.max_names + OTHER_METHODS else OTHER
            name = OTHER
            known = dict.get(self.entries, (name, method))
            if known is not None:
                return known
        windowed = self.use_response_times_cache and made < WINDOWED_ENTRIES
        entry = self.entries[name, method] = Entry(self, name, method, windowed)
        self._series_limit = series_limit(made + 1)
        return entry

    def _record_rest(
        self, entry: Entry, service_us: int | None, now: float, error: ErrorLike, from_intent_us: int | None
    ) -> None:
        """Record what few requests have: an error, a start later than intended."""
        if from_intent_us is not None and service_us is not None and from_intent_us != service_us:
            entry.add_late(service_us, from_intent_us)
            self.total.add_late(service_us, from_intent_us)
        self._fail(entry, error, now)

    def _turn(self, now: float) -> int:
        """Another second has begun (or the clock was set back)."""
        self._second = int(now)
        self._since = float(self._second)
        self._until = self._since + 1.0
        return self._second

    def _fail(self, entry: Entry, error: ErrorLike, now: float) -> None:
        text = error_text(error)
        if not text:
            return
        entry.add_failure(now, self._series_limit)
        self.total.add_failure(now)
        self._failure(entry.method, entry.name, text).occurred(now)

    def _failure(self, method: str, name: str, text: str) -> Failure:
        key = (method, name, text)
        failure = self.errors.get(key)
        if failure is None:
            if len(self.errors) >= FAILURE_KINDS:
                key = (method, name, OTHER)
            failure = self.errors.setdefault(key, Failure(*key))
        return failure
