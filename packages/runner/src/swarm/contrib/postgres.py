"""Users of PostgreSQL, with psycopg 3: `PostgresUser` and its client.

psycopg waits for its sockets on gevent's loop, so that a slow query holds up its own user only. Needs the extra
`postgres`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.contrib.reporting import Reporter
from swarm.extras import from_extra
from swarm.users.user import User

with from_extra("postgres", "swarm.contrib.postgres"):
    import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swarm.environment import Environment
    from swarm.event import EventHook

    Parameters = Sequence[Any] | Mapping[str, Any] | None

REQUEST_TYPE = "postgres"


class PostgresClient:
    """A connection of its own, made when it is first needed, and again after it was lost.

    Each statement is a transaction of its own, unless it begins one. Counted are `connect` and each query.
    """

    def __init__(
        self,
        conn_string: str,
        request_event: EventHook | None = None,
        user: User | None = None,
    ) -> None:
        """Make a client for `conn_string`, in the form that libpq takes; what it leaves out is in its PG… variables."""
        self.conn_string = conn_string
        self._connection: psycopg.Connection[Any] | None = None
        self._reporter = Reporter(request_event, user, self.close)

    def execute_query(
        self,
        query: str,
        parameters: Parameters = None,
        *,
        name: str | None = None,
        context: dict[str, Any] | None = None,
    ) -> list[tuple[Any, ...]] | None:
        """Run a query and return its rows: an empty list for a statement that has none.

        It is counted under `name`, else as "execute_query". One that fails is counted and returns None; so
        does a connection that cannot be made. `parameters` take the place of `%s` or `%(name)s`.
        """
        connection = self.connection
        if connection is None:
            return None
        rows = None
        with self._reporter.call(REQUEST_TYPE, name or "execute_query", context) as request:
            try:
                cursor = connection.execute(query, parameters)
                rows = cursor.fetchall() if cursor.description is not None else []
            except psycopg.Error:
                raise
            except BaseException:  # cut off: what the connection says next would be this query's answer
                self.close()
                raise
            request["response"] = rows
        return rows

    @property
    def connection(self) -> psycopg.Connection[Any] | None:
        """The psycopg connection, opened if it is not; None when that fails, which is counted."""
        if self._connection is None or self._connection.closed:
            self._connection = None
            with self._reporter.call(REQUEST_TYPE, "connect"):
                self._connection = psycopg.connect(self.conn_string, autocommit=True)
        return self._connection

    def close(self) -> None:
        """Close the connection; a later query opens one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class PostgresUser(User):
    """A user with a PostgreSQL `client`, of its class's `conn_string`."""

    conn_string: str = ""
    """The database, as `postgresql://user:password@host:port/name` or `host=… dbname=…`."""
    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.client = PostgresClient(self.conn_string, environment.events.request, self)
        """Runs the user's queries."""
