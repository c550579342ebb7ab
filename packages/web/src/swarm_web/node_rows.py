"""The nodes that run users, as a table: the workers of a master, or the one process of a local run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from swarm.runners.monitor import memory_bytes
from swarm_web.turns import Turns

if TYPE_CHECKING:
    from swarm.environment import Environment
    from swarm.runners.nodes import WorkerNode, WorkerNodes

COLUMNS = (
    "id",
    "index",
    "state",
    "users",
    "rps",
    "cpu",
    "memory",
    "lag",
    "offset",
    "offset_error",
    "heard_at",
    "samples_heard",
    "samples_merged",
    "deltas",
    "complete",
)
LOCAL = "local"
LEFT = "left"
"""The state of a worker that has gone, and had a part in the run."""
AT_ONCE = 50
"""Workers that are looked at before others may have their turn."""
MEMORY_EVERY_S = 5.0
RATE_S = 5.0


class Rate:
    """Events per second of late, from a count that is read now and then."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = []

    def update(self, now: float, count: int) -> float:
        """Return the rate, `count` being the count at `now`."""
        seen = self._seen
        if seen and count < seen[-1][1]:
            seen.clear()
        seen.append((now, count))
        while len(seen) > 2 and seen[1][0] <= now - RATE_S:
            del seen[0]
        elapsed = now - seen[0][0]
        return round((count - seen[0][1]) / elapsed, 3) if elapsed > 0 else 0.0


class NodeRows:
    """Reads the nodes of an environment's runner."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._rates: dict[str, Rate] = {}
        self._memory = 0
        self._memory_read = float("-inf")

    def table(
        self, now: float, turns: Turns | None = None, *, departed: bool = False
    ) -> dict[str, list[Any]]:
        """Return the table at `now` (seconds since the epoch) as columns.

        `departed` puts in who has left, and had a part in the run.
        """
        nodes: WorkerNodes | None = getattr(self._environment.runner, "clients", None)
        table: dict[str, list[Any]] = {column: [] for column in COLUMNS}
        if nodes is None:
            for column, value in zip(table.values(), self._local(now), strict=True):
                column.append(value)
        else:
            known, turns = [*nodes.all, *(nodes.departed if departed else ())], turns or Turns()
            there = sorted(known, key=lambda each: each.index)
            for first in range(0, len(there), AT_ONCE):
                turns.give_way()
                part = self._workers(now, there[first : first + AT_ONCE])
                for column, values in zip(table.values(), part, strict=True):
                    column.extend(values)
        if len(self._rates) > len(table["id"]):
            for gone in self._rates.keys() - set(table["id"]):
                del self._rates[gone]
        return table

    def _rate(self, node: str, now: float, count: int) -> float:
        known = self._rates.get(node)
        if known is None:
            known = self._rates[node] = Rate()
        return known.update(now, count)

    def _local(self, now: float) -> list[Any]:
        runner = self._environment.runner
        requests = self._environment.stats.total.num_requests
        health = runner.monitor.health if runner else None
        clock = time.monotonic()
        if clock - self._memory_read >= MEMORY_EVERY_S:
            self._memory, self._memory_read = memory_bytes(), clock
        lag = health.lag.percentile(0.99) / 1000 if health and health.lag.count else 0.0
        return [
            LOCAL,
            0,
            getattr(runner, "lifecycle", None) and runner.lifecycle.state,  # type: ignore[union-attr]
            runner.user_count if runner else 0,
            self._rate(LOCAL, now, requests),
            round(runner.cpu_usage, 1) if runner else 0.0,
            self._memory,
            round(lag, 2),
            None,
            None,
            round(now, 3),
            requests,
            requests,
            0,
            True,
        ]

    def _workers(self, now: float, nodes: list[WorkerNode]) -> list[list[Any]]:
        """One column after the other: there may be a thousand workers."""
        members = [node._member for node in nodes]
        vitals = [member.vitals for member in members]
        clocks = [member.clock if member.clock.known else None for member in members]
        # Both since the last reset, so that they agree when all has come.
        heard = [max(member.heard - member.reset, member.merged) for member in members]
        ids = [member.identity for member in members]
        return [
            ids,
            [member.index for member in members],
            # Its own word tells draining from stopping.
            [LEFT if member.state == "quit" else member.state for member in members],
            [node.user_count for node in nodes],
            [self._rate(node, now, count) for node, count in zip(ids, heard, strict=True)],
            [round(each.cpu_percent, 1) for each in vitals],
            [each.memory_bytes for each in vitals],
            [round(each.lag_p99_ms, 2) for each in vitals],
            [None if clock is None else round(clock.offset, 6) for clock in clocks],
            [None if clock is None else round(clock.uncertainty, 6) for clock in clocks],
            [round(member.heard_at, 3) for member in members],
            heard,
            [member.merged for member in members],
            [member.applied for member in members],
            [member.final for member in members],
        ]
