"""A worker's contact with its master: the session, when it was last heard, and the user's messages both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.control.custom import Inbox, Outbox

if TYPE_CHECKING:
    from swarm.control.messages import Welcome
    from swarm.control.settings import WorkerSettings

MOST_DOUBLINGS = 3
"""How often the wait for a new connection to bring a word is doubled, at most."""


class Contact:
    """Whether there is a master, and since when not."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.session = ""
        self.greeting = True
        """Whether a hello is still without its welcome; nothing but hellos is said then."""
        self.interval = settings.heartbeat_interval
        self.report_interval = settings.heartbeat_interval
        self.heard_at = 0.0
        self.master_time = 0.0
        """What the master's clock said in the message that was heard at `heard_at`."""
        self.hello_at = float("-inf")
        self.beat_at = 0.0
        self._reconnected_at = 0.0
        self._reconnections = 0  # since the master was heard
        self.outbox, self.inbox = Outbox(), Inbox()
        self._alive_at: float | None = None  # the last sign of life, corrected by our own stalls
        self._ticked_at: float | None = None
        self._greeting_since = float("-inf")
        self._missing_after = settings.missing_after
        self._orphan_after = settings.orphan_after
        self._last_reason = ""

    def hear(self, now: float, master_time: float = 0.0) -> None:
        """The master has spoken; `master_time` is what its clock said, where the message carries it."""
        self._alive_at = now
        self._reconnections = 0
        if master_time:
            self.heard_at, self.master_time = now, master_time

    def tick(self, now: float) -> None:
        """Count a stall of this very process not as the master's silence."""
        gap = 0.0 if self._ticked_at is None else now - self._ticked_at
        if self._alive_at is None:
            self._alive_at = self._reconnected_at = now
        elif gap > 2 * self.interval:
            self._alive_at += gap
            self._reconnected_at += gap
        self._ticked_at = now

    def is_silent(self, now: float) -> bool:
        """Whether neither a word nor a new connection was had for too long."""
        since = max(self._alive_at or 0.0, self._reconnected_at)
        patience = self._missing_after * self.interval * (1 << min(self._reconnections, MOST_DOUBLINGS))
        return now - since > patience

    def reconnect(self, now: float) -> None:
        """A new connection is made. The next one comes later: a thousand workers at a time cost a master much."""
        self._reconnected_at = now
        self._reconnections += 1

    def is_orphaned(self, now: float) -> bool:
        """Whether the master has been away for longer than users may go on without one."""
        return self.greeting and now - (self._alive_at or 0.0) > self._orphan_after

    def lose(self) -> None:
        """Greet anew; only answers to hellos from now on count."""
        if not self.greeting:
            self.greeting = True
            self._greeting_since = self.hello_at
            self.hello_at = float("-inf")

    def is_answered_by(self, welcome: Welcome) -> bool:
        """Whether this welcome answers a hello of now, and not one that has had its answer."""
        return self.greeting and welcome.answers > self._greeting_since

    def take(self, now: float, welcome: Welcome) -> None:
        """Begin or go on with the session."""
        self.greeting = False
        self._last_reason = ""
        self.interval, self.report_interval = welcome.heartbeat_interval, welcome.report_interval
        self.hear(now, welcome.sent_at)
        if welcome.session != self.session:  # another master, or another life of it
            self.session = welcome.session
            self.outbox.restart()
            self.inbox.restart()

    def is_news(self, reason: str) -> bool:
        """Whether this refusal was not the last one, too."""
        last, self._last_reason = self._last_reason, reason
        return reason != last
