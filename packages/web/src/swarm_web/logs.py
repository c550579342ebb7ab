"""The log of this process and of its workers, line by line, for the page that shows it.

The rule: a handler on the root logger only appends; nothing is formatted a second time for who does not look.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEPT = 10_000
LIMIT = 2_000
"""Lines that one answer holds at most."""
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
TEXT_LIMIT = 8_000


class LogBook:
    """Numbered lines, the newest `KEPT` of them. A line that says the same as the one before it is counted there."""

    def __init__(self) -> None:
        self.newest = 0
        self._lines: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def add(self, node: str, level: str, logger: str, text: str, at: float) -> None:
        """Append a line that `node` wrote `at` that time (seconds since the epoch)."""
        self.newest += 1
        if self._lines:
            last = self._lines[-1]
            if (last["node"], last["level"], last["text"]) == (node, level, text):
                last["times"] += 1
                last["id"] = self.newest
                return
        self._lines.append(
            {
                "id": self.newest,
                "time": round(at, 3),
                "node": node,
                "level": level,
                "logger": logger,
                "text": text[:TEXT_LIMIT],
                "times": 1,
            }
        )

    def document(
        self,
        cursor: int | None = None,
        node: str | None = None,
        level: str | None = None,
        text: str | None = None,
        limit: int = 500,
    ) -> dict[str, Any]:
        """Return the lines after `cursor` that fit, at most `limit`; without a cursor the newest."""
        least = LEVELS.index(level) if level in LEVELS else 0
        sought = (text or "").casefold()
        fitting = [
            line
            for line in self._lines
            if (cursor is None or line["id"] > cursor)
            and (node is None or line["node"] == node)
            and (line["level"] not in LEVELS or LEVELS.index(line["level"]) >= least)
            and (not sought or sought in line["text"].casefold())
        ]
        shown = fitting[-limit:] if cursor is None else fitting[:limit]
        reached = shown[-1]["id"] if len(shown) < len(fitting) and cursor is not None else self.newest
        return {
            "lines": [dict(line) for line in shown],
            "cursor": reached,
            "dropped": self._dropped(cursor),
            "nodes": list(dict.fromkeys(line["node"] for line in self._lines)),
        }

    def lines(self, node: str) -> list[str]:
        """Return the lines of one node as text."""
        return [
            f"{line['level']}/{line['logger']}: {line['text']}"
            for line in self._lines
            if line["node"] == node
        ]

    def _dropped(self, cursor: int | None) -> int:
        if cursor is None or not self._lines:
            return 0
        first = self._lines[0]
        return max(0, first["id"] - first["times"] - cursor) if len(self._lines) == KEPT else 0


class LogTap(logging.Handler):
    """Writes the root logger's records into a book, from `open` to `close`."""

    def __init__(self, book: LogBook, node: str) -> None:
        super().__init__()
        self._book = book
        self.node = node
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record."""
        self._book.add(
            self.node, record.levelname, record.name, text_of(record, self.formatter), record.created
        )

    def open(self) -> None:
        """Begin."""
        logging.getLogger().addHandler(self)

    def close(self) -> None:
        """Take no more records."""
        logging.getLogger().removeHandler(self)
        super().close()


def text_of(record: logging.LogRecord, formatter: logging.Formatter | None) -> str:
    """Return what a record says, with its fields and its traceback."""
    text = record.getMessage()
    fields: Mapping[str, object] = getattr(record, "fields", {})
    if fields and "=" not in text:
        text += "".join(f" {key}={value}" for key, value in fields.items())
    if record.exc_info and formatter is not None:
        text += "\n" + formatter.formatException(record.exc_info)
    return text


def take_in(book: LogBook, node: str, lines: Iterable[Any]) -> list[str]:
    """Append lines that a worker sent, [level, logger, text, time] each; leave out what is none. Return their texts."""
    taken = []
    for line in lines:
        match line:
            case [str(level), str(logger), str(text), int() | float() as at]:
                book.add(node, level, logger, text, min(float(at), time.time()))
                taken.append(f"{level}/{logger}: {text}")
    return taken
