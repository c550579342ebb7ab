"""Takes the test functions of a pytest file for users, when no locustfile has a user class."""

from __future__ import annotations

import importlib.util
import io
import os
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from fnmatch import fnmatch
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swarm.log import get_logger
from swarm_cli.errors import LocustfileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import ModuleType

    from swarm.users.user import User

log = get_logger(__name__)

OPTIONS = ["--collect-only", "-q", "-s", "-o", "addopts="]
OPTIONS += [
    part for name in ("cacheprovider", "faulthandler", "logging", "randomly") for part in ("-p", f"no:{name}")
]
OPTIONS += ["-p", "swarm_pytest"]
_VARIABLE = "PYTEST_ADDOPTS"


@dataclass(slots=True)
class Collected:
    """What pytest found in some files: its items, and its words about what cannot be collected."""

    items: list[Any] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def pytest_collection_finish(self, session: Any) -> None:
        """Keep the items; called by pytest."""
        self.items = list(session.items)

    def pytest_collectreport(self, report: Any) -> None:
        """Keep what went wrong; called by pytest."""
        if report.failed:
            self.problems.append(report.longreprtext)

    def module_of(self, path: Path) -> ModuleType | None:
        """Return the module that pytest has imported from a file."""
        modules: Iterator[ModuleType] = (item.module for item in self.items if item.path == path)
        return next(modules, None)


def is_test_file(path: Path) -> bool:
    """Tell whether a file has the name of a test file."""
    return fnmatch(path.name, "test_*.py") or fnmatch(path.name, "*_test.py")


def has_tests(module: ModuleType) -> bool:
    """Tell whether a module seems to have test functions."""
    return any(callable(item) for name, item in vars(module).items() if name.startswith(("test_", "Test")))


def is_installed() -> bool:
    """Tell whether there is pytest."""
    return importlib.util.find_spec("pytest") is not None


def collect(paths: Iterable[Path]) -> Collected:
    """Let pytest collect files, with the conftest.py and the settings that belong to them."""
    import pytest

    collected = Collected()
    said = io.StringIO()
    with _without_options(), redirect_stdout(said), redirect_stderr(said):
        code = pytest.main([*OPTIONS, *map(str, paths)], plugins=[collected])
    usable = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.INTERRUPTED)
    if code not in usable and not collected.problems:
        collected.problems.append(said.getvalue().strip())
    return collected


def users_of(collected: Collected) -> dict[str, type[User]]:
    """Return a user class for each test function, by name; methods are named "TestShop.test_buy".

    Raises LocustfileError when pytest could not collect a file.
    """
    from swarm.users.pytest_user import pytest_user

    if collected.problems:
        raise LocustfileError(f"pytest could not collect the tests:\n{collected.problems[0]}")
    functions: dict[Any, list[Any]] = {}
    for item in collected.items:
        if _runs(item):
            functions.setdefault(item.function, []).append(item)
    users: dict[str, type[User]] = {}
    for items in functions.values():
        name = _name_of(items[0])
        if name in users:
            name = f"{items[0].path.stem}.{name}"
        users[name] = pytest_user(name, items)
    return users


def load_locustfile_pytest(path: str) -> dict[str, type[User]]:
    """Return a user class for each test function of a file, by name (Locust's signature)."""
    return users_of(collect([Path(path).absolute()]))


def _name_of(item: Any) -> str:
    name: str = item.function.__name__
    return name if item.cls is None else f"{item.cls.__name__}.{name}"


def _runs(item: Any) -> bool:
    """Whether an item can run as a task; says why not."""
    from unittest import TestCase

    reason = None
    if not hasattr(item, "function"):
        reason = "it is no function"
    elif iscoroutinefunction(item.function):
        reason = "it is asynchronous"
    elif item.cls is not None and issubclass(item.cls, TestCase):
        reason = "it is a method of a unittest.TestCase"
    elif _is_marked(item):
        reason = "it is marked to be skipped or to fail"
    if reason:
        log.warning(f"{item.nodeid} does not run as a user: {reason}")
    return reason is None


def _is_marked(item: Any) -> bool:
    conditions: Sequence[Any] = [condition for mark in item.iter_markers("skipif") for condition in mark.args]
    return (
        item.get_closest_marker("skip") is not None
        or item.get_closest_marker("xfail") is not None
        or any(condition and not isinstance(condition, str) for condition in conditions)
    )


@contextmanager
def _without_options() -> Iterator[None]:
    """Leave out the options that were meant for test runs: to distribute them, to measure coverage."""
    before = os.environ.pop(_VARIABLE, None)
    try:
        yield
    finally:
        if before is not None:
            os.environ[_VARIABLE] = before
