"""`HttpUser`: a user whose client is a `requests.Session` on Swarm's own HTTP core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.exceptions import StopTest
from swarm.http.on_requests.session import HttpSession
from swarm.users.rest import RestMixin
from swarm.users.user import User

if TYPE_CHECKING:
    from urllib3 import PoolManager

    from swarm.environment import Environment


class HttpUser(RestMixin, User):
    """A user with a `client`: an `HttpSession`, which is a `requests.Session` that counts its requests.

    The session keeps the user's cookies, headers and connections to itself.
    """

    abstract = True
    pool_manager: PoolManager | None = None
    """urllib3's connections to use, shared by all users of the class; by default each user has its own."""

    def __init__(self, environment: Environment) -> None:
        """Make the user and its client. Raises StopTest when there is no host."""
        super().__init__(environment)
        host = environment.host or self.host
        if host is None:
            raise StopTest(
                f"{type(self).__name__} has no base host: set `host` in the class, "
                "or give it on the command line with --host."
            )
        if host != self.host:
            self.host = host
        self.client = HttpSession(host, environment.events.request, self, pool_manager=self.pool_manager)
        """Sends the user's requests."""
