"""What a field of a message may hold: checks made from the dataclasses' own types.

A check takes a value and gives it back, or raises `WrongValue` that says where it was and what it was.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from swarm.control.messages import Message

    Check = Callable[[Any], Any]

MAX_DEPTH = 32
"""Maps and lists within one another in a field of free form."""
MAX_CONTAINERS = 4_000_000
"""Maps and lists in a field of free form, all together."""
MAX_TEXT = 64 * 1024
"""Characters of a field that is a text (not of texts inside maps and lists)."""
MAX_INT = 2**63 - 1

_LEAVES = frozenset({str, bytes, int, float, bool, type(None)})
_CONTAINERS = frozenset({list, dict, tuple})


class WrongValue(ValueError):
    """A value that a field does not take: `path` is where in the field it was, `problem` what is wrong."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message: its name, the check of its value, and whether it must be there."""

    name: str
    check: Check
    required: bool


def fields_of(message: type[Message]) -> tuple[Field, ...]:
    """Return the fields of a message's class with their checks."""
    hints = typing.get_type_hints(message)
    return tuple(
        Field(
            each.name, check_of(hints[each.name]), each.default is MISSING and each.default_factory is MISSING
        )
        for each in fields(message)
    )


def check_of(hint: Any) -> Check:
    """Return the check for a field's type; raises TypeError for a type that no message has."""
    simple: dict[Any, Check] = {str: _text, int: _count, float: _number, bool: _truth, Any: plain}
    if hint in simple:
        return simple[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType) and type(None) in arguments:
        (inner,) = (each for each in arguments if each is not type(None))
        return _optional(check_of(inner))
    if origin is Mapping and arguments[0] is str:
        return _mapping({int: _count, str: _any_text, Any: None}[arguments[1]])
    if origin is list and arguments == (Any,):
        return _list
    raise TypeError(f"a message's field cannot be {hint!r}")


def plain(value: Any) -> Any:
    """Return `value` when it is plain data: None, bool, int, float, str, bytes, lists and maps, not too deep."""
    level = [] if type(value) in _LEAVES else [value]
    count = 0
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return value
        # A class of the user's own, or a subclass: slow, and rare.
        if not _CONTAINERS.issuperset(map(type, level)) or any(_odd_keys(each) for each in level):
            return plain_or_named(value)
        count += len(level)
        if count > MAX_CONTAINERS:
            raise WrongValue(f"holds more than {MAX_CONTAINERS} lists and maps: send it in pieces")
        inner = chain.from_iterable(map(_children, level))
        level = [each for each in inner if type(each) not in _LEAVES]
    return plain_or_named(value)


def _children(container: Any) -> Iterable[Any]:
    return container.values() if type(container) is dict else container


def _odd_keys(container: Any) -> bool:
    return type(container) is dict and not _LEAVES.issuperset(map(type, container))


def plain_or_named(value: Any, path: str = "", depth: int = MAX_DEPTH) -> Any:
    """Do the same as `plain`, integers' sizes too, one value after the other, which is slow and knows the place."""
    if value is None or isinstance(value, bool | float | str | bytes | bytearray):
        return value
    if isinstance(value, int):
        if _fits(value):
            return value
        raise WrongValue("is an integer of more than 64 bits, which msgpack cannot carry: send text", path)
    if not isinstance(value, Mapping | list | tuple) or (
        isinstance(value, Mapping) and not isinstance(value, dict)
    ):
        raise WrongValue(f"is a {_named(value)}, which msgpack cannot carry: send {_instead(value)}", path)
    if not depth:
        raise WrongValue(f"is nested more than {MAX_DEPTH} deep: send flatter data", path)
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str | bytes | int | float | None):
                raise WrongValue(f"has the key {key!r}, a {_named(key)}: use text or numbers for keys", path)
            if isinstance(key, int) and not _fits(key):
                raise WrongValue(f"has the key {key!r}, of more than 64 bits: use text for it", path)
            plain_or_named(inner, f"{path}[{key!r}]", depth - 1)
    else:
        for index, inner in enumerate(value):
            plain_or_named(inner, f"{path}[{index}]", depth - 1)
    return value


def _fits(value: int) -> bool:
    return -(2**63) <= value < 2**64


def _named(value: Any) -> str:
    return type(value).__name__


def _instead(value: Any) -> str:
    if isinstance(value, set | frozenset):
        return "a list"
    if isinstance(value, Mapping):
        return "a dict"
    return "text or numbers"


def _text(value: Any) -> Any:
    if type(value) is not str:
        raise WrongValue(f"is a {_named(value)}, not text")
    if len(value) > MAX_TEXT:
        raise WrongValue(f"has {len(value)} characters, more than {MAX_TEXT}")
    return value


def _any_text(value: Any) -> Any:
    if type(value) is not str:
        raise WrongValue(f"is a {_named(value)}, not text")
    return value


def _count(value: Any) -> Any:
    if type(value) is not int:
        raise WrongValue(f"is a {_named(value)}, not an integer")
    if not 0 <= value <= MAX_INT:
        raise WrongValue(f"is {value}, not within 0 to 2**63 - 1")
    return value


def _number(value: Any) -> Any:
    if type(value) is int and -MAX_INT <= value <= MAX_INT:
        return float(value)
    if type(value) is not float:
        raise WrongValue(f"is a {_named(value)}, not a number")
    if not math.isfinite(value):
        raise WrongValue(f"is {value}, not a finite number")
    return value


def _truth(value: Any) -> Any:
    if type(value) is not bool:
        raise WrongValue(f"is a {_named(value)}, not true or false")
    return value


def _list(value: Any) -> Any:
    if type(value) is not list:
        raise WrongValue(f"is a {_named(value)}, not a list")
    return plain(value)


def _optional(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _mapping(check: Check | None) -> Check:
    def checked(value: Any) -> Any:
        if type(value) is not dict:
            raise WrongValue(f"is a {_named(value)}, not a map")
        for key in value:
            if type(key) is not str:
                raise WrongValue(f"has the key {key!r}, which is not text")
        if check is None:
            return plain(value)
        for key, inner in value.items():
            try:
                check(inner)
            except WrongValue as error:
                raise WrongValue(error.problem, f"[{key!r}]") from None
        return value

    return checked
