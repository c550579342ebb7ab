"""Exceptions that users' code raised, grouped by message and traceback, in a bounded number."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable

EXCEPTION_KINDS = 500
"""Distinct exceptions that are kept; further ones are counted under "(other)"."""

OTHER = "(other)"


class ExceptionRow(TypedDict):
    """One kind of exception: how often, its message, its traceback, and the nodes it was raised on."""

    count: int
    msg: str
    traceback: str
    nodes: set[str]


class Exceptions(dict[tuple[str, str], ExceptionRow]):
    """The exceptions of a run: {(message, traceback): row}, at most `limit` and then "(other)"."""

    def __init__(self, limit: int = EXCEPTION_KINDS) -> None:
        super().__init__()
        self.limit = limit

    def log(self, node: str, msg: str, traceback: str, times: int = 1) -> None:
        """Count an exception that was raised on `node`."""
        self.add((node,), msg, traceback, times)

    def add(self, nodes: Iterable[str], msg: str, traceback: str, times: int) -> None:
        """Count an exception that was raised on several nodes, `times` in all."""
        key = (msg, traceback)
        row = self.get(key)
        if row is None:
            if len(self) >= self.limit:
                key = (OTHER, "")
            row = self.setdefault(key, ExceptionRow(count=0, msg=key[0], traceback=key[1], nodes=set()))
        row["count"] += times
        row["nodes"].update(nodes)
