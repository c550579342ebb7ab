"""Feeds from files: CSV and JSON lines.

The rule: a file is read through once before the run, so that whatever is wrong with it is told with its line
before users start; then it is read again as rows are needed, and never held in memory ("random" does hold it).
"""

from __future__ import annotations

import csv
import json
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent

from swarm.data.errors import FeedError
from swarm.data.feed import RowFeed, columns_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swarm.data.supply import Policy

TURN_ROWS = 5_000
"""Rows that are read at once before the other greenlets have their turn."""


class FileFeed(RowFeed):
    """A feed whose rows are in a text file; a path that is not absolute is one from the working directory."""

    def __init__(self, path: str | Path, encoding: str, **settings: Any) -> None:
        self.path = Path(path)
        self.encoding = encoding
        self._swarm_count: int | None = None
        super().__init__(settings.pop("name", None) or self.path.name, **settings)

    @property
    def count(self) -> int:
        """How many rows there are. Raises FeedError when the file cannot be read."""
        if self._swarm_count is None:
            count = 0
            for _ in self.rows():
                count += 1
                if count % TURN_ROWS == 0:
                    gevent.sleep(0)
            self._swarm_count = count
        return self._swarm_count

    def rows(self) -> Iterator[Any]:
        """Return the rows from the first one on. Raises FeedError when they cannot be read."""
        try:
            with self.path.open(encoding=self.encoding, newline="") as file:
                yield from self._parse(file)
        except UnicodeDecodeError as error:
            raise FeedError(
                f"{self.path} is not in {self.encoding}: {error.reason} (byte {error.object[error.start]:#04x}). "
                'Name its encoding: encoding="cp1252" is that of many spreadsheets.'
            ) from error
        except LookupError as error:
            raise FeedError(f"{self.path} cannot be read: {error}.") from error
        except OSError as error:
            where = "" if self.path.is_absolute() else f" (from the working directory {Path.cwd()})"
            raise FeedError(f"{self.path} cannot be read: {error.strerror}{where}.") from error

    @abstractmethod
    def _parse(self, file: Any) -> Iterator[Any]:
        """Return the rows of an open file."""


class CsvFeed(FileFeed):
    """Rows of a CSV file, as dictionaries of text: `CsvFeed("users.csv").next()["name"]`.

    The first line names the columns, unless `columns` does. See `Feed` for the policies.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        policy: Policy = "once",
        columns: Sequence[str] | None = None,
        delimiter: str = ",",
        encoding: str = "utf-8-sig",
        **settings: Any,
    ) -> None:
        self._swarm_columns = None if columns is None else list(columns)
        self._swarm_delimiter = delimiter
        super().__init__(path, encoding, policy=policy, **settings)

    def _parse(self, file: Any) -> Iterator[Any]:
        lines = csv.reader(file, delimiter=self._swarm_delimiter, strict=True)
        make, columns = self._swarm_row, self._swarm_columns
        try:
            for values in lines:
                if columns is None:
                    columns = self._checked_columns(values)
                elif len(values) == len(columns):
                    yield make(zip(columns, values, strict=True))
                elif values:  # an empty line is none
                    raise FeedError(
                        f"{self.path}, line {lines.line_num}: {len(values)} values for {len(columns)} columns "
                        f"({columns_text(columns)})."
                    )
        except csv.Error as error:
            raise FeedError(f"{self.path}, line {lines.line_num}: {error}.") from error

    def _checked_columns(self, names: list[str]) -> list[str]:
        if len(set(names)) < len(names) or not all(names):
            raise FeedError(
                f"{self.path}: its first line does not name the columns: {columns_text(names)}. Each needs a name of "
                'its own; for a file without names give them: columns=["name", …].'
            )
        return names


class JsonLinesFeed(FileFeed):
    """Rows of a file with a JSON object on each line. See `Feed` for the policies."""

    def __init__(
        self, path: str | Path, *, policy: Policy = "once", encoding: str = "utf-8-sig", **settings: Any
    ) -> None:
        super().__init__(path, encoding, policy=policy, **settings)

    def _parse(self, file: Any) -> Iterator[Any]:
        make = self._swarm_row
        for number, line in enumerate(file, 1):
            if line.isspace():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise FeedError(f"{self.path}, line {number} is no JSON: {error}.") from error
            if not isinstance(row, dict):
                raise FeedError(
                    f"{self.path}, line {number} is no JSON object but a {type(row).__name__}: a row looks like "
                    '{"name": "Anna"}.'
                )
            yield make(row)
