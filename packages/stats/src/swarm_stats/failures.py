"""What failed, how often, and when: failures grouped by method, name and the text of the error."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FailureKey: TypeAlias = tuple[str, str, str]
"""(method, name, text of the error)"""

ErrorLike: TypeAlias = BaseException | str | None

TEXT_LIMIT = 2_000
"""Characters of an error that are kept: a failure may quote a whole body."""

_NOTE = 40
"""Characters that the note about the cut may take."""

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")


def error_text(error: object) -> str:
    """Return the text that errors are grouped by: '' for no error (None, '', False).

    Text stays text. An exception reads as its repr: `HTTPError('404 Client Error: …')`. Addresses of
    objects, which differ each time, become `at 0x...`; text over `TEXT_LIMIT` characters is cut.
    """
    if isinstance(error, str):
        text: str = error
    elif isinstance(error, BaseException):
        text = _repr(error)
    else:
        text = repr(error) if error else ""
    if "0x" in text:
        text = _ADDRESS.sub("at 0x...", text)
    if len(text) > TEXT_LIMIT + _NOTE:  # a text that was cut stays as it is
        text = f"{text[:TEXT_LIMIT]}... ({len(text)} characters)"
    return text


def _repr(error: BaseException) -> str:
    try:
        return repr(error)
    except Exception:  # noqa: BLE001 - a user's broken __repr__ must not lose the failure
        return f"{type(error).__name__}()"


@dataclass
class Failure:
    """One kind of failure: its method, name and error (an exception becomes its text), and how often it occurred.

    `first_seen` and `last_seen` are seconds since the epoch. `origins` is the set of nodes that it came from, where
    several are merged: a bit for each, which `Origins` gives.
    """

    method: str
    name: str
    error: str
    occurrences: int = 0
    first_seen: float = 0.0
    last_seen: float = 0.0
    origins: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        self.error = error_text(self.error)

    @staticmethod
    def parse_error(error: object) -> str:
        """Return the text of an error, as `error_text` has it."""
        return error_text(error)

    @classmethod
    def create_key(cls, method: str, name: str, error: object) -> FailureKey:
        """Return what failures are grouped by."""
        return (method, name, error_text(error))

    @property
    def key(self) -> FailureKey:
        """What this failure is grouped by."""
        return (self.method, self.name, self.error)

    def occurred(self, now: float, times: int = 1) -> None:
        """Count `times` occurrences at `now` (seconds since the epoch)."""
        if not self.occurrences:
            self.first_seen = now
        self.occurrences += times
        self.last_seen = now

    def occurred_between(self, first: float, last: float, times: int) -> None:
        """Count `times` occurrences from `first` to `last` (seconds since the epoch)."""
        if not times:
            return
        if self.occurrences:
            first, last = min(self.first_seen, first), max(self.last_seen, last)
        self.first_seen, self.last_seen = first, last
        self.occurrences += times

    def extend(self, other: Failure) -> None:
        """Add the occurrences of another failure of this kind."""
        self.occurred_between(other.first_seen, other.last_seen, other.occurrences)

    def to_name(self) -> str:
        """Return the line of the error report: method, name and error."""
        return f"{self.method} {self.name}: {self.error}"

    def to_dict(self) -> dict[str, Any]:
        """Return its facts under Locust's names."""
        return {
            "method": self.method,
            "name": self.name,
            "error": self.error,
            "occurrences": self.occurrences,
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
        }

    serialize = to_dict

    @classmethod
    def unserialize(cls, data: Mapping[str, Any]) -> Failure:
        """Make a failure of what `serialize` gave. Raises KeyError when a fact is missing."""
        return cls(
            data["method"],
            data["name"],
            error_text(data["error"]),
            data["occurrences"],
            data.get("first_seen", 0.0),
            data.get("last_seen", 0.0),
        )


class Origins:
    """The nodes whose failures were merged: each has a bit, and a set of them is one whole number.

    A thousand nodes take 160 bytes of a kind of failure, whatever their names.
    """

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}

    def bit(self, node: str) -> int:
        """Return the bit of a node, the same one until `clear`."""
        return self._bits.setdefault(node, 1 << len(self._bits))

    def clear(self) -> None:
        """Forget all nodes; failures that have their bits are to be forgotten, too."""
        self._bits.clear()

    def ranked(self, ranks: Mapping[str, int]) -> list[tuple[int, str]]:
        """Return (bit, node) of all nodes in the order of their `ranks`; those without one come last."""
        nodes = sorted(self._bits, key=lambda node: (ranks.get(node, len(self._bits) + len(ranks)), node))
        return [(self._bits[node], node) for node in nodes]


def first_nodes(origins: int, ranked: Sequence[tuple[int, str]], most: int) -> list[str]:
    """Return the nodes of a set, the first `most` of those that `Origins.ranked` gave."""
    most = min(most, origins.bit_count())
    found: list[str] = []
    for bit, node in ranked:
        if len(found) == most:
            break
        if origins & bit:
            found.append(node)
    return found
