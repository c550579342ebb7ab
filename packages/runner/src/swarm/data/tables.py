"""Feeds from what a program has: the rows of a query, or any iterable."""

from __future__ import annotations

import sqlite3
from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swarm.data.errors import FeedError
from swarm.data.feed import RowFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


class SqlFeed(RowFeed):
    """Rows of a query, as dictionaries: `SqlFeed("shop.db", "SELECT name, password FROM users")`.

    `database` is the file of a SQLite database, or a function that returns a connection (DB-API 2) to any other:
    `lambda: psycopg.connect("dbname=shop")`. The query runs once, before the run. See `Feed` for the policies.
    """

    def __init__(
        self,
        database: str | Path | Callable[[], Any],
        query: str,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        **settings: Any,
    ) -> None:
        self._swarm_database = database
        self._swarm_query = query
        self._swarm_parameters = parameters
        self._swarm_rows: list[Any] | None = None
        file = database if isinstance(database, str | Path) else None
        super().__init__(settings.pop("name", None) or (Path(file).name if file else "the query"), **settings)

    @property
    def count(self) -> int:
        """How many rows there are. Raises FeedError when the query fails."""
        return len(self._read())

    def rows(self) -> Iterator[Any]:
        """Return the rows from the first one on. Raises FeedError when the query fails."""
        return map(self._swarm_row, self._read())

    def _read(self) -> list[Any]:
        if self._swarm_rows is None:
            connection = self._connect()
            try:
                self._swarm_rows = self._ask(connection)
            except FeedError:
                raise
            except Exception as error:
                # Each driver has errors of its own; what they share is that the query gave no rows.
                raise FeedError(
                    f"The query of {self.name} failed: {type(error).__name__}: {error} ({self._swarm_query})"
                ) from error
            finally:
                connection.close()
        return self._swarm_rows

    def _ask(self, connection: Any) -> list[Any]:
        cursor = connection.cursor()
        cursor.execute(self._swarm_query, self._swarm_parameters)
        if cursor.description is None:
            raise FeedError(
                f"The query of {self.name} gives no rows; it must be a SELECT: {self._swarm_query}"
            )
        columns = [column[0] for column in cursor.description]
        if len(set(columns)) < len(columns):
            raise FeedError(
                f"The query of {self.name} has two columns of one name ({', '.join(columns)}): name them with AS."
            )
        return [tuple(zip(columns, values, strict=True)) for values in cursor.fetchall()]

    def _connect(self) -> Any:
        database = self._swarm_database
        if not isinstance(database, str | Path):
            return database()
        path = Path(database)
        if not path.is_file():  # SQLite would make one
            raise FeedError(f"There is no database {path} (the working directory is {Path.cwd()}).")
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


class IterableFeed(RowFeed):
    """Rows of any iterable: a list of dictionaries, a generator. See `Feed` for the policies.

    In a swarm the master alone iterates; a row is plain data then (text, numbers, lists, dictionaries).
    """

    def __init__(self, rows: Iterable[Any], **settings: Any) -> None:
        self._swarm_rows = rows
        self._swarm_sized = hasattr(rows, "__len__") or not hasattr(rows, "__next__")
        self._swarm_seen: list[Any] = []
        super().__init__(settings.pop("name", None) or "the iterable", **settings)

    @property
    def count(self) -> int | None:
        """How many rows there are, None when the iterable does not say."""
        rows = self._swarm_rows
        return len(rows) if isinstance(rows, Sized) else None

    def rows(self) -> Iterator[Any]:
        """Return the rows from the first one on; of a generator, those that it gave are kept for `cycle`."""
        if self._swarm_sized:
            yield from map(self.dress, self._swarm_rows)
            return
        yield from map(self.dress, self._swarm_seen)
        for row in self._swarm_rows:
            if self.policy == "cycle":
                self._swarm_seen.append(row)
            yield self.dress(row)
