"""What failed, as a page shows it: failures with their rate over time, exceptions with their tracebacks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from swarm_stats.failures import first_nodes
from swarm_stats.timeline import Fold, Timeline
from swarm_web.node_rows import LOCAL
from swarm_web.turns import Turns

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm_stats.failures import Failure, FailureKey

SHOWN = 500
"""Kinds of failures that are sent; of the rest their number."""
NODES = 20
"""Workers that are named of each kind; of all their number."""
STEP_S = 10
TIERS = ((STEP_S, 90), (60, 120))


class ErrorRows:
    """Reads the failures and exceptions of a run, and keeps how often they came over time."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._series: dict[FailureKey, tuple[Timeline, int]] = {}
        self._seen: dict[tuple[str, str], list[float]] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._kept_at = 0

    def clear(self) -> None:
        """Begin anew."""
        self._series.clear()
        self._seen.clear()
        self._counts.clear()

    def keep(self, now: float) -> None:
        """Add to the series what came, if ten seconds are over; note when exceptions came."""
        self._note_exceptions(now)
        second = int(now) - int(now) % STEP_S
        if second <= self._kept_at:
            return
        begun = self._kept_at or second - STEP_S
        self._kept_at = second
        for key, failure in list(self._environment.stats.errors.items()):
            timeline, before = self._series.get(key) or (_timeline(), 0)
            if failure.occurrences != before:
                timeline.put(begun, [max(0, failure.occurrences - before) / STEP_S])
                self._series[key] = timeline, failure.occurrences

    def _note_exceptions(self, now: float) -> None:
        runner = self._environment.runner
        if runner is None:
            return
        for key, row in runner.exceptions.items():
            if self._counts.get(key) != row["count"]:
                self._counts[key] = row["count"]
                self._seen.setdefault(key, [now, now])[1] = now

    def summary(self) -> dict[str, int]:
        """Return what changes whenever there is something new."""
        runner = self._environment.runner
        exceptions = runner.exceptions.values() if runner else ()
        errors = self._environment.stats.errors
        return {
            "kinds": len(errors),
            "occurrences": sum(each.occurrences for each in errors.values()),
            "exceptions": sum(row["count"] for row in exceptions),
        }

    def document(self, limit: int = SHOWN, turns: Turns | None = None) -> dict[str, Any]:
        """Return failures, the most frequent first, and exceptions."""
        failures = sorted(
            self._environment.stats.errors.values(), key=lambda each: each.occurrences, reverse=True
        )
        rest = failures[limit:]
        turns = turns or Turns()
        turns.give_way()
        ranked = self._ranked()
        runner = self._environment.runner
        rows = []
        for failure in failures[:limit]:
            rows.append(
                {
                    "id": _identity(*failure.key),
                    **failure.to_dict(),
                    **_nodes_of(failure, ranked),
                    "series": self._series_of(failure.key),
                }
            )
            turns.give_way()
        return {
            "failures": rows,
            "exceptions": [
                {
                    "id": _identity(*key),
                    "count": row["count"],
                    "msg": row["msg"],
                    "traceback": row["traceback"],
                    "nodes": sorted(row["nodes"]),
                    "first_seen": self._seen.get(key, [None])[0],
                    "last_seen": self._seen.get(key, [None])[-1],
                }
                for key, row in list(runner.exceptions.items() if runner else ())[:limit]
            ],
            "more": {"kinds": len(rest), "occurrences": sum(each.occurrences for each in rest)},
        }

    def _ranked(self) -> list[tuple[int, str]] | None:
        """The workers that failures came from, in the order of their indexes; None where users run in this process."""
        core = getattr(self._environment.runner, "_swarm_core", None)
        if core is None:
            return None
        return self._environment.stats.origins.ranked(
            {member.identity: member.index for member in core.fleet}
        )

    def _series_of(self, key: FailureKey) -> dict[str, Any]:
        known = self._series.get(key)
        if known is None:
            return {"step": STEP_S, "time": [], "counts": []}
        shown = known[0].columns()
        return {
            "step": STEP_S,
            "time": shown["time"],
            "counts": [round(rate * STEP_S) for rate in shown["rate"]],
        }


def _nodes_of(failure: Failure, ranked: list[tuple[int, str]] | None) -> dict[str, Any]:
    if ranked is None:
        return {"nodes": [LOCAL], "node_count": 1}
    origins = failure.origins
    return {"nodes": first_nodes(origins, ranked, NODES), "node_count": origins.bit_count()}


def _timeline() -> Timeline:
    return Timeline({"rate": Fold.RATE}, TIERS, single_precision=True)


def _identity(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode(errors="replace")).hexdigest()[:12]
