"""Where options come from besides the command line: configuration files and environment variables.

In rising order: `~/.locust.conf`, `~/.swarm.conf`, `locust.conf`, `swarm.conf`, `pyproject.toml`
(`[tool.locust]`, then `[tool.swarm]`), the file of `--config`, the environment, the command line.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from configargparse import ConfigFileParserException, DefaultConfigFileParser

from swarm_cli.errors import CommandLineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    class _FileParser:
        def parse(self, stream: IO[str]) -> dict[str, Any]: ...

else:
    _FileParser = DefaultConfigFileParser

SHARED_FILE = "pyproject.toml"
"""A file of other programs as well, in which only our tables count."""
DEFAULT_FILES = ["~/.locust.conf", "~/.swarm.conf", "locust.conf", "swarm.conf", SHARED_FILE]
_SECTIONS = ("locust", "swarm")


class ConfigFiles(_FileParser):
    """Reads both kinds of configuration file: `key = value` lines, and TOML by the name's ending."""

    def get_syntax_description(self) -> str:
        """Return the sentence about files that `--help` ends with."""
        return "In a .conf file write key = value, flag = true, list = [a, b]; in TOML, [tool.swarm]."

    def parse(self, stream: IO[str]) -> dict[str, Any]:
        """Return the settings of one file as text or lists of text.

        Raises configargparse's ConfigFileParserException, which becomes the parser's error message.
        """
        name = str(getattr(stream, "name", "configuration"))
        if not name.endswith(".toml"):
            return super().parse(stream)
        try:
            document = tomllib.loads(stream.read())
        except tomllib.TOMLDecodeError as error:
            raise ConfigFileParserException(f"{name} is no valid TOML: {error}") from error
        if "tool" not in document and Path(name).name != SHARED_FILE:
            return {key: _as_text(name, key, value) for key, value in document.items()}
        settings: dict[str, Any] = {}
        for section in _SECTIONS:
            for key, value in document.get("tool", {}).get(section, {}).items():
                settings[key] = _as_text(name, f"tool.{section}.{key}", value)
        return settings


def _as_text(file: str, key: str, value: object) -> str | list[str]:
    match value:
        case list():
            return [json.dumps(item) if isinstance(item, dict) else str(item) for item in value]
        case bool():
            return "true" if value else "false"
        case dict() if key.endswith(("config-users", "config_users")):
            return [json.dumps(value)]
        case dict():
            raise ConfigFileParserException(f"{file}: {key} is a table; options are single values or lists")
        case _:
            return str(value)


def open_config(path: str) -> IO[str]:
    """Open a configuration file; raises CommandLineError when it cannot be read."""
    try:
        return Path(path).open(encoding="utf-8")
    except OSError as error:
        raise CommandLineError(f"{path} cannot be read: {error.strerror}") from error


def environment_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with each `LOCUST_X` also as `SWARM_X` and the reverse; `SWARM_X` wins."""
    both = dict(environ)
    for name, value in environ.items():
        if name.startswith("LOCUST_"):
            both.setdefault("SWARM_" + name.removeprefix("LOCUST_"), value)
    for name, value in environ.items():
        if name.startswith("SWARM_"):
            both["LOCUST_" + name.removeprefix("SWARM_")] = value
    return both
