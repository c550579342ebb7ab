"""The pytest plugin: sessions for test functions that are load tests, too, and user classes run as tests.

It registers without importing `swarm`, whose import patches the process, and leaves the process as it is while
test files and fixtures import it: one test after the other needs no greenlets, and what pytest-xdist has begun
with threads goes on with them. Who wants it patched says so with `-p swarm`, or by `import swarm` in a conftest.py.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

HOST_HELP = "base URL for the fixtures session and fastsession, and for --swarm-users"
HOST_VARIABLES = ("SWARM_HOST", "LOCUST_HOST")
_SKIP_PATCH = "SWARM_SKIP_MONKEY_PATCH"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option whose name is nobody else's."""
    parser.getgroup("swarm").addoption(
        "--swarm-users",
        action="store_true",
        help="run the user classes of the given files as tests: each task once",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> Generator[None, object, object]:
    """Add `--host` unless a plugin or a conftest has one: they were asked before."""
    if "--swarm-users" in args and "PYTEST_XDIST_WORKER" not in os.environ:
        importlib.import_module("swarm")  # users may have greenlets of their own
    result = yield
    _, unknown = parser.parse_known_and_unknown_args(["--host=x"])
    if unknown:
        parser.getgroup("swarm").addoption("--host", help=HOST_HELP)
    return result


def pytest_configure(config: pytest.Config) -> None:
    """Let test files import `locust` where Locust itself is not installed."""
    finder = _LocustFinder()
    sys.meta_path.append(finder)  # last, so that Locust itself goes before
    config.add_cleanup(lambda: sys.meta_path.remove(finder))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let test files import `swarm`, and leave the process as it is."""
    with _as_it_is():
        return (yield)


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A `HttpSession`, which is a requests.Session, for the base URL of --host."""
    with _opened("HttpSession", request) as opened:
        yield opened


@pytest.fixture
def fastsession(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A `FastHttpSession` for the base URL of --host."""
    with _opened("FastHttpSession", request) as opened:
        yield opened


def host_of(config: pytest.Config) -> str | None:
    """Return the base URL: of --host, of pytest-base-url, of SWARM_HOST or LOCUST_HOST; None without one."""
    given = [config.getoption("host", None), config.getoption("base_url", None)]
    given += [os.environ.get(name) for name in HOST_VARIABLES]
    return next((each for each in given if isinstance(each, str) and "://" in each), None)


@contextmanager
def _opened(name: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give a session; fail the test at its end when it has called `failure()` on a response."""
    with _as_it_is():
        make = getattr(importlib.import_module("swarm"), name)
        event = importlib.import_module("swarm.event").RequestHook()
        verdict = importlib.import_module("swarm.exceptions").CatchResponseError
    failures: list[str] = []

    def note(exception: Any, request_type: str, name: str, **_: Any) -> None:
        if isinstance(exception, verdict):
            failures.append(f"{request_type} {name}: {exception}")

    event.add_listener(note)
    opened = make(host_of(request.config), event)
    try:
        yield opened
    finally:
        opened.close()
    if failures:
        pytest.fail("the test called failure() on a response: " + "; ".join(failures), pytrace=False)


@contextmanager
def _as_it_is() -> Iterator[None]:
    """Let `swarm` be imported in this block without patching the process."""
    before = os.environ.get(_SKIP_PATCH)
    os.environ[_SKIP_PATCH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SKIP_PATCH]
        else:
            os.environ[_SKIP_PATCH] = before


class _LocustFinder(MetaPathFinder):
    """Answers for `locust` when nobody else does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of Swarm's stand-in."""
        if fullname.partition(".")[0] != "locust":
            return None
        ours = importlib.import_module("swarm.compat.locust")
        found: ModuleSpec | None = ours.LocustFinder().find_spec(fullname, path, target)
        return found


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> pytest.Item | None:
    """Make a test of a user class, with --swarm-users."""
    if not collector.config.getoption("swarm_users", False) or not isinstance(collector, pytest.Module):
        return None
    users = sys.modules.get("swarm.users.user")
    if users is None or not isinstance(obj, users.UserMeta) or obj.__dict__["abstract"]:
        return None
    if obj.__module__ != collector.obj.__name__:
        return None
    item: UserItem = UserItem.from_parent(collector, name=name, user_class=obj)
    return item


class UserItem(pytest.Item):
    """A user class as a test: it starts, runs each of its tasks once, and stops."""

    def __init__(self, *, user_class: Any, **rest: Any) -> None:
        super().__init__(**rest)
        self._user_class = user_class

    def runtest(self) -> None:
        """Run it. Raises what its code raises, and AssertionError for requests that failed."""
        run_once = importlib.import_module("swarm.users.once").run_once
        failed = run_once(self._user_class, host_of(self.config))
        if failed:
            raise AssertionError("requests failed:\n" + "\n".join(f"  {each}" for each in failed))

    def reportinfo(self) -> tuple[os.PathLike[str], int | None, str]:
        """Return where it is."""
        return self.path, None, f"user {self.name}"
