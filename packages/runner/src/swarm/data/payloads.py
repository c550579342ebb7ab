"""Payloads put together by their number, from columns of values that were made beforehand.

The rule: while users run, a payload costs a step in each column and one dictionary; Faker is not asked for anything.
"""

from __future__ import annotations

from itertools import cycle, repeat
from math import prod
from typing import TYPE_CHECKING, Any

from swarm.data.template import VALUES, Literal, Sequence, Unique, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Build = Callable[[tuple[Any, ...], int], Any]


def primes(most: int) -> list[int]:
    """Return the prime numbers up to `most`, the greatest first."""
    return [n for n in range(most, 1, -1) if all(n % divisor for divisor in range(2, int(n**0.5) + 1))]


class Columns:
    """The columns of values of one template, each of a prime length of its own."""

    def __init__(self) -> None:
        self.values: list[list[Any]] = []
        self._free = primes(VALUES)
        self._distinct: list[int] = []

    @property
    def distinct(self) -> int:
        """So many payloads, one after the other, are different from each other at least."""
        return prod(self._distinct)

    def add(self, made: list[Any]) -> int:
        """Add a column of these values; return its number.

        Values that hardly repeat are kept once each; of those that do (True and False, the names of months)
        all are, so that each comes as often as its provider makes it.
        """
        different = _once_each(made)
        rich = 2 * len(different) >= len(made)
        kept = different if rich else made
        length = next((prime for prime in self._free if prime <= len(kept)), None)
        if length is not None:
            self._free.remove(length)
            kept = kept[:length]
            if rich:
                self._distinct.append(length)
        self.values.append(kept)
        return len(self.values) - 1

    def steps(self, start: int, numbers: Iterable[int | None]) -> Iterator[tuple[Any, ...]]:
        """Return the values of the columns with these numbers, payload after payload from `start` on.

        None gives a None.
        """
        rows = [repeat(None) if n is None else _turned(self.values[n], start) for n in numbers]
        return zip(*rows, strict=False)


class Payloads:
    """Makes the payloads of `template`, whose fields were added to `columns` in the order of `fields_of`."""

    def __init__(self, template: Any, columns: Columns, numbers: dict[str, int]) -> None:
        self._columns = columns
        self._numbers = numbers
        self._used: list[int | None] = []
        self._rest: list[tuple[Any, Build]] = []
        self._keys: tuple[Any, ...] | None = None
        self._whole: Build | None = None
        if isinstance(template, dict) and template:
            self._keys = tuple(template)
            paths = [path_of("", key) for key in template]
            plain = [
                path in numbers and not isinstance(inner, Unique)
                for path, inner in zip(paths, template.values(), strict=True)
            ]
            self._used += [
                numbers[path] if simple else None for path, simple in zip(paths, plain, strict=True)
            ]
            for path, simple, (key, inner) in zip(paths, plain, template.items(), strict=True):
                if not simple:
                    self._rest.append((key, self._compiled(inner, path)))
        else:
            self._whole = self._compiled(template, "")

    def run(self, start: int) -> Callable[[int], Any]:
        """Return the function that makes payload after payload, to be called with the numbers from `start` on."""
        steps = self._columns.steps(start, self._used or [None])
        keys, rest, whole = self._keys, self._rest, self._whole

        def plain(_number: int) -> Any:
            return dict(zip(keys, next(steps)))  # type: ignore[arg-type]  # noqa: B905  of one length; strict costs

        def mixed(number: int) -> Any:
            values = next(steps)
            payload = dict(zip(keys, values))  # type: ignore[arg-type]  # noqa: B905
            for key, build in rest:
                payload[key] = build(values, number)
            return payload

        def other(number: int) -> Any:
            return whole(next(steps), number)  # type: ignore[misc]

        if keys is None:
            return other
        return mixed if rest else plain

    def _compiled(self, template: Any, path: str) -> Build:
        if isinstance(template, dict):
            parts = [(key, self._compiled(inner, path_of(path, key))) for key, inner in template.items()]
            return lambda values, number: {key: build(values, number) for key, build in parts}
        if isinstance(template, list | tuple):
            items = [self._compiled(inner, f"{path}[{n}]") for n, inner in enumerate(template)]
            return lambda values, number: [build(values, number) for build in items]
        if isinstance(template, Sequence):
            start = template.start
            return lambda _, number: start + number
        if isinstance(template, Literal):
            value = template.value
            return lambda _values, _number: value
        if path not in self._numbers:
            return lambda _values, _number: template
        self._used.append(self._numbers[path])
        place = len(self._used) - 1
        if isinstance(template, Unique):
            return lambda values, number: values[place][0] + str(number) + values[place][1]
        return lambda values, _: values[place]


def _once_each(made: list[Any]) -> list[Any]:
    try:
        return list(dict.fromkeys(made))
    except TypeError:  # lists and dictionaries: alike when they look alike
        return list({repr(value): value for value in made}.values())


def _turned(values: list[Any], start: int) -> Iterator[Any]:
    first = start % len(values)
    return cycle(values[first:] + values[:first])
