"""Every name in the table leads to an object, and the table covers what it must."""

from __future__ import annotations

import importlib

import pytest

import swarm.compat.locust  # noqa: F401
from swarm.compat.absent import GONE, MISSING
from swarm.compat.names import NAMES
from swarm.compat.resolve import resolve

ALL_NAMES = [(module, name) for module, names in NAMES.items() for name in names]


@pytest.mark.parametrize(("module", "name"), ALL_NAMES, ids=str)
def test_each_name_is_our_object(module: str, name: str) -> None:
    assert getattr(importlib.import_module(module), name) is resolve(NAMES[module][name])


@pytest.mark.parametrize("module", NAMES)
def test_each_modules_parent_is_there_and_has_it_as_an_attribute(module: str) -> None:
    importlib.import_module(module)
    parent, _, child = module.rpartition(".")
    if child in NAMES.get(parent, {}):
        # locust.user.task is the decorator there, as it is in Locust.
        assert resolve(NAMES[parent][child]) is getattr(importlib.import_module(parent), child)
    elif parent:
        assert getattr(importlib.import_module(parent), child) is importlib.import_module(module)


def test_no_name_is_both_there_and_gone() -> None:
    there = {f"{module}.{name}" for module, name in ALL_NAMES} | set(NAMES)
    assert not there & set(GONE)
    assert not there & set(MISSING)


@pytest.mark.parametrize("module", [module for module, names in NAMES.items() if names])
def test_a_star_import_brings_the_names(module: str) -> None:
    namespace: dict[str, object] = {}
    exec(f"from {module} import *", namespace)  # noqa: S102
    public = {
        name
        for name, target in NAMES[module].items()
        if not name.startswith("_") and not target.startswith(("swarm_cli.", "swarm_web."))
    }
    assert public <= set(namespace)
