"""Users of MongoDB, with pymongo: `MongoDBUser` and its client.

All users of a process that name the same database server share one `pymongo.MongoClient`, as its documentation
asks for, with as many connections as operations under way. Needs the extra `mongodb`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.contrib.reporting import Reporter
from swarm.exceptions import StopTest
from swarm.extras import from_extra
from swarm.users.user import User

with from_extra("mongodb", "swarm.contrib.mongodb"):
    import pymongo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.cursor import Cursor
    from pymongo.database import Database

    from swarm.environment import Environment
    from swarm.event import EventHook

REQUEST_TYPE = "mongodb"


class _Shared:
    """The pymongo clients of the process, by connection string, and how many of ours use each."""

    def __init__(self) -> None:
        self._clients: dict[str, tuple[pymongo.MongoClient[Any], int]] = {}

    def take(self, conn_string: str) -> pymongo.MongoClient[Any]:
        """Return the client of a connection string, for one user more."""
        client, users = self._clients.get(conn_string, (None, 0))
        if client is None:
            limit = {} if "maxpoolsize" in conn_string.lower() else {"maxPoolSize": None}
            client = pymongo.MongoClient(conn_string, **limit)
        self._clients[conn_string] = client, users + 1
        return client

    def give_back(self, conn_string: str) -> None:
        """Close the client after its last user."""
        client, users = self._clients[conn_string]
        if users > 1:
            self._clients[conn_string] = client, users - 1
        else:
            del self._clients[conn_string]
            client.close()


_shared = _Shared()


class MongoDBClient:
    """Operations on one database, each counted."""

    def __init__(
        self,
        conn_string: str,
        db_name: str,
        request_event: EventHook | None = None,
        user: User | None = None,
    ) -> None:
        """Make a client for the database `db_name` of the server in `conn_string`, `mongodb://…`.

        Raises pymongo.errors.PyMongoError for a connection string that is none.
        """
        self._conn_string: str | None = conn_string
        self.db: Database[Any] = _shared.take(conn_string)[db_name]
        """pymongo's database, for what is not to be counted."""
        self._reporter = Reporter(request_event, user, self.close)

    def execute_query(
        self,
        collection_name: str,
        query: Mapping[str, Any],
        *,
        name: str | None = None,
        context: dict[str, Any] | None = None,
    ) -> list[dict[str, Any]] | None:
        """Return the documents of a collection that `query` finds.

        It is counted under `name`, else as "execute_query", up to the last document. One that fails is counted
        and returns None.
        """
        found: list[dict[str, Any]] | None = None
        with self._reporter.call(REQUEST_TYPE, name or "execute_query", context) as request:
            cursor: Cursor[Any] = self.db[collection_name].find(query)
            found = list(cursor)
            request["response"] = found
        return found

    def run(
        self,
        collection_name: str,
        operation: str,
        *args: Any,
        name: str | None = None,
        context: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Run a method of pymongo's collections, as in `run("orders", "insert_one", {"item": 1})`.

        Returns what it returns, a list in place of a cursor. It is counted under `name`, else the operation's
        name; one that fails is counted and returns None. Raises AttributeError for an operation that is none.
        """
        method = getattr(type(self.db[collection_name]), operation)
        result = None
        with self._reporter.call(REQUEST_TYPE, name or operation, context) as request:
            result = method(self.db[collection_name], *args, **options)
            if hasattr(result, "to_list"):
                result = result.to_list()
            request["response"] = result
        return result

    def close(self) -> None:
        """End; the connections are closed after their last user."""
        conn_string, self._conn_string = self._conn_string, None
        if conn_string is not None:
            _shared.give_back(conn_string)


class MongoDBUser(User):
    """A user with a MongoDB `client`, of its class's `conn_string` and `db_name`."""

    conn_string: str | None = None
    """The server: `mongodb://host:port`."""
    db_name: str | None = None
    """The database."""
    abstract = True

    def __init__(self, environment: Environment) -> None:
        """Make the user and its client. Raises StopTest when the class lacks one of the two."""
        super().__init__(environment)
        if not self.conn_string or not self.db_name:
            raise StopTest(f"{type(self).__name__} needs `conn_string`, mongodb://…, and `db_name`.")
        self.client = MongoDBClient(self.conn_string, self.db_name, environment.events.request, self)
        """Runs the user's operations."""
