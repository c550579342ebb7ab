"""What a registry counted since it was last asked, and how another one takes it in: worker to master.

The rule: cutting and applying any parts of what was recorded gives the counts of recording all of it in one
registry. A delta says nothing of when it is to be applied: who sends it numbers it, and applies it once.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any

from swarm_stats.histogram import Histogram
from swarm_stats.history import SERIES_SECONDS, fold
from swarm_stats.payload import BadPayload, Payload, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from swarm_stats.entries import Entry
    from swarm_stats.exceptions import Exceptions
    from swarm_stats.payload import Section
    from swarm_stats.registry import Registry

__all__ = ["BadPayload", "Payload", "apply", "cut", "pack"]

SAME_CLOCK_S = 0.01
"""Clocks that disagree by less, in their fractions of a second, count as in step."""


def pack(registry: Registry, exceptions: Exceptions | None = None) -> dict[str, Any]:
    """Return all that `registry` and `exceptions` have counted as plain values, and leave them as they are.

    The values are text, numbers, bytes, lists and dictionaries. History and start time are not in them.
    """
    return write(registry, _filled(registry), exceptions)


def cut(registry: Registry, exceptions: Exceptions | None = None) -> dict[str, Any]:
    """Return what `pack` returns, and start again from nothing.

    The registry, its total and its entries remain the same objects, and names once met remain known.
    """
    entries = _filled(registry)
    payload = write(registry, entries, exceptions)
    registry.total.restart()
    for entry in entries:
        entry.restart()
    registry.errors.clear()
    if exceptions is not None:
        exceptions.clear()
    return payload


def apply(
    registry: Registry,
    payload: Mapping[str, Any] | Payload,
    offset_s: float = 0.0,
    exceptions: Exceptions | None = None,
    node: str | None = None,
) -> int:
    """Count a payload in `registry`, and its exceptions in `exceptions`; return how many requests it had.

    `offset_s` is how many seconds the clock of who recorded it is ahead of the registry's: what happened is
    counted when it happened on the registry's clock. A second that lies in two of the registry's is divided
    between them. Names beyond the registry's limit are counted under "(other)". `node` is who recorded it: its
    failures are noted to come from there.

    Raises BadPayload for what is no payload; then nothing was counted.
    """
    delta = payload if isinstance(payload, Payload) else Payload.read(payload)
    entries = [registry.total]
    known = registry.entries
    entries += [known[key] for key in zip(delta.names[1:], delta.methods[1:], strict=True)]
    _add_counts(entries, delta, offset_s)
    _add_times(entries, delta, offset_s)
    _add_late(entries, delta)
    shift = _Shift(delta, offset_s)
    limit = registry._series_limit
    folds = 2 + 8 * len(known) // limit
    shift.add([entry.num_reqs_per_sec for entry in entries], delta.seconds, limit, folds)
    shift.add([entry.num_fail_per_sec for entry in entries], delta.fail_seconds, limit, folds)
    origin = registry.origins.bit(node) if node is not None and delta.failures else 0
    for row in delta.failures:
        failure = registry._failure(row.method, row.name, row.error)
        failure.origins |= origin
        failure.occurred_between(row.first_seen - offset_s, row.last_seen - offset_s, row.occurrences)
    if exceptions is not None:
        for raised in delta.exceptions:
            exceptions.add(raised.nodes, raised.msg, raised.traceback, raised.times)
    if delta.names_full:
        registry.fill_names()
    return delta.samples


def _filled(registry: Registry) -> list[Entry]:
    return [
        entry
        for entry in registry.entries.values()
        if entry.num_requests or entry.num_failures or entry.num_interrupted
    ]


def _add_counts(entries: Sequence[Entry], delta: Payload, offset_s: float) -> None:
    for entry, last, requests, nones, failures, interrupted, total_us, min_us, max_us, length in zip(
        entries, delta.last, *delta.counts, strict=True
    ):
        if requests:
            entry.num_requests += requests
            entry.total_us += total_us
            entry.total_content_length += length
            if requests > nones:
                if min_us < entry.min_us:
                    entry.min_us = min_us
                if max_us > entry.max_us:
                    entry.max_us = max_us
            entry.num_none_requests += nones
            if last:
                ended = last - offset_s
                if entry.last_request_timestamp is None or ended > entry.last_request_timestamp:
                    entry.last_request_timestamp = ended
        if failures:
            entry.num_failures += failures
        if interrupted:
            entry.num_interrupted += interrupted


def _add_times(entries: Sequence[Entry], delta: Payload, offset_s: float) -> None:
    pairs = delta.times.pairs()
    for entry, last, n in zip(entries, delta.last, delta.times.lengths, strict=True):
        if not n:
            continue
        if entry.use_response_times_cache:
            entry.add_buckets(list(islice(pairs, n)), math.floor(last - offset_s))
        else:
            entry.histogram.add_buckets(islice(pairs, n))


def _add_late(entries: Sequence[Entry], delta: Payload) -> None:
    if not delta.late.keys and not delta.late_service.keys:
        return
    late, service = delta.late.pairs(), delta.late_service.pairs()
    for entry, n, m in zip(entries, delta.late.lengths, delta.late_service.lengths, strict=True):
        if not n and not m:
            continue
        if entry.late is None or entry.late_service is None:
            entry.late, entry.late_service = Histogram(), Histogram()
        entry.late.add_buckets(islice(late, n))
        entry.late_service.add_buckets(islice(service, m))


class _Shift:
    """Puts the seconds of one clock into those of another, which it is `offset_s` ahead of."""

    def __init__(self, delta: Payload, offset_s: float) -> None:
        begin = math.floor(-offset_s)
        part = -offset_s - begin
        if part < SAME_CLOCK_S or part > 1 - SAME_CLOCK_S:
            begin, part = round(-offset_s), 0.0
        self._part = part  # of a second's requests that belong to the next one
        first = delta.second + begin
        keys = {*delta.seconds.keys, *delta.fail_seconds.keys}
        # One object for a second, whatever the number of entries that have it.
        self._seconds = {key: first + key for key in keys}
        self._next = {key: first + key + 1 for key in keys} if part else {}

    def add(self, all_series: Sequence[dict[int, int]], section: Section, limit: int, folds: int) -> None:
        """Add the counts of `section` to the series of its rows, the first of which is the total's.

        At most `folds` of those that have outgrown `limit` are folded: the others have their turn next time,
        since folding thousands at once would hold everything up.
        """
        if not section.keys:
            return
        pairs = section.pairs()
        most = SERIES_SECONDS
        for series, n in zip(all_series, section.lengths, strict=True):
            if n:
                if self._part:
                    self._divide(series, islice(pairs, n))
                else:
                    seconds = self._seconds
                    for key, count in islice(pairs, n):
                        second = seconds[key]
                        series[second] = series.get(second, 0) + count
                if len(series) > most and folds:
                    fold(series, most)
                    folds -= 1
            most = limit

    def _divide(self, series: dict[int, int], pairs: Iterator[tuple[int, int]]) -> None:
        for key, count in pairs:
            later = int(count * self._part + 0.5)
            if later:
                second = self._next[key]
                series[second] = series.get(second, 0) + later
            if count > later:
                second = self._seconds[key]
                series[second] = series.get(second, 0) + count - later
