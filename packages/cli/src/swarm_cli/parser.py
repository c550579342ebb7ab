"""The option parser: ConfigArgParse with Locust's extra keywords for options of a locustfile's own."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
from typing import TYPE_CHECKING, Any, NoReturn

import configargparse

from swarm_cli import config, unknown_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    _Parser = argparse.ArgumentParser
else:
    _Parser = configargparse.ArgumentParser

_UI_KEYWORDS = {"include_in_web_ui": True, "is_secret": False, "is_required": False, "is_multiple": False}


class Options(argparse.Namespace):
    """The parsed options; `users` and `num_users`, Locust's two names for `--users`, are one value."""

    num_users: int | None

    @property
    def users(self) -> int | None:
        """The peak number of users, None when not given."""
        return self.num_users

    @users.setter
    def users(self, number: int | None) -> None:
        self.num_users = number


class _Group(argparse._ArgumentGroup):
    """A group of options that takes the same keywords as the parser."""

    def add_argument(self, *args: Any, **kwargs: Any) -> argparse.Action:
        return _add_argument(super().add_argument, args, kwargs)


class LocustArgumentParser(_Parser):
    """The parser that listeners of `init_command_line_parser` receive.

    `add_argument` takes, beside ConfigArgParse's keywords (`env_var`), those of the browser UI:
    `include_in_web_ui`, `is_secret`, `is_required`, `is_multiple`.
    """

    def add_argument(self, *args: Any, **kwargs: Any) -> argparse.Action:
        """Declare an option; raises argparse.ArgumentError when its name is taken."""
        return _add_argument(super().add_argument, args, kwargs)

    def add_argument_group(self, *args: Any, **kwargs: Any) -> argparse._ArgumentGroup:
        """Return a new group, whose options take the same keywords."""
        group = _Group(self, *args, **kwargs)
        self._action_groups.append(group)
        return group

    @property
    def args_included_in_web_ui(self) -> dict[str, argparse.Action]:
        """Options of the locustfile's own that the browser UI offers, by their `dest`."""
        return self._marked("include_in_web_ui")

    @property
    def secret_args_included_in_web_ui(self) -> dict[str, argparse.Action]:
        """Those among them whose value the UI never shows."""
        return self._marked("include_in_web_ui", "is_secret")

    @property
    def required_args_included_in_web_ui(self) -> dict[str, argparse.Action]:
        """Those among them that must be filled in before a run is started from the UI."""
        return self._marked("include_in_web_ui", "is_required")

    @property
    def multiple_args_included_in_web_ui(self) -> dict[str, argparse.Action]:
        """Those among them of which several values may be chosen."""
        return self._marked("include_in_web_ui", "is_multiple")

    def _marked(self, *marks: str) -> dict[str, argparse.Action]:
        return {a.dest: a for a in self._actions if all(getattr(a, mark, False) for mark in marks)}

    def parse_known_args(
        self,
        args: Any = None,
        namespace: Any = None,
        config_file_contents: str | None = None,
        env_vars: dict[str, str] | None = None,
        ignore_help_args: bool = False,
    ) -> tuple[Any, list[str]]:
        """Parse as ConfigArgParse does, with `SWARM_X` and `LOCUST_X` as one variable."""
        variables = config.environment_variables(os.environ if env_vars is None else env_vars)
        parse: Any = super().parse_known_args
        options, unknown = parse(
            args=args,
            namespace=Options() if namespace is None else namespace,
            config_file_contents=config_file_contents,
            env_vars=variables,
            ignore_help_args=ignore_help_args,
        )
        return options, unknown

    def parse_args(
        self,
        args: Any = None,
        namespace: Any = None,
        config_file_contents: str | None = None,
        env_vars: dict[str, str] | None = None,
    ) -> Any:
        """Parse all options; an unknown one ends the process with exit code 2."""
        options, unknown = self.parse_known_args(args, namespace, config_file_contents, env_vars)
        if unknown:
            self.error(self._describe_unknown(unknown))
        return options

    def _describe_unknown(self, unknown: list[str]) -> str:
        sources: dict[str, dict[str, tuple[Any, Any]]] = self.get_source_to_settings_dict()  # type: ignore[attr-defined] # ConfigArgParse's
        for source, settings in sources.items():
            kind, _, file = source.partition("|")
            for key, (action, _value) in settings.items():
                given = f"--{key.removeprefix('--')}"
                if (
                    kind == "config_file"
                    and action is None
                    and any(argument.partition("=")[0] == given for argument in unknown)
                ):
                    return unknown_options.describe_setting(key, file, self._shown_options())
        return unknown_options.describe(unknown, self._shown_options())

    def _shown_options(self) -> list[str]:
        return [
            name
            for action in self._actions
            if action.help is not argparse.SUPPRESS
            for name in action.option_strings
        ]

    def convert_item_to_command_line_arg(self, action: Any, key: str, value: Any) -> list[str]:
        """Turn a setting of a file or the environment into arguments; blanks part the items of a list."""
        if action is not None and action.nargs in ("*", "+"):
            value = _items(value)
        convert: Any = super().convert_item_to_command_line_arg  # type: ignore[misc] # ConfigArgParse's
        arguments: list[str] = convert(action, key, value)
        return arguments

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        convert: Any = super()._get_value
        with _secret_kept(action):
            return convert(action, arg_string)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        check: Any = super()._check_value
        with _secret_kept(action):
            check(action, value)

    def error(self, message: str) -> NoReturn:
        """Print the message and where to look, without the page-long usage, and exit with 2."""
        self.exit(2, f"{self.prog}: error: {message}\nTry '{self.prog} --help' for the options.\n")


@contextlib.contextmanager
def _secret_kept(action: argparse.Action) -> Iterator[None]:
    """Leave the value of a secret option out of the error about it."""
    try:
        yield
    except (argparse.ArgumentError, argparse.ArgumentTypeError, TypeError, ValueError):
        if not getattr(action, "is_secret", False):
            raise
        raise argparse.ArgumentError(action, "its value cannot be used (not shown: it is secret)") from None


def _items(value: str | list[Any]) -> list[str]:
    if isinstance(value, list):
        return [item if isinstance(item, str) else json.dumps(item) for item in value]
    if value.lstrip().startswith("{"):
        return [value]  # a JSON object
    try:
        return shlex.split(value)
    except ValueError:  # a lone quote
        return value.split()


def _add_argument(add: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> argparse.Action:
    marks = {name: kwargs.pop(name, default) for name, default in _UI_KEYWORDS.items()}
    action: argparse.Action = add(*args, **kwargs)
    for name, value in marks.items():
        setattr(action, name, value)
    return action


def new_parser(
    default_config_files: Sequence[str] = config.DEFAULT_FILES, **kwargs: Any
) -> LocustArgumentParser:
    """Return a parser without options that reads the configuration files and the environment."""
    make: Any = LocustArgumentParser
    parser: LocustArgumentParser = make(
        prog="swarm-cli",
        default_config_files=list(default_config_files),
        config_file_parser_class=config.ConfigFiles,
        config_file_open_func=config.open_config,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **kwargs,
    )
    return parser
