"""What is known of the run as a whole: its state and what that waits for, its load, and the generator's verdict."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from swarm.runners import pool
from swarm.runners.steered import ACTIVE

if TYPE_CHECKING:
    from swarm.control.generator import Verdict
    from swarm.environment import Environment
    from swarm.runners.steered import SteeredRunner
    from swarm.users.user import User

ACTIONS = {
    "ready": ["start", "reset"],
    "spawning": ["load", "pause", "stop", "reset"],
    "running": ["load", "pause", "stop", "reset"],
    "paused": ["load", "resume", "stop", "reset"],
    "stopping": ["reset"],
    "stopped": ["start", "reset"],
    "quit": [],
}
"""What may be asked for in each state; a reset between runs only while there are figures."""

OPEN = 20
"""Workers that are named of those whose last report is missing."""


class RunFacts:
    """Reads a runner, and remembers when its state changed.

    `planned` is how long the present run is to last (seconds), None without an end; `max_users` the most users that
    may be asked for here, None for any number; `last_start` what the last start from here had, empty before one.
    """

    def __init__(self, environment: Environment) -> None:
        self.planned: float | None = None
        self.max_users: int | None = None
        self.state = "ready"
        self.since = time.time()
        self.started: float | None = None
        self.ended: float | None = None
        self._environment = environment
        self.last_start: dict[str, Any] = {}
        self._weights: dict[str, float] = {}
        for each in environment.user_classes:
            self.weight_in_file(each)

    def weight_in_file(self, user_class: type[User]) -> float:
        """Return the weight that a class had when it was first seen, before anybody set another."""
        return self._weights.setdefault(user_class.__name__, user_class.weight)

    def note_start(self, users: int, rate: float, run_time: float | None) -> None:
        """Note what a start had, for the form of the next one."""
        self.last_start = {"users": users, "rate": rate, "run_time": run_time}

    @property
    def runner(self) -> SteeredRunner | None:
        """The environment's runner."""
        runner: Any = self._environment.runner
        return runner if hasattr(runner, "lifecycle") else None

    @property
    def is_active(self) -> bool:
        """Whether a run goes on."""
        return self.state in ACTIVE or self.state == "stopping"

    def look(self, now: float) -> str | None:
        """Look at the state; return it when it has changed since the last time."""
        state = self.current
        if state == self.state:
            return None
        if state == "quit" and self.started is not None:
            # Of a process that ends, the run's end is what is to be seen.
            if self.ended is not None:
                return None
            state = "stopped"
        before, self.state, self.since = self.state, state, now
        was_short = state == "stopping" and before in ("ready", "stopped")  # it was not seen going on
        if was_short or (state in ACTIVE and before not in ACTIVE):
            self.started, self.ended = now, None
        elif state in ("stopped", "quit") and self.started is not None and self.ended is None:
            self.ended = now
        return state

    @property
    def current(self) -> str:
        """The state at this moment, which `look` may not have seen yet."""
        runner = self.runner
        return runner.lifecycle.state if runner else "ready"

    def actions(self) -> list[str]:
        """Return what may be asked for now."""
        if self.runner is None:
            return []
        actions = ACTIONS.get(self.current, [])
        if self.current in ("ready", "stopped") and not self._has_figures:
            actions = [action for action in actions if action != "reset"]
        if self.current == "stopping" and self.runner.user_count and not self.runner.lifecycle.forced:
            return ["force", *actions]
        if self.shape:
            return [action for action in actions if action not in ("load", "pause")]
        return list(actions)

    @property
    def _has_figures(self) -> bool:
        """Whether there is anything to set to zero."""
        stats, runner = self._environment.stats, self.runner
        return bool(stats.total.num_requests or stats.errors or (runner and runner.exceptions))

    @property
    def shape(self) -> str | None:
        """The name of the shape that decides on the load now."""
        runner = self.runner
        if runner is None or not runner.shape_greenlet:
            return None
        return type(self._environment.shape_class).__name__

    def facts(self, now: float) -> dict[str, Any]:
        """Return everything, at `now` (seconds since the epoch)."""
        environment, runner = self._environment, self.runner
        stats = environment.stats
        end = self.ended or now
        is_master = hasattr(runner, "clients")
        classes = runner.user_classes_count if runner else {}
        # A master counts both from its workers: once is enough.
        users = sum(classes.values()) if is_master or not runner else runner.user_count
        elapsed = max(0.0, end - self.started) if self.started is not None else None
        return {
            "state": self.state,
            "since": round(self.since, 3),
            "started": _rounded(self.started),
            "ended": _rounded(self.ended),
            "elapsed": _rounded(elapsed),
            "run_time": self.planned,
            "users": users,
            "target": runner.target_user_count if runner else 0,
            "rate": runner.spawn_rate if runner else 0.0,
            "max_users": self.max_users,
            "classes": classes,
            "target_classes": runner.target_user_classes_count if runner else {},
            "host": environment.host,
            "locustfile": environment.locustfile,
            "profile": environment.profile,
            "shape": self.shape,
            "role": "master" if is_master else "local",
            "replay": False,
            "waits": self._waits(now, elapsed, users),
            "actions": self.actions(),
            "workers": self.workers(),
            "verdict": verdict_facts(runner.monitor.verdict()) if runner else None,
            "accounting": self._accounting(),
            "interrupted": stats.interrupted,
            "late": stats.total.num_late,
            "names_full": stats.names_full,
            "max_names": stats.max_names,
        }

    def workers(self) -> dict[str, int]:
        """Return how many workers are there, expected and missing."""
        runner: Any = self.runner
        if not hasattr(runner, "clients"):
            return {"there": 1, "expected": 1, "missing": 0}
        options = self._environment.parsed_options
        there = runner.last_worker_count
        expected = getattr(options, "expect_workers", 1) if options is not None else 1
        # Who was let go is not expected any more, unless another one has come for it.
        spared = expected - len(getattr(runner, "drained_workers", ()))
        return {
            "there": there,
            "expected": max(spared, min(there, expected)),
            "missing": len(runner.clients.missing),
        }

    def _waits(self, now: float, elapsed: float | None, users: int) -> dict[str, Any] | None:
        runner = self.runner
        if runner is None:
            return None
        target = runner.target_user_count
        if self.state == "ready":
            workers = self.workers()
            there, expected = workers["there"], workers["expected"]
            if there >= expected:
                return None
            return _waits(f"{there:,} of {expected:,} workers are there", there, expected, None)
        if self.state == "spawning":
            left = abs(target - users) / runner.spawn_rate if runner.spawn_rate else None
            text = f"{users:,} of {target:,} users"
            if hasattr(runner, "clients") and not self.workers()["there"]:
                return _waits(f"{text}: no worker is there", users, target, None)
            return _waits(text + (f", {left:.0f} s left" if left else ""), users, target, left)
        if self.state == "stopping":
            return self._waits_for_the_end(runner, users, now)
        if self.state in ("running", "paused") and self.planned and elapsed is not None:
            left = max(0.0, self.planned - elapsed)
            return _waits(f"{left:.0f} s left", elapsed, self.planned, left)
        return None

    def _waits_for_the_end(self, runner: SteeredRunner, users: int, now: float) -> dict[str, Any] | None:
        if not users:
            awaited: Any = getattr(runner, "awaited_now", None)
            workers, silent, left = awaited() if awaited else ([], [], 0.0)
            if not workers:
                return _waits("all users have ended", 0, 0, None)
            if len(workers) == 1:
                text = f"the last report of worker {workers[0]}{', which is silent,' if silent else ''} is"
            else:
                text = f"the last reports of {len(workers):,} workers"
                text += f", {len(silent):,} of them silent, are" if silent else " are"
            if not math.isfinite(left):
                return _waits(f"{text} awaited", 0, 0, None)
            return _waits(f"{text} awaited, {math.ceil(left)} s more", 0, 0, left)
        drains = "1 user" if users == 1 else f"{users:,} users"
        drains += " is" if users == 1 else " are"
        if runner.lifecycle.forced:
            return _waits(f"{drains} being cut off", users, 0, 0.0)
        limit = self._environment.stop_timeout or pool.REQUEST_GRACE_S
        if not math.isfinite(limit):
            return _waits(f"{drains} draining", users, 0, None)
        left = max(0.0, self.since + limit - now)
        return _waits(f"{drains} draining, forced in {math.ceil(left)} s", users, 0, left)

    def _accounting(self) -> dict[str, Any] | None:
        accounting: Any = getattr(self.runner, "accounting", None)
        if accounting is None:
            return None
        return {
            "heard": accounting.heard - accounting.reset,
            "merged": accounting.merged,
            "missing": accounting.missing,
            "closed": accounting.closed,
            "complete": accounting.closed and not accounting.missing,
            "open": accounting.open[:OPEN],
            "text": accounting.sentence(),
        }


def verdict_facts(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict on the generator as plain values."""
    return {
        "valid": verdict.valid,
        "reasons": list(verdict.reasons),
        "cpu_max": round(verdict.cpu_max, 1),
        "cpu_mean": round(verdict.cpu_mean, 1),
        "lag_p99_ms": round(verdict.lag_p99_ms, 2),
        "lag_max_ms": round(verdict.lag_max_ms, 2),
    }


def _waits(text: str, have: float | None, want: float | None, left: float | None) -> dict[str, Any]:
    return {"text": text, "have": _rounded(have), "want": want, "left": _rounded(left)}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
