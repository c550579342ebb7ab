"""Header maps: names in any case, made from a head when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, Self

from swarm.http.message import parse_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Headers(MutableMapping[str, str]):
    """Headers by name, whatever its case; the values of a repeated one are joined with commas."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, tuple[str, list[str]]] = {}
        for name, value in pairs:
            self.add(name, value)

    @classmethod
    def from_head(cls, head: bytes) -> Headers:
        """Read the headers of an answer."""
        return cls((name.decode("latin-1"), value.decode("latin-1")) for name, value in parse_head(head))

    def add(self, name: str, value: str) -> None:
        """Add a value, beside those of the same name."""
        self._values.setdefault(name.lower(), (name, []))[1].append(value)

    def getlist(self, name: str) -> list[str]:
        """Return all values of a header, as for Set-Cookie."""
        return list(self._values.get(name.lower(), (name, []))[1])

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()][1])

    def __setitem__(self, name: str, value: str) -> None:
        self._values[name.lower()] = (name, [value])

    def __delitem__(self, name: str) -> None:
        del self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"


class WatchedHeaders(dict[str, Any]):
    """The headers of a session, which says so when they change."""

    def __init__(self, headers: Any, on_change: Callable[[], object]) -> None:
        super().__init__(headers or {})
        self._on_change = on_change

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._on_change()

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._on_change()

    def __ior__(self, other: Any) -> Self:  # type: ignore[override,misc]
        self.update(other)
        return self

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take over headers."""
        super().update(*args, **kwargs)
        self._on_change()

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return a header, which is set first when it is missing."""
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: str, *default: Any) -> Any:
        """Take a header away and return it."""
        value = super().pop(name, *default)
        self._on_change()
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last header away and return it."""
        item = super().popitem()
        self._on_change()
        return item

    def clear(self) -> None:
        """Take all headers away."""
        super().clear()
        self._on_change()
