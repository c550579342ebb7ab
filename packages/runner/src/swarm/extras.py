"""What the layers above offer, found by name when it is asked for: the runner never imports them."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Callable

WEB_UI_GROUP = "swarm.web_ui"

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


def web_ui() -> Callable[..., Any]:
    """Return the class of the browser UI.

    Raises MissingExtraError, which says what to do, when there is none.
    """
    for entry_point in metadata.entry_points(group=WEB_UI_GROUP):
        found: Callable[..., Any] = entry_point.load()
        return found
    try:
        version = metadata.version("swarm-web")
    except metadata.PackageNotFoundError:
        raise MissingExtraError(
            "The browser UI is in the extra `web`, which is not installed. Install it: "
            "pip install 'swarm-cli[web]' (in a checkout: poetry install --all-extras). "
            "Or run without it: --headless on the command line.",
        ) from None
    raise MissingExtraError(
        f"The extra `web` is installed, but its swarm-web {version} has no browser UI yet: that comes with a "
        "later release (pip install --upgrade 'swarm-cli[web]'). "
        "Run without it: --headless on the command line.",
    )
