"""Attributes that are made when somebody looks at them.

Most responses of a load test are asked for their status and nothing else, and most sessions never get a cookie,
a hook or a proxy. What is not asked for is not made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def lazy(make: Callable[[Any], T]) -> T:
    """Return a class attribute that `make(instance)` fills at its first use; assigning works as for any other."""
    return cast("T", _Lazy(make))


class _Lazy:
    """A descriptor without `__set__`: what the instance holds comes first."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        value = self._make(instance)
        setattr(instance, self._name, value)
        return value
