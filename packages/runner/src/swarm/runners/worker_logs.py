"""The workers' logs on their way to the master: it asks, and from then on new lines come every few seconds.

They ride on the messages of the users' own, each once and in order. A worker holds its newest lines only, and
sends none while there is no master; what it could not hold is counted. Nothing goes when nothing is logged.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import gevent

from swarm import runners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from swarm.environment import Environment
    from swarm.runners.master import MasterRunner
    from swarm.runners.messages import Message
    from swarm.runners.worker import WorkerRunner

ASK = "swarm: send your log"
"""The type of the master's message; its data is seconds, None for the worker's own WORKER_LOG_REPORT_INTERVAL."""
LINES = "swarm: lines of the log"
"""The type of a worker's message; its data is [level, logger, text, time] of each line."""
HELD = 400
"""Lines that a worker holds, so that no message is longer than 1 MB."""
TEXT_LIMIT = 2_000
KEPT = 500
"""Lines of each worker in `environment.worker_logs`."""
KEPT_OF_ALL = 50_000
"""Lines of all workers together."""
POLL_S = 0.2

Line = list[Any]


def offer(runner: WorkerRunner) -> None:
    """Let the worker send its log as soon as its master asks, unless WORKER_LOG_REPORT_INTERVAL is 0 or less."""
    _Sender(runner)


def collect(
    runner: MasterRunner, take: Callable[[str, list[Any]], None], interval: float | None = None
) -> None:
    """Ask all workers, those of now and those to come, for their logs; `take(worker, lines)` gets them.

    `interval` is the seconds in which they come; None leaves that to the workers. Takes the place of an earlier
    call.
    """

    def receive(msg: Message, **_kwargs: Any) -> None:
        if isinstance(msg.data, list) and msg.node_id is not None:
            take(msg.node_id, msg.data)

    def ask(client_id: str, **_kwargs: Any) -> None:
        if client_id in runner.clients:
            runner.send_message(ASK, interval, client_id)

    runner.register_message(LINES, receive)
    runner.environment.events.worker_connect.add_listener(ask)
    for worker in list(runner.clients):
        ask(worker)


def collect_texts(runner: MasterRunner) -> None:
    """Let the lines of all workers come into `environment.worker_logs`."""
    environment = runner.environment
    collect(runner, lambda worker, lines: keep(environment, worker, as_texts(worker, lines)))


def keep(environment: Environment, worker: str, texts: Iterable[str]) -> None:
    """Append a worker's lines to `environment.worker_logs`, which holds the newest ones."""
    kept = [*environment.worker_logs.get(worker, ()), *texts]
    limit = max(1, min(KEPT, KEPT_OF_ALL // (len(environment.worker_logs) + 1)))
    environment.update_worker_logs({"worker_id": worker, "logs": kept[-limit:]})


def as_texts(worker: str, lines: Iterable[Any]) -> list[str]:
    """Return lines as they read in a log; those that are none are left out."""
    texts = []
    for line in lines:
        match line:
            case [str(level), str(logger), str(text), int() | float() as at] if 0 <= at < MOST_SECONDS:
                when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
                texts.append(f"[{when}] {worker}/{level}/{logger}: {text[:TEXT_LIMIT]}")
    return texts


MOST_SECONDS = 2**36
"""A time since the epoch that every system can show."""


class _Sender(logging.Handler):
    """Holds what is logged, and sends it when it is asked for."""

    def __init__(self, runner: WorkerRunner) -> None:
        super().__init__()
        self._runner = runner
        self._lines: deque[Line] = deque(maxlen=HELD)
        self._left_out = 0
        self._interval: float | None = None
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self._texts = logging.Formatter()
        runner.register_message(ASK, self._begin)
        logging.getLogger().addHandler(self)
        runner.at_end.append(self._end)

    def emit(self, record: logging.LogRecord) -> None:
        """Hold a line."""
        if len(self._lines) == HELD:
            self._left_out += 1
        text = record.getMessage()
        fields = getattr(record, "fields", {})
        text += "".join(f" {key}={value}" for key, value in fields.items() if f"{key}=" not in text)
        if record.exc_info:
            text += "\n" + self._texts.formatException(record.exc_info)
        self._lines.append([record.levelname, record.name, text[-TEXT_LIMIT:], record.created])

    def _begin(self, msg: Message, **_kwargs: Any) -> None:
        asked = msg.data
        self._interval = float(asked) if isinstance(asked, int | float) and asked > 0 else None
        if self._greenlet is None and runners.WORKER_LOG_REPORT_INTERVAL > 0:
            self._greenlet = gevent.spawn(self._send_for_ever)

    def _send_for_ever(self) -> None:
        since = time.monotonic()
        self._send()
        while True:
            gevent.sleep(min(POLL_S, self._seconds))
            if time.monotonic() - since >= self._seconds:
                since = time.monotonic()
                self._send()

    @property
    def _seconds(self) -> float:
        return float(runners.WORKER_LOG_REPORT_INTERVAL if self._interval is None else self._interval)

    def _send(self) -> None:
        if not self._lines or not self._runner.is_connected:
            return
        lines, left_out = list(self._lines), self._left_out
        self._lines.clear()
        self._left_out = 0
        if left_out:
            lines.insert(0, ["WARNING", __name__, f"{left_out} lines were left out here", lines[0][3]])
        self._runner.send_message(LINES, lines)

    def _end(self) -> None:
        logging.getLogger().removeHandler(self)
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
