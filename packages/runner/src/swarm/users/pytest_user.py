"""`PytestUser`: a user whose task is a test function of pytest."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from swarm.users.fixtures import Case, Iteration, Shared
from swarm.users.user import User, UserMeta

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swarm.environment import Environment

SESSIONS = {"session": "HttpSession", "fastsession": "FastHttpSession"}
"""The classes of `swarm` that fixtures stand for."""


class PytestUser(User):
    """Runs a test function again and again, with its fixtures. Made by the loader, one class a function.

    The fixtures `session` and `fastsession` are the user's own and last as long as it does. Others of scope
    "function" are set up anew for each run, those of wider scopes once for all users of the process.
    """

    abstract = True
    functions: Sequence[Case] = ()
    """The function, once with each set of its parameters."""
    fixtures: Sequence[str] = ()
    """The names of the fixtures that it asks for."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._swarm_opened: dict[str, Any] = {}
        shared: Shared | None = vars(environment).get("_swarm_shared_fixtures")
        if shared is None:
            shared = vars(environment)["_swarm_shared_fixtures"] = Shared()
            environment.events.test_stop.add_listener(_tear_down)
        self._swarm_shared = shared

    def _swarm_session(self, name: str) -> Any:
        """Return the user's session that the fixture `name` stands for."""
        opened = self._swarm_opened
        if name not in opened:
            make = getattr(importlib.import_module("swarm"), SESSIONS[name])
            opened[name] = make(self.host, self.environment.events.request, self)
        return opened[name]

    def _swarm_run(self, case: Case) -> None:
        """Run a case once; a test that skips itself, or was expected to fail, has done its work."""
        outcomes = importlib.import_module("pytest")
        try:
            Iteration(case, self._swarm_shared, self._swarm_session).run()
        except (outcomes.skip.Exception, outcomes.xfail.Exception):
            return


def _tear_down(environment: Environment, **_: Any) -> None:
    vars(environment)["_swarm_shared_fixtures"].end()


def pytest_user(name: str, items: Sequence[Any]) -> type[PytestUser]:
    """Return a user class for what pytest collected of one function."""
    cases = [Case(item) for item in items]
    body = {
        "__module__": items[0].module.__name__,
        "__doc__": items[0].function.__doc__,
        "functions": cases,
        "fixtures": list(cases[0].arguments),
        "tasks": [_task(case) for case in cases],
    }
    made: type[PytestUser] = UserMeta(name, (PytestUser,), body)
    return made


def _task(case: Case) -> Callable[[PytestUser], None]:
    def run(user: PytestUser) -> None:
        user._swarm_run(case)

    run.__name__ = run.__qualname__ = case.name
    return run
