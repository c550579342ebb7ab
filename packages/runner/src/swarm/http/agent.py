"""What lies under a FastHttpSession, under the names by which real locustfiles reach for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swarm.http.redirects import REDIRECTS
from swarm.http.response import FastRequest, FastResponse

if TYPE_CHECKING:
    from swarm.http.cookies import SessionCookies
    from swarm.http.headers import WatchedHeaders
    from swarm.http.pool import ConnectionPool
    from swarm.http.session import FastHttpSession


class UserAgent:
    """`session.client`: its connection pool, cookies and default headers.

    `client.clientpool.close()` makes the next request open a new connection.
    """

    request_type: Final = FastRequest
    """The class of `response.request`."""
    response_type: Final = FastResponse
    """The class of responses."""
    valid_response_codes: Final = frozenset(range(200, 400))
    """The statuses that are no failure."""
    redirect_response_codes: Final = REDIRECTS
    """The statuses that are followed."""

    def __init__(self, session: FastHttpSession) -> None:
        self._session = session

    @property
    def clientpool(self) -> ConnectionPool:
        """The session's connections."""
        return self._session.pool

    @property
    def cookiejar(self) -> SessionCookies:
        """The session's cookies."""
        return self._session.cookiejar

    @property
    def default_headers(self) -> WatchedHeaders:
        """The headers of all requests."""
        return self._session.default_headers

    @default_headers.setter
    def default_headers(self, headers: Any) -> None:
        self._session.default_headers = headers

    @property
    def max_redirects(self) -> int:
        """The redirects followed in a row at most."""
        return self._session.max_redirects

    @max_redirects.setter
    def max_redirects(self, number: int) -> None:
        self._session.max_redirects = number

    def close(self) -> None:
        """Close the session's connections."""
        self._session.pool.close()
