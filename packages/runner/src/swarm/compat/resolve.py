"""Objects of other modules, of the layers above too, found by name when they are asked for."""

from __future__ import annotations

import importlib
from typing import Any

from swarm.exceptions import SwarmError

_REQUIREMENTS = {"swarm_cli": "swarm-cli", "swarm_web": "swarm-cli[web]"}


class MissingExtraError(SwarmError, ImportError):
    """What was asked for is in a distribution that is not installed; the text names the command."""


def resolve(target: str) -> Any:
    """Return the object that `target` ("package.module:name") names, importing its module.

    Raises MissingExtraError when the module's distribution is not installed.
    """
    module, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name != package or package not in _REQUIREMENTS:
            raise
        raise MissingExtraError(
            f"{target.replace(':', '.')} is in a part of Swarm that is not installed. "
            f"Install it: pip install '{_REQUIREMENTS[package]}'",
        ) from None
