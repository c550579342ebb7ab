"""A worker's way in: says what stands in it, keeps trying, and gives up when it leads nowhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gevent

from swarm import runners
from swarm.log import get_logger
from swarm.transport.diagnosis import Situation

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.transport.diagnosis import Diagnosis
    from swarm.transport.worker_socket import WorkerSocket

log = get_logger(__name__)

POLL_S = 0.1
REPEAT_S = 30.0
"""Seconds after which the same situation is told again."""
HOPELESS_S = 3.0
"""So long in a situation that waiting does not mend, and the worker gives up."""
_HOPELESS = frozenset({Situation.WRONG_SECRET, Situation.WITHOUT_CURVE, Situation.NOT_SWARM})
_QUIET = frozenset({Situation.CONNECTING, Situation.CONNECTED})


class Entrance:
    """Watches a socket until the master has taken the worker in; `give_up(reason)` is called when it does not.

    A master that is not there yet is waited for CONNECT_RETRY_COUNT times CONNECT_TIMEOUT seconds.
    """

    def __init__(
        self,
        socket: WorkerSocket,
        give_up: Callable[[str], None],
        tell: Callable[[str], object] = log.warning,
    ) -> None:
        self._tell = tell
        self._socket = socket
        self._give_up = give_up
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def begin(self) -> None:
        """Begin to watch."""
        if self._greenlet is None or self._greenlet.dead:
            self._greenlet = gevent.spawn(self._watch)

    def admitted(self) -> None:
        """The master has taken the worker in: there is nothing left to watch."""
        self.end()

    def end(self) -> None:
        """Watch no more."""
        if self._greenlet is not None:
            self._greenlet.kill(block=False)

    def _watch(self) -> None:
        begun = since = time.monotonic()
        last: Diagnosis | None = None
        told = 0.0
        while True:
            gevent.sleep(POLL_S)
            now, found = time.monotonic(), self._socket.diagnosis()
            # An attempt that is under way says nothing new: what stood in the way of the last one holds.
            if found.situation not in _QUIET and (last is None or found.situation is not last.situation):
                last, since, told = found, now, 0.0
            if last is not None and now - told >= REPEAT_S:
                told = now
                self._tell(last.text)
            if last is not None and last.situation in _HOPELESS and now - since >= HOPELESS_S:
                self._give_up(last.text)
                return
            if now - begun >= runners.CONNECT_TIMEOUT * runners.CONNECT_RETRY_COUNT:
                why = found.text if last is None else last.text
                self._give_up(f"no master after {now - begun:.0f} s: {why}")
                return
