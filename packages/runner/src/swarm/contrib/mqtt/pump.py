"""The greenlet that keeps an MQTT client's connection: it dials, reads, pings, and dials again.

In place of paho's own loop, whose `select()` takes no descriptor above 1023 and wakes each client every second:
here a client costs a watcher and a greenlet that sleeps.
"""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Any

import gevent
from gevent import get_hub
from gevent.event import Event
from gevent.socket import wait_write

if TYPE_CHECKING:
    from swarm.contrib.mqtt.client import MqttClient

logger = logging.getLogger("swarm.contrib")

READ = 1
LOOKS_PER_KEEPALIVE = 4
"""How often in its keepalive time a client looks whether a ping is due."""


class Pump:
    """Runs one client's network; `settled` is set when it has been connected, or refused, for the first time."""

    def __init__(self, client: MqttClient) -> None:
        self.settled = Event()
        self.ended = False
        self._client = client
        self._is_disordered = False
        self._news = Event()
        self._watcher: Any = None
        self._writer: gevent.Greenlet[..., Any] | None = None
        self.greenlet: gevent.Greenlet[..., Any] = gevent.spawn(self._run)

    def stop(self) -> None:
        """End it; the connection is left as it is."""
        self.ended = True
        self.settled.set()
        self.unwatch()
        if self.greenlet is gevent.getcurrent():
            return
        self.greenlet.kill(block=False)
        if self._writer is not None:
            self._writer.kill(block=False)

    def watch(self, descriptor: int) -> None:
        """A connection was opened: read what comes on it."""
        self.unwatch()
        self._watcher = get_hub().loop.io(descriptor, READ)
        self._news.set()

    def unwatch(self) -> None:
        """The connection is about to be closed."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
        self._news.set()

    def write_later(self) -> None:
        """Write what the connection did not take at once, as soon as it does."""
        if self._writer is None or self._writer.dead:
            self._writer = gevent.spawn(self._write)

    def _run(self) -> None:
        client = self._client
        low, high = client.reconnect_delays
        delay, is_first = low, True
        while not self.ended:
            if client.socket() is not None and not self._is_disordered:
                self._attend()
                if client.is_connected():
                    delay = low
            elif not client.wants_connection():
                self._news.clear()
                self._news.wait()
            elif is_first:
                is_first = False
                self._dial()
            else:
                # Not all at the same moment: a broker that comes back has thousands of clients.
                gevent.sleep(delay * random.uniform(0.5, 1))
                delay = min(delay * 2, high)
                if (client.socket() is None or self._is_disordered) and client.wants_connection():
                    self._dial()

    def _dial(self) -> None:
        self._is_disordered = False
        try:
            self._client.reconnect()
        except (OSError, ValueError):  # counted there; ValueError: a host or port that is none
            self.settled.set()

    def _attend(self) -> None:
        """Wait until something comes or is due, and see to it."""
        client = self._client
        if self._watcher is not None and not self._watcher.active and not client.has_more():
            self._news.clear()
            self._watcher.start(self._on_readable)
        if not client.has_more():
            self._news.wait(timeout=max(client.keepalive, 1) / LOOKS_PER_KEEPALIVE)
        try:
            client.loop_read()
            client.loop_misc()
        except Exception:
            # paho would look at the same packet again: begin anew.
            logger.exception("An MQTT connection has come into disorder and is made again")
            self._is_disordered = True
        if client.want_write():
            self.write_later()

    def _on_readable(self) -> None:
        self._watcher.stop()  # it would be called again until somebody has read
        self._news.set()

    def _write(self) -> None:
        client = self._client
        while client.want_write() and (socket := client.socket()) is not None:
            wait_write(socket.fileno())
            client.loop_write()
