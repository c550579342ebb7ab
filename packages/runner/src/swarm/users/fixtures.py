"""Sets up pytest's fixtures for test functions that run as tasks, many of them at the same time.

pytest has collected the functions and found their fixtures; it sets up one test at a time in a process, though,
so that this is done here. The items and fixture definitions are pytest's own objects.
"""

from __future__ import annotations

import inspect
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gevent.lock import RLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

logger = logging.getLogger("swarm.users")

SESSIONS = "swarm_pytest"
"""The module whose fixtures `session` and `fastsession` are the user's own."""


class Case:
    """A test function with one set of its parameters; `item` is what pytest collected."""

    def __init__(self, item: Any) -> None:
        self.item = item
        self.name: str = item.name
        self.arguments: tuple[str, ...] = item._fixtureinfo.argnames
        self.parameters: Mapping[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
        self.wanted = [name for name in item.fixturenames if name in self._closure()]

    def definition(self, name: str, below: int = 0) -> Any:
        """Return the definition of a fixture, or of the one that it overrides. Raises LookupError."""
        definitions = self.item._fixtureinfo.name2fixturedefs.get(name) or ()
        if below >= len(definitions):
            raise LookupError(f"{self.name} asks for the fixture {name!r}, which there is not")
        return definitions[-1 - below]

    def _closure(self) -> set[str]:
        """Return what the function needs, its fixtures need, and what its own files set up for every test."""
        waiting = [*self.arguments, *self._used(), *filter(self._is_own, self.item._fixtureinfo.initialnames)]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found and name != "request":
                found.add(name)
                for definition in self.item._fixtureinfo.name2fixturedefs.get(name, ()):
                    waiting += definition.argnames
        return found

    def _used(self) -> list[str]:
        return [name for mark in self.item.iter_markers("usefixtures") for name in mark.args]

    def _is_own(self, name: str) -> bool:
        """Tell fixtures of the tests' own files from those that plugins have for every test."""
        if name.startswith("_xunit_"):
            return True
        definitions = self.item._fixtureinfo.name2fixturedefs.get(name)
        if not definitions:
            return False
        file = Path(inspect.getfile(inspect.unwrap(definitions[-1].func)))
        return file.is_relative_to(self.item.config.rootpath) and "site-packages" not in file.parts


class Scope:
    """Fixtures that were set up, and how to tear them down."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}
        self._finalizers: list[Callable[[], object]] = []

    def add_finalizer(self, finalizer: Callable[[], object]) -> None:
        """Call `finalizer` at the end, before those that were added earlier."""
        self._finalizers.append(finalizer)

    def end(self) -> None:
        """Tear all down. Raises the first error, after everything was tried."""
        self.values.clear()
        failed: Exception | None = None
        while self._finalizers:
            try:
                self._finalizers.pop()()
            except Exception as error:  # noqa: BLE001  raised at the end
                failed = failed or error
        if failed is not None:
            raise failed


class Shared(Scope):
    """The fixtures of wider scopes than a function's, set up once for all users of a process."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = RLock()


class Iteration(Scope):
    """One run of a test function by a user."""

    def __init__(self, case: Case, shared: Shared, sessions: Callable[[str], Any]) -> None:
        """`sessions` gives the user's own session by its fixture's name."""
        super().__init__()
        self.case = case
        self._shared = shared
        self._sessions = sessions
        item = case.item
        self.instance: Any = item.cls() if item.cls is not None else None

    def run(self) -> None:
        """Set up, call the function, tear down."""
        try:
            for name in self.case.wanted:
                self.value(name)
            function = self.case.item.function
            if self.instance is not None:
                function = getattr(self.instance, function.__name__)
            function(**{name: self.value(name) for name in self.case.arguments})
        finally:
            self.end()

    def value(self, name: str, below: int = 0) -> Any:
        """Return a fixture's value, setting it up if need be."""
        if name == "request":
            return Request(self, self)
        definition = self.case.definition(name, below)
        if getattr(definition.func, "__module__", None) == SESSIONS:
            return self._sessions(name)
        if definition.scope == "function":
            return self._once(self, definition, name, below)
        with self._shared.lock:
            return self._once(self._shared, definition, name, below)

    def _once(self, scope: Scope, definition: Any, name: str, below: int) -> Any:
        parameters = self.case.parameters
        key = (definition, _hashable(parameters[name]) if name in parameters else None)
        if key not in scope.values:
            scope.values[key] = self._set_up(scope, definition, name, below)
        return scope.values[key]

    def _set_up(self, scope: Scope, definition: Any, name: str, below: int) -> Any:
        arguments = {}
        for needed in definition.argnames:
            if needed == "request":
                arguments[needed] = Request(self, scope, name, definition.scope)
            else:
                arguments[needed] = self.value(needed, below + 1 if needed == name else 0)
        function = self._bound(definition)
        if not inspect.isgeneratorfunction(function):
            return function(**arguments)
        running: Iterator[Any] = function(**arguments)
        value = next(running)
        scope.add_finalizer(lambda: next(running, None))
        return value

    def _bound(self, definition: Any) -> Callable[..., Any]:
        """Return a fixture's function; a method of the test's class is bound to this run's object."""
        function: Callable[..., Any] = definition.func
        owner = getattr(function, "__self__", None)
        if owner is None or self.instance is None or not isinstance(self.instance, type(owner)):
            return function
        bound: Callable[..., Any] = function.__func__.__get__(self.instance)  # type: ignore[attr-defined]
        return bound


class Request:
    """What a fixture or a test gets as `request`: as much as makes sense here. `param` is there with parameters."""

    def __init__(
        self, iteration: Iteration, scope: Scope, name: str | None = None, reach: str = "function"
    ) -> None:
        item = iteration.case.item
        self._iteration = iteration
        self.addfinalizer = scope.add_finalizer
        self.fixturename = name
        self.scope = reach
        self.node = item
        self.config = item.config
        self.session = item.session
        self.function = item.function
        self.cls = item.cls
        self.instance = iteration.instance
        self.module = item.module
        self.path = item.path
        self.keywords = item.keywords
        if name is not None and name in iteration.case.parameters:
            self.param = iteration.case.parameters[name]

    def getfixturevalue(self, name: str) -> Any:
        """Return the value of another fixture."""
        return self._iteration.value(name)


def _hashable(value: object) -> object:
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value
