"""Who a visitor is, and what it may do: tokens, sessions, roles, and how often a log-in may be tried.

The rule: a secret is compared in constant time, and never leaves this module but in the address that is printed.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATOR = "operator"
VIEWER = "viewer"
MODES = ("auto", "token", "none")
TRIES = 10
"""Wrong tokens that may be given within a minute from one address."""
ADDRESSES = 1_000
"""Addresses whose tries are kept; the oldest goes first."""
MINUTE_S = 60.0
UNGUESSABLE = 16
"""Characters of a token from which on guessing is hopeless; a shorter one (somebody chose it) has to wait as well."""
SESSIONS = 1_000
"""Sessions that are kept; the oldest goes first."""


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(24)


@dataclass
class Tries:
    """How often something was tried of late."""

    limit: int = TRIES
    clock: Callable[[], float] = time.monotonic
    _times: deque[float] = field(default_factory=deque)

    def wait(self) -> float:
        """Return how many seconds to wait before the next try, 0 when it may be made now."""
        now = self.clock()
        while self._times and self._times[0] <= now - MINUTE_S:
            self._times.popleft()
        return self._times[0] + MINUTE_S - now if len(self._times) >= self.limit else 0.0

    def note(self) -> None:
        """Count a try that failed."""
        self._times.append(self.clock())


class Access:
    """The tokens of the two roles, and the sessions that were opened with them.

    `mode` is one of MODES; `open_to_all` says that in mode auto nobody needs a token (a server on loopback).
    """

    def __init__(
        self, mode: str, *, open_to_all: bool, token: str | None = None, viewer_token: str | None = None
    ) -> None:
        self.mode = mode
        self._tries: dict[str, Tries] = {}
        self._token = token
        self._viewer_token = viewer_token
        self._needs_token = mode == "token" or (mode == "auto" and not open_to_all)
        self._sessions: dict[str, str] = {}

    @property
    def needs_token(self) -> bool:
        """Whether a visitor without a token gets nothing."""
        return self._needs_token

    @property
    def token(self) -> str | None:
        """The operator's token, for the address that is printed."""
        return self._token

    def tries_of(self, address: str) -> Tries:
        """Return how often somebody at this address gave a wrong token of late."""
        tries = self._tries.setdefault(address, Tries())
        while len(self._tries) > ADDRESSES:
            del self._tries[next(iter(self._tries))]
        return tries

    def role_of_token(self, given: str) -> str | None:
        """Return the role that a token gives."""
        for token, role in ((self._token, OPERATOR), (self._viewer_token, VIEWER)):
            if token and hmac.compare_digest(given.encode(), token.encode()):
                return role
        return None

    def judge(self, given: str, address: str) -> tuple[str | None, float]:
        """Return the role that a token gives, and how many seconds its address has to wait before another one.

        The right one is let in at once, whatever was tried before: others behind the same address shut nobody out.
        """
        tries = self.tries_of(address)
        wait, role = tries.wait(), self.role_of_token(given)
        if role is not None and (not wait or len(given) >= UNGUESSABLE):
            return role, 0.0
        if not wait:
            tries.note()
        return None, wait

    def open_session(self, role: str) -> str:
        """Return the id of a new session."""
        identity = secrets.token_urlsafe(24)
        self._sessions[identity] = role
        while len(self._sessions) > SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return identity

    def close_session(self, identity: str) -> None:
        """Forget a session."""
        self._sessions.pop(identity, None)

    def knows_session(self, session: str | None) -> bool:
        """Whether this is the id of an open session."""
        return session is not None and session in self._sessions

    def role_of(self, session: str | None, bearer: str | None) -> str | None:
        """Return the role of a visitor with this cookie and this bearer token; None: log in first."""
        if bearer is not None:
            return self.role_of_token(bearer)
        if session is not None and session in self._sessions:
            return self._sessions[session]
        return None if self._needs_token else OPERATOR
