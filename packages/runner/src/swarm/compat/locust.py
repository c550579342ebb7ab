"""The seam to Locust's files: after `import swarm.compat.locust`, `import locust` means Swarm.

A finder, first in `sys.meta_path`, answers for `locust` and all below it, whether or not Locust itself is
installed. Its modules hold nothing: each name is looked up in `swarm.compat.names` when it is read, and
what is assigned to it goes to the module that owns it, so that settings have one home.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from swarm.compat.absent import GONE, MISSING
from swarm.compat.names import NAMES
from swarm.compat.resolve import resolve
from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Sequence


class LocustModule(ModuleType):
    """One of Locust's modules: its names are ours, read and assigned through to where they live."""

    def __getattr__(self, name: str) -> Any:
        target = NAMES[self.__name__].get(name)
        if target is not None:
            return resolve(target)
        if f"{self.__name__}.{name}" in NAMES:
            return importlib.import_module(f"{self.__name__}.{name}")
        if name == "__all__":
            return _public(self.__name__)
        raise AttributeError(_unknown(f"{self.__name__}.{name}"), name=name, obj=self)

    def __setattr__(self, name: str, value: object) -> None:
        target = NAMES[self.__name__].get(name)
        if target is None:
            super().__setattr__(name, value)
        elif not isinstance(value, LocustModule):  # importing locust.user.task must not replace @task
            module, _, attribute = target.partition(":")
            setattr(importlib.import_module(module), attribute, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *NAMES[self.__name__]})


class LocustFinder(MetaPathFinder, Loader):
    """Finds `locust` and everything below it."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002  of the interface
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return the spec of one of Locust's modules, None for a module of any other package.

        Raises ModuleNotFoundError with the reason for a name that Swarm does not have; `from … import …`
        asks here, too, for a name that its module lacks, which is how the reason reaches the reader.
        """
        if fullname in NAMES:
            # Each is a package, as otherwise `from locust.stats import …` would not ask here.
            return ModuleSpec(fullname, self, origin=__file__, is_package=True)
        if fullname.startswith("locust."):
            raise ModuleNotFoundError(_unknown(fullname))
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the module, which needs no executing."""
        return LocustModule(spec.name, f"What Swarm offers of {spec.name}.")

    def exec_module(self, module: ModuleType) -> None:
        """Give it the file that people read when they look for Locust's folder."""
        vars(module)["__file__"] = __file__


def install() -> None:
    """Let `import locust` mean Swarm in this process, from now on.

    Raises SwarmError when Locust itself was imported before: its classes and ours do not mix.
    """
    present = sys.modules.get("locust")
    if present is not None and not isinstance(present, LocustModule):
        raise SwarmError(
            "Locust itself was imported before swarm.compat.locust, and its classes do not run on Swarm: "
            "put `import swarm.compat.locust` above the first import of locust.",
        )
    if not any(isinstance(finder, LocustFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, LocustFinder())


def _public(module: str) -> list[str]:
    """What `from module import *` brings: not the names of layers that may be missing."""
    return [
        name
        for name, target in NAMES[module].items()
        if not name.startswith("_") and not target.startswith(("swarm_cli", "swarm_web"))
    ]


def _unknown(path: str) -> str:
    """Say why `path` ("locust.stats.name") leads nowhere."""
    if path in GONE:
        return f"{path} {GONE[path]}"
    module, _, _ = path.rpartition(".")
    for known in (path, module):
        if known in MISSING:
            return f"{path}: {MISSING[known]}."
    place = f"which has {', '.join(sorted(NAMES[module]))}" if NAMES.get(module) else "for Locust's files"
    return f"{path} has no counterpart in this release of Swarm, {place}."


install()
