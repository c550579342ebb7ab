"""What a payload of fake data looks like: a template of fields, and the values it was compiled into.

A field is the name of a provider of Faker (`"catch_phrase"`), a provider with arguments (`provider("pyint",
max_value=9)`), a function of a `Faker`, or what `unique`, `sequence` and `literal` make; numbers and None are
themselves; dictionaries and lists hold fields.

The rule: values are made before users start, and a payload is put together by its number. Each column of values
has a prime length of its own, and payload n takes the value n mod length of each: so payloads repeat only after
the product of all lengths (the Chinese remainder theorem), and neighbours differ in every field.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from swarm.data.errors import FeedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VALUES = 1_100
"""Values that are made for a column, of which a prime number is kept."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of Faker with its arguments."""

    name: str
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unique:
    """A field whose text carries the payload's number."""

    of: Provider | Callable[[Any], Any] | str


@dataclass(frozen=True, slots=True)
class Sequence:
    """The payload's number itself."""

    start: int = 0


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is always the same."""

    value: Any


def provider(name: str, *arguments: Any, **options: Any) -> Provider:
    """Return a field that Faker's provider `name` makes with these arguments."""
    return Provider(name, arguments, options)


def unique(name: str | Callable[[Any], Any], *arguments: Any, **options: Any) -> Unique:
    """Return a field that no two payloads of a swarm share: the provider's text with the payload's number.

    In an address of e-mail the number stands before the @: anna.17@example.org.
    """
    return Unique(name if callable(name) else Provider(name, arguments, options))


def sequence(start: int = 0) -> Sequence:
    """Return a field that is the payload's number, from `start` on: different in all payloads of a swarm."""
    return Sequence(start)


def literal(value: Any) -> Literal:
    """Return a field that is always `value`; for a text, which would be the name of a provider otherwise."""
    return Literal(value)


def path_of(path: str, key: Any) -> str:
    """Return the path of what is under `key` in the dictionary at `path`."""
    if not str(key).isidentifier():
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else str(key)


def fields_of(template: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Return the path and field of everything in a template that is not a dictionary or list."""
    if isinstance(template, dict):
        for key, inner in template.items():
            yield from fields_of(inner, path_of(path, key))
    elif isinstance(template, list | tuple):
        for number, inner in enumerate(template):
            yield from fields_of(inner, f"{path}[{number}]")
    else:
        yield path, template


def maker(template: Any, path: str, fake: Any) -> Callable[[], Any]:
    """Return the function that makes one value of a field of `template`. Raises FeedError for one that is none."""
    if isinstance(template, Unique):
        return maker(template.of, path, fake)
    if isinstance(template, str):
        return maker(Provider(template), path, fake)
    if isinstance(template, Provider):
        method = getattr(fake, template.name, None) if not template.name.startswith("_") else None
        if not callable(method):
            raise FeedError(_no_provider(template.name, path, fake))
        return lambda: method(*template.arguments, **template.options)
    if callable(template):
        return lambda: template(fake)
    raise FeedError(
        f"The field {path or 'of the template'} is {template!r}; a field is the name of a provider, provider(…), "
        "unique(…), sequence(), literal(…) or a function of a Faker."
    )


def is_constant(template: Any) -> bool:
    """Tell whether a field is a value of its own."""
    return template is None or isinstance(template, bool | int | float | Literal)


def _no_provider(name: str, path: str, fake: Any) -> str:
    known = [each for each in dir(fake) if not each.startswith(("_", "seed"))]
    close = difflib.get_close_matches(name, known, 3)
    hint = f" Close to it: {', '.join(close)}." if close else ""
    where = f"the field {path}" if path else "the template"
    return f"Faker has no provider {name!r} for {where}.{hint} A text of its own is literal({name!r})."
