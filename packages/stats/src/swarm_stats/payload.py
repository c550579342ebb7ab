"""The statistics of a registry as plain values that any serialiser takes, written and read back with every check.

The rule: whoever reads a payload did not write it. `Payload.read` raises `BadPayload` for whatever could not be
counted to its end, so that nothing is ever counted by halves.

A payload has one row for the total (the first) and one for each entry that counted something. Its numbers stand
in columns (see `columns`), which are read and checked at C's speed. What a row has several of (the counts of its
seconds, of its histogram) is a section: how many each row has, their keys, their counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from swarm_stats.columns import pack_floats, pack_ints, unpack_floats, unpack_ints
from swarm_stats.histogram import BUCKETS

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator, Mapping

    from swarm_stats.entries import Entry
    from swarm_stats.exceptions import ExceptionRow, Exceptions
    from swarm_stats.failures import Failure, FailureKey
    from swarm_stats.histogram import Histogram
    from swarm_stats.registry import Registry

VERSION = 1

NAME_CHARACTERS = 4_000
"""Longer names, methods and the like are cut when they are written."""

TEXT_CHARACTERS = 100_000
"""Longer errors and tracebacks are cut when they are written."""

MOST = 1 << 40
"""No bucket and no second of a payload counts more, so that sums of payloads stay within 64 bits."""

_COUNTS = (
    "num_requests",
    "num_none_requests",
    "num_failures",
    "num_interrupted",
    "total_us",
    "min_us",
    "max_us",
    "total_content_length",
)
_counts_of = attrgetter(*_COUNTS)


class BadPayload(ValueError):
    """A payload of statistics that cannot be counted; nothing of it was."""


class Section(NamedTuple):
    """What rows have several of: how many each row has, and their keys and counts, row after row."""

    lengths: array[int]
    keys: array[int]
    counts: array[int]

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Return the (key, count) pairs of all rows; the reader takes as many as the row has."""
        return zip(self.keys, self.counts, strict=True)


class FailureRow(NamedTuple):
    """One kind of failure; times are seconds since the epoch."""

    method: str
    name: str
    error: str
    occurrences: int
    first_seen: float
    last_seen: float


class ExceptionOf(NamedTuple):
    """One kind of exception of a user's code, and the nodes that it was raised on."""

    msg: str
    traceback: str
    times: int
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload that was checked. Columns have one number a row; seconds count from `second`."""

    second: int
    names: list[str]
    methods: list[str]
    counts: tuple[array[int], ...]
    last: array[float]
    seconds: Section
    fail_seconds: Section
    times: Section
    late: Section
    late_service: Section
    failures: list[FailureRow]
    exceptions: list[ExceptionOf]
    names_full: bool

    @property
    def samples(self) -> int:
        """How many requests are counted in it."""
        return self.counts[0][0]

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Payload:
        """Check what `write` gave. Raises BadPayload."""
        try:
            return cls._read(plain)
        except BadPayload:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadPayload(f"these are no statistics: {type(error).__name__}: {error}") from error

    @classmethod
    def _read(cls, plain: Mapping[str, Any]) -> Payload:
        if plain["version"] != VERSION:
            raise BadPayload(f"statistics of version {plain['version']!r}; this is version {VERSION}")
        names, methods = _texts(plain["names"]), _texts(plain["methods"])
        rows = len(names)
        counts = tuple(_ints(column, rows) for column in plain["counts"])
        last = unpack_floats(plain["last"])
        second = plain["second"]
        _need(rows > 0 and len(methods) == rows, "a row has no name")
        _need(len(counts) == len(_COUNTS), "a column is missing")
        _need(all(min(column) >= 0 for column in counts[:-1]), "a count is negative")
        _need(len(last) == rows and math.isfinite(sum(last)), "a time is none")
        _need(type(second) is int and abs(second) < MOST, "a second is none")
        return cls(
            second,
            names,
            methods,
            counts,
            last,
            _section(plain["seconds"], rows, -MOST, MOST),
            _section(plain["fail_seconds"], rows, -MOST, MOST),
            _section(plain["times"], rows, 0, BUCKETS - 1),
            _section(plain["late"], rows, 0, BUCKETS - 1),
            _section(plain["late_service"], rows, 0, BUCKETS - 1),
            [_failure(*row) for row in _rows(plain["failures"])],
            [_exception(*row) for row in _rows(plain["exceptions"])],
            plain["names_full"] is True,
        )


def write(registry: Registry, entries: list[Entry], exceptions: Exceptions | None) -> dict[str, Any]:
    """Return what `registry` and `exceptions` counted as plain values; `entries` are those that are not empty."""
    rows = [registry.total, *entries]
    second = next((next(iter(row.num_reqs_per_sec)) for row in rows if row.num_reqs_per_sec), 0)
    counts = list(zip(*map(_counts_of, rows), strict=True))
    timed = [row.num_requests > row.num_none_requests for row in rows]
    counts[5] = tuple(us if some else 0 for us, some in zip(counts[5], timed, strict=True))
    return {
        "version": VERSION,
        "second": second,
        "names": ["", *(_text(entry.name) for entry in entries)],
        "methods": ["", *(_text(entry.method) for entry in entries)],
        "counts": [pack_ints(column) for column in counts],
        "last": pack_floats([row.last_request_timestamp or 0.0 for row in rows]),
        "seconds": _pack_series((row.num_reqs_per_sec for row in rows), second),
        "fail_seconds": _pack_series((row.num_fail_per_sec for row in rows), second),
        "times": _pack_histograms(row.histogram for row in rows),
        "late": _pack_histograms(row.late for row in rows),
        "late_service": _pack_histograms(row.late_service for row in rows),
        "failures": [_failure_row(key, each) for key, each in registry.errors.items()],
        "exceptions": [_exception_row(row) for row in (exceptions or {}).values()],
        "names_full": registry.names_full,
    }


def _text(value: object, most: int = NAME_CHARACTERS) -> str:
    """Names are whatever a user's code passed; what travels is text that UTF-8 has."""
    text = value if type(value) is str else str(value)
    if len(text) > most:
        text = f"{text[: most - 40]}... ({len(text)} characters)"
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text


