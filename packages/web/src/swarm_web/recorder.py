"""Watches a run for those who look at it: once a second it reads what there is, and says what has changed.

The rule: it only reads. Nothing of it is called by a request, and it gives way to the load after a few names.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import gevent

from swarm import runners
from swarm.log import get_logger
from swarm_stats.reports import json as json_report
from swarm_stats.snapshot import Snapshot
from swarm_web import error_rows, name_rows
from swarm_web.curve import INTENT, SERVICE, curve
from swarm_web.documents import OncePerFrame
from swarm_web.encoding import encode
from swarm_web.error_rows import ErrorRows
from swarm_web.history import NO_NEWS, RunHistory, drawing
from swarm_web.logs import LogBook
from swarm_web.name_rows import NameRow, NameRows, SettledRate
from swarm_web.node_rows import LEFT, NodeRows
from swarm_web.option_fields import OptionFields
from swarm_web.run_facts import RunFacts
from swarm_web.setup_facts import setup_of
from swarm_web.stream import Stream
from swarm_web.trail import Trail
from swarm_web.turns import Turns
from swarm_web.worker_lines import LogTaking

if TYPE_CHECKING:
    from swarm.environment import Environment

log = get_logger(__name__)

SCHEMA = 1
TICK_S = 1.0
LOOK_S = 0.1
"""How often the state is looked at between two ticks."""
SETTLE_S = 1
"""Seconds that a report may take from a worker to the master."""


class Recorder:
    """All that is known of a run for the page, the report and a recording; `stream` carries it to viewers."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.facts = RunFacts(environment)
        self.options = OptionFields(environment, None)
        self.trail = Trail(time.time)
        self.logs = LogBook()
        self.log_taking = LogTaking(environment, self.logs)
        self.stream = Stream(lambda: self.full.get().plain)
        self.full = OncePerFrame(self.stream, self.snapshot)
        lag = self._lag()
        self.history = RunHistory(environment.stats.total, lag)
        self.names = NameRows(environment.stats, lag)
        self.nodes = NodeRows(environment)
        self.errors = ErrorRows(environment)
        self.failed = OncePerFrame(self.stream, self.error_document)
        self._total: dict[str, Any] = {}
        self._nodes: dict[str, list[Any]] = self.nodes.table(time.time())
        self._node_states: dict[str, str] = {}
        self._was_valid = True
        self._said = 0
        self._run_key = (environment.stats.start_time, id(environment.stats.total))
        self._idle_since = 0.0
        self._greenlet: gevent.Greenlet[[], None] | None = None
        self._update_total(time.time())

    def start(self) -> None:
        """Begin to watch; harmless when called again."""
        if self._greenlet is None:
            self.history.lag = self.names.lag = self._lag()  # the runner may have come since
            self._greenlet = gevent.spawn(self._watch)

    def stop(self, reason: str = "the process has ended") -> None:
        """Watch no longer, and let the viewers go."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None
        self.stream.close(reason)

    def snapshot(self, turns: Turns | None = None) -> dict[str, Any]:
        """Return everything that the page shows at once.

        It is made in turns: of what is in frames that come meanwhile, some may be in it already.
        """
        turns = turns or Turns()
        shown: dict[str, Any] = {
            "schema": SCHEMA,
            "id": self.stream.identity,
            "time": round(time.time(), 3),
            "run": self.facts.facts(time.time()),
            "total": self._total,
            "names": {},
            "workers": self._nodes,
            "history": {},
            "history_lag": self.history.lag,
            "window": self.environment.stats.current_window,
            "events": self.trail.all(),
            "errors": self.errors.summary(),
            "log": self.logs.newest,
        }
        turns.give_way()
        shown["names"] = name_rows.table(self.names, turns)
        shown["history"] = self.history.rows.columns()
        turns.give_way()
        return shown

    def series(
        self,
        name: str | None,
        method: str,
        begin: float | None = None,
        end: float | None = None,
        metrics: list[str] | None = None,
        step: int = 0,
    ) -> dict[str, Any] | None:
        """Return the series of a name, of the whole run for None; None for a name that is not there."""
        if name is None:
            table, method, name = self.history.rows, "", "Aggregated"
        else:
            row = self.names.named(method, name)
            if row is None:
                return None
            table = row.series
        if step > table.step:
            known = table.columns()["time"]
            if known:
                table = table.coarser(max(1, (known[-1] - known[0]) // step + 1))
        return {"method": method, "name": name, "step": table.step, **table.columns(begin, end, metrics)}

    def heatmap(
        self,
        name: str | None,
        method: str,
        begin: float | None = None,
        end: float | None = None,
        of: str = SERVICE,
    ) -> dict[str, Any] | None:
        """Return the heat map of a name, of the whole run for None; None for a name that is not there."""
        kept: RunHistory | NameRow | None = self.history
        if name is None:
            method, name = "", "Aggregated"
        else:
            kept = self.names.named(method, name)
        if kept is None:
            return None
        # Where no request has begun late, the times from the intended start are those as they were served.
        drawn = kept.heat_intent if of == INTENT and kept.heat_intent is not None else kept.heat
        return {"method": method, "name": name, **drawing(drawn, begin, end)}

    def percentiles(self, name: str | None, method: str, of: str = SERVICE) -> dict[str, Any] | None:
        """Return the percentiles of a name, of the whole run for None; None for a name that is not there."""
        if name is None:
            entry, method, name = self.environment.stats.total, "", "Aggregated"
        else:
            row = self.names.named(method, name)
            if row is None:
                return None
            entry = row.entry
        return {"method": method, "name": name, **curve(entry, of)}

    def is_late(self, method: str, name: str | None) -> bool:
        """Whether a request of a name, of the whole run for None, began later than it was meant to."""
        row = self.names.named(method, name) if name is not None else None
        entry = self.environment.stats.total if row is None else row.entry
        return entry.late is not None

    def complete(self) -> None:
        """Take everything in to the last request: the run is over, or is reported as far as it has come."""
        now = time.time()
        self._look(now, publish=False)
        if self._begins_anew():
            self._begin()
        self.history.complete(now, len(self.environment.stats.entries))
        self.names.complete(now)
        self._nodes = self.nodes.table(now, departed=True)
        self._update_total(now)
        self.errors.keep(now + error_rows.STEP_S)

    def error_document(self, turns: Turns | None = None) -> dict[str, Any]:
        """Return failures and exceptions."""
        return self.errors.document(turns=turns)

    def log_document(
        self,
        cursor: int | None = None,
        node: str | None = None,
        level: str | None = None,
        text: str | None = None,
        limit: int = 500,
    ) -> dict[str, Any]:
        """Return lines of the log; see LogBook.document."""
        return self.logs.document(cursor, node, level, text, limit)

    def setup(self) -> dict[str, Any]:
        """Return what a new run may choose."""
        return setup_of(self.environment, self.options, self.facts)

    def statistics(self) -> bytes:
        """Return the statistics in the form of `--json`, encoded."""
        turns, encoded = Turns(), []
        for each in json_report.objects(Snapshot.of(self.environment.stats)):
            encoded.append(encode(each))
            turns.give_way()
        return b"[" + b",".join(encoded) + b"]"

    def tick(self, now: float) -> None:
        """Read everything, and publish what has changed."""
        self._look(now, publish=False)
        if self._begins_anew():
            self._begin()
        runner, turns = self.facts.runner, Turns()
        changed = self.names.update(now, turns)
        turns.end()
        self._nodes = self.nodes.table(now, turns, departed=not self.facts.is_active)
        turns.end()
        self._update_total(now)
        self.errors.keep(now)
        turns.give_way()
        news = NO_NEWS
        if runner is not None and self._is_moving(now):
            news = self.history.add(
                now, sum(self._nodes["users"]), runner.target_user_count, self._load_of_nodes()
            )
        self._note_workers()
        self._note_verdict()
        turns.give_way()
        table = name_rows.table(changed, turns)
        turns.end()
        self._publish(
            now,
            {
                "total": self._total,
                "names": table,
                "workers": self._nodes,
                "history": news.rows,
                "heat": news.heat,
                **({} if news.intent is None else {"heat_intent": news.intent}),
            },
            turns,
        )

    def _watch(self) -> None:
        due = math.floor(time.time()) + 1.02
        while True:
            now = time.time()
            if now < due and due - now <= 2 * TICK_S:
                gevent.sleep(min(LOOK_S, due - now))
                self._safely(self._look)
                continue
            due = math.floor(now) + 1.02
            self._safely(self.tick)

    def _safely(self, step: Any) -> None:
        try:
            step(time.time())
        except Exception:
            log.error("the browser UI could not read the run; it goes on", exc_info=True)
            gevent.sleep(TICK_S)

    def _look(self, now: float, *, publish: bool = True) -> None:
        """Say at once when the run's state has changed."""
        state = self.facts.look(now)
        if state is None:
            return
        self.trail.add("state", state, state=state)
        self._idle_since = now
        if publish:
            self._publish(now, {})

    def _publish(self, now: float, changes: dict[str, Any], turns: Turns | None = None) -> None:
        self.stream.publish(
            "frame",
            {
                "id": self.stream.next_identity(),
                "time": round(now, 3),
                "run": self.facts.facts(now),
                **changes,
                "events": self.trail.after(self._said),
                "errors": self.errors.summary(),
                "log": self.logs.newest,
            },
            turns,
        )
        self._said = self.trail.newest

    def _begins_anew(self) -> bool:
        """Whether the statistics were set to zero: by a new run, or by somebody."""
        stats = self.environment.stats
        key = (stats.start_time, id(stats.total))
        if key == self._run_key and len(stats.entries) >= len(self.names):
            return False
        self._run_key = key
        return True

    def _begin(self) -> None:
        self.names.clear()
        self.history.clear()
        self.errors.clear()
        self._was_valid = True
        self.stream.begin_epoch()

    def _is_moving(self, now: float) -> bool:
        """Whether there is anything to add to the history: a run goes on, or its last reports come in."""
        return self.facts.is_active or now - self._idle_since < self.history.lag + 2

    def _lag(self) -> int:
        core = getattr(self.environment.runner, "_swarm_core", None)
        if core is None:
            return 0
        return math.ceil(getattr(core.settings, "report_interval", runners.WORKER_REPORT_INTERVAL)) + SETTLE_S

    def _update_total(self, now: float) -> None:
        total = self.environment.stats.total
        rate = SettledRate(int(now) - self.history.lag, total.start_time)
        p50, p95, p99 = self.history.current()
        whole = [name_rows.rounded(ms) for ms in total.percentiles(name_rows.FRACTIONS)]
        self._total = dict(
            zip(
                name_rows.COLUMNS,
                [
                    total.num_requests,
                    total.num_failures,
                    rate.of(total.num_reqs_per_sec),
                    rate.of(total.num_fail_per_sec),
                    p50,
                    p95,
                    p99,
                    *whole,
                    name_rows.rounded(total.avg_response_time),
                    total.min_response_time,
                    total.max_response_time,
                    round(total.avg_content_length, 1),
                    total.num_interrupted,
                    *name_rows.late_figures(total),
                ],
                strict=True,
            ),
            rps_run=round(total.total_rps, 3),
        )

    def _load_of_nodes(self) -> list[float]:
        there = [
            (cpu, lag)
            for state, cpu, lag in zip(
                self._nodes["state"], self._nodes["cpu"], self._nodes["lag"], strict=True
            )
            if state not in ("missing", LEFT)
        ]
        return [
            len(there),
            max((cpu for cpu, _ in there), default=0.0),
            max((lag for _, lag in there), default=0.0),
        ]

    def _note_workers(self) -> None:
        if not hasattr(self.environment.runner, "clients"):
            return
        known = zip(self._nodes["id"], self._nodes["state"], strict=True)
        states = {worker: state for worker, state in known if state != LEFT}
        before, self._node_states = self._node_states, states
        for worker, state in states.items():
            was = before.get(worker)
            if was is None:
                self.trail.add("worker", f"{worker} has joined", worker=worker, change="joined")
            elif (was == "missing") != (state == "missing"):
                change = "missing" if state == "missing" else "back"
                self.trail.add("worker", f"{worker} is {change}", worker=worker, change=change)
        drained: set[str] = getattr(self.environment.runner, "drained_workers", set())
        for worker in before.keys() - states.keys():
            how, change = (" (drained)", "drained") if worker in drained else ("", "left")
            self.trail.add("worker", f"{worker} has left{how}", worker=worker, change=change)

    def _note_verdict(self) -> None:
        runner = self.facts.runner
        if runner is None or not self.facts.is_active:
            return
        verdict = runner.monitor.verdict()
        if self._was_valid and not verdict.valid:  # said once a run: near the limit it would come and go
            self._was_valid = False
            reasons = "; ".join(verdict.reasons)
            self.trail.add("verdict", f"The generator became the bottleneck: {reasons}", valid=False)


def recorder_of(environment: Environment) -> Recorder:
    """Return the environment's recorder, made when it is asked for the first time."""
    known: Recorder | None = getattr(environment, "_swarm_recorder", None)
    if known is None:
        known = Recorder(environment)
        environment._swarm_recorder = known  # type: ignore[attr-defined]  # ours, on an object that takes any
    return known
