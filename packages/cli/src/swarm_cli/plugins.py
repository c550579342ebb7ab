"""Plugins: what installed distributions add to every run, by the entry-point group `swarm.plugins`.

An entry point names a module, which is imported, or a function, which is called without arguments. It happens
once, before the options are declared and the locustfile is loaded.
"""

from __future__ import annotations

import traceback
from importlib import metadata
from types import ModuleType

from swarm_cli.errors import LocustfileError

GROUP = "swarm.plugins"

_loaded: set[str] = set()


def load() -> None:
    """Load the plugins that are installed, by their names; those that are loaded stay as they are.

    Raises LocustfileError that names the plugin and its distribution when one does not load.
    """
    entries = sorted(metadata.entry_points(group=GROUP), key=lambda entry: entry.name)
    fresh = [entry for entry in entries if entry.name not in _loaded]
    if not fresh:
        return
    import swarm.compat.locust

    swarm.compat.locust.install()  # a plugin may have been written for Locust
    for entry in fresh:
        _loaded.add(entry.name)
        try:
            _begin(entry)
        except (Exception, SystemExit) as error:
            source = f" of {entry.dist.name}" if entry.dist else ""
            raise LocustfileError(
                f"the plugin {entry.name}{source} ({entry.value}) could not be loaded: {_reason(error)}"
            ) from error


def _begin(entry: metadata.EntryPoint) -> None:
    plugin = entry.load()
    if isinstance(plugin, ModuleType):
        return
    if not callable(plugin):
        raise TypeError(f"{plugin!r} is neither a module nor a function")
    plugin()


def _reason(error: BaseException) -> str:
    """Return the error's kind and text, and the line that raised it, be it in whatever package."""
    text = "".join(traceback.format_exception_only(error)).strip()
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{text} ({frame.filename}:{frame.lineno})"