def _failure_row(key: FailureKey, failure: Failure) -> list[Any]:
    method, name, error = key
    return [
        _text(method),
        _text(name),
        _text(error, TEXT_CHARACTERS),
        failure.occurrences,
        float(failure.first_seen),
        float(failure.last_seen),
    ]


def _exception_row(row: ExceptionRow) -> list[Any]:
    return [
        _text(row["msg"], TEXT_CHARACTERS),
        _text(row["traceback"], TEXT_CHARACTERS),
        row["count"],
        sorted(map(_text, row["nodes"])),
    ]


def _pack_series(all_series: Iterable[Mapping[int, int]], second: int) -> list[bytes]:
    lengths: list[int] = []
    keys: list[int] = []
    counts: list[int] = []
    for series in all_series:
        lengths.append(len(series))
        keys += series
        counts += series.values()
    return [pack_ints(lengths), pack_ints([key - second for key in keys]), pack_ints(counts)]


def _pack_histograms(histograms: Iterable[Histogram | None]) -> list[bytes]:
    indexes: list[int] = []
    counts: list[int] = []
    lengths = [0 if each is None else each.buckets(indexes, counts) for each in histograms]
    return [pack_ints(lengths), pack_ints(indexes), pack_ints(counts)]


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BadPayload(f"these are no statistics: {otherwise}")


def _texts(plain: Any) -> list[str]:
    _need(type(plain) is list and set(map(type, plain)) <= {str}, "a name is no text")
    _need(not plain or max(map(len, plain)) <= 2 * NAME_CHARACTERS, "a name is too long")
    return list(plain)


def _ints(plain: Any, rows: int) -> array[int]:
    column = unpack_ints(plain)
    _need(len(column) == rows, "a column has not one number a row")
    return column


def _section(plain: Any, rows: int, low: int, high: int) -> Section:
    lengths, keys, counts = map(unpack_ints, plain)
    _need(len(lengths) == rows and len(keys) == len(counts) == sum(lengths), "a section is incomplete")
    _need(min(lengths) >= 0, "a length is negative")
    _need(not keys or (low <= min(keys) and max(keys) <= high), "a key is out of range")
    _need(not counts or (min(counts) >= 0 and max(counts) < MOST), "a count is out of range")
    return Section(lengths, keys, counts)


def _rows(plain: Any) -> list[Any]:
    _need(type(plain) is list, "rows are no list")
    return list(plain)


def _failure(method: Any, name: Any, error: Any, occurrences: Any, first: Any, last: Any) -> FailureRow:
    _texts([method, name])
    _need(type(error) is str and len(error) <= 2 * TEXT_CHARACTERS, "an error is no text")
    _need(type(occurrences) is int and occurrences >= 0, "a failure's count is none")
    _need(type(first) is float and type(last) is float and math.isfinite(first + last), "a time is none")
    return FailureRow(method, name, error, occurrences, first, last)


def _exception(msg: Any, traceback: Any, count: Any, nodes: Any) -> ExceptionOf:
    for text in (msg, traceback):
        _need(type(text) is str and len(text) <= 2 * TEXT_CHARACTERS, "an exception is no text")
    _need(type(count) is int and count >= 0, "an exception's count is none")
    return ExceptionOf(msg, traceback, count, tuple(_texts(nodes)))
