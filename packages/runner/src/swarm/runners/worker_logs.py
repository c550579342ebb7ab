"""The workers' logs on their way to a master that shows them: it asks, and from then on they come every few seconds.

What a worker logs faster than it may send is left out, and counted.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.runners.master import MasterRunner
    from swarm.runners.messages import Message
    from swarm.runners.worker import WorkerRunner

ASK = "swarm: send your log"
LINES = "swarm: lines of the log"
"""The types of the two messages; data of the second: [level, logger, text, time] of each line."""
INTERVAL_S = 2.0
AT_ONCE = 100
"""Lines that are sent at once."""
TEXT_LIMIT = 2_000

Line = list[Any]


def offer(runner: WorkerRunner) -> None:
    """Let the worker send its log as soon as its master asks."""
    _Sender(runner)


def collect(runner: MasterRunner, take: Callable[[str, list[Any]], None]) -> None:
    """Ask all workers, those of now and those to come, for their logs; `take(worker, lines)` gets them."""

    def receive(msg: Message, **_kwargs: Any) -> None:
        if isinstance(msg.data, list) and msg.node_id is not None:
            take(msg.node_id, msg.data)

    def ask(client_id: str, **_kwargs: Any) -> None:
        if client_id in runner.clients:
            runner.send_message(ASK, None, client_id)

    runner.register_message(LINES, receive)
    runner.environment.events.worker_connect.add_listener(ask)
    for worker in list(runner.clients):
        ask(worker)


class _Sender(logging.Handler):
    """Keeps what is logged, and sends it."""

    def __init__(self, runner: WorkerRunner) -> None:
        super().__init__()
        self._runner = runner
        self._lines: deque[Line] = deque(maxlen=AT_ONCE)
        self._left_out = 0
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self._texts = logging.Formatter()
        runner.register_message(ASK, self._begin)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        if len(self._lines) == AT_ONCE:
            self._left_out += 1
            return
        text = record.getMessage()
        fields = getattr(record, "fields", {})
        text += "".join(f" {key}={value}" for key, value in fields.items() if f"{key}=" not in text)
        if record.exc_info:
            text += "\n" + self._texts.formatException(record.exc_info)
        self._lines.append([record.levelname, record.name, text[-TEXT_LIMIT:], record.created])

    def _begin(self, **_kwargs: Any) -> None:
        if self._greenlet is None:
            logging.getLogger().addHandler(self)
            self._greenlet = gevent.spawn(self._send)

    def _send(self) -> None:
        while not self._runner._swarm_driver.has_ended:
            gevent.sleep(INTERVAL_S)
            lines, left_out = list(self._lines), self._left_out
            self._lines.clear()
            self._left_out = 0
            if left_out:
                lines.append(["WARNING", __name__, f"{left_out} lines were left out here", lines[-1][3]])
            if lines:
                self._runner.send_message(LINES, lines)
        logging.getLogger().removeHandler(self)
