"""What an option is before a parser knows it: names, variable, help, and what ConfigArgParse is told besides.

The tables of options are made of these, so that all are declared alike.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swarm_cli.parser import LocustArgumentParser

HIDDEN = argparse.SUPPRESS
"""The help of an option that `--help` leaves out."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option; `variable` is its environment variable without `SWARM_`, and `settings` go to the parser."""

    names: tuple[str, ...]
    help: str
    variable: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def declare(self, group: Any) -> None:
        """Declare it on a parser or a group of one."""
        variable = None if self.variable is None else f"SWARM_{self.variable}"
        group.add_argument(*self.names, env_var=variable, help=self.help, **self.settings)


@dataclass(frozen=True, slots=True)
class Group:
    """Options under one heading of `--help`; without a title they have none."""

    title: str | None
    options: Sequence[Option]

    def declare(self, parser: LocustArgumentParser) -> None:
        """Declare the group on a parser."""
        group = parser.add_argument_group(self.title)
        for option in self.options:
            option.declare(group)


def flag(*names: str, help: str, variable: str | None = None, **settings: Any) -> Option:  # noqa: A002  argparse's word
    """Return an option without a value, which is False when it is not given."""
    return Option(names, help, variable, {"action": "store_true", **settings})


def value(*names: str, help: str, variable: str | None = None, **settings: Any) -> Option:  # noqa: A002  argparse's word
    """Return an option with a value, or several by `nargs`."""
    return Option(names, help, variable, settings)


def removed(name: str, instead: str, variable: str | None = None) -> Option:
    """Return a hidden option that Locust itself serves no longer; giving it is an error that says what does."""
    return Option((name,), HIDDEN, variable, {"action": _Removed, "nargs": "?", "instead": instead})


def removal(instead: str) -> str:
    """Return what is said, after its name, of an option that Locust had once."""
    return f"was removed from Locust: {instead}"


class _Removed(argparse.Action):
    """Ends the parsing with what to do instead."""

    def __init__(self, *args: Any, instead: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._instead = instead

    def __call__(
        self, parser: argparse.ArgumentParser, _namespace: Any, values: Any, option_string: str | None = None
    ) -> None:
        """Refuse it, unless a variable says that it is not wanted."""
        if str(values).lower() not in ("false", "no", "0"):
            parser.error(f"{option_string or self.option_strings[0]} {removal(self._instead)}")
