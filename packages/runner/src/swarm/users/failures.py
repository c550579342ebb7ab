"""What happens when a user's code raises: it is counted, logged at a bounded rate, and told to the listeners."""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from types import TracebackType

    from swarm.environment import Environment
    from swarm.exceptions import StopTest
    from swarm.users.user import User

logger = logging.getLogger("swarm.users")

REPEAT_LOG_S = 10.0
"""An error that comes again from the same place is logged this often, without its traceback."""
MAX_PLACES = 1000
"""Places whose errors are told apart; errors of further ones are counted and not logged."""
HEADLINE_LIMIT = 300
"""Characters of a message that its traceback ends with."""

_OURS = str(Path(__file__).parent)


class _Place:
    """An error's type and line, with its traceback formatted once."""

    def __init__(self, error: BaseException) -> None:
        self.traceback = "".join(traceback.format_tb(_users_part(error)))
        self.next_log = 0.0
        self.unlogged = 0


class ErrorLog:
    """Logs each place that raises once with its traceback, then its repetitions as a number."""

    def __init__(self) -> None:
        self._places: dict[object, _Place] = {}
        self._next_end = 0.0

    def log(self, user: User, error: BaseException, doing: str) -> str:
        """Log `error` if it is due; return its traceback as text."""
        key = (type(error), *_lines(error.__traceback__))
        place = self._places.get(key)
        if place is None:
            place = _Place(error)
            if len(self._places) >= MAX_PLACES:
                return place.traceback
            self._places[key] = place
        now = time.monotonic()
        if now < place.next_log:
            place.unlogged += 1
            return place.traceback
        self._write(type(user).__name__, error, doing, place)
        place.next_log = now + REPEAT_LOG_S
        place.unlogged = 0
        return place.traceback

    def ended(self, text: str, level: int) -> None:
        """Log once that the run ends: all users of a run may say so at the same moment."""
        now = time.monotonic()
        if now >= self._next_end:
            self._next_end = now + REPEAT_LOG_S
            logger.log(level, text)

    def _write(self, user: str, error: BaseException, doing: str, place: _Place) -> None:
        if place.next_log:
            described = f"{type(error).__name__}: {error}"
            count = place.unlogged + 1
            logger.error("%s raised an error %d more times in %s: %s", user, count, doing, described)
        else:
            shown = "".join(traceback.format_exception(type(error), error, _users_part(error)))
            logger.error("%s raised an error in %s\n%s", user, doing, shown.rstrip())


def report(user: User, error: BaseException, doing: str) -> None:
    """Count, log and tell the listeners of `user_error` what `user` raised in its `doing`.

    What a listener raises to steer the user (StopUser …) passes.
    """
    environment = user.environment
    formatted = _log_of(environment).log(user, error, doing) + _headline(error)
    if (runner := environment.runner) is not None:
        runner.log_exception(getattr(runner, "client_id", "local"), str(error) or repr(error), formatted)
    environment.events.user_error.fire(user_instance=user, exception=error, tb=error.__traceback__)


def _headline(error: BaseException) -> str:
    """Return the line that a traceback ends with: "ValueError: no such page", however long the message is."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:HEADLINE_LIMIT]}" if text else type(error).__name__


def _log_of(environment: Environment) -> ErrorLog:
    """Return the environment's own log: two runs in one process do not silence each other."""
    attributes = vars(environment)
    log: ErrorLog | None = attributes.get("_swarm_error_log")
    if log is None:
        log = attributes["_swarm_error_log"] = ErrorLog()
    return log


def _users_part(error: BaseException) -> TracebackType | None:
    """Return the traceback from where the user's own code begins; all of it when the error is in ours."""
    part = error.__traceback__
    while part is not None and part.tb_frame.f_code.co_filename.startswith(_OURS):
        part = part.tb_next
    return part or error.__traceback__


def _lines(trace: TracebackType | None) -> list[object]:
    lines: list[object] = []
    while trace is not None:
        lines += (trace.tb_frame.f_code, trace.tb_lineno)
        trace = trace.tb_next
    return lines


def end_run(environment: Environment, request: StopTest | SystemExit) -> None:
    """End the whole run since a user's code raised StopTest or called `sys.exit()`, whose code the process gets.

    Without a runner, as in a debugger, SystemExit is raised again.
    """
    runner = environment.runner
    if isinstance(request, SystemExit):
        if runner is None:
            raise request
        if request.code is not None:
            environment.process_exit_code = request.code if isinstance(request.code, int) else 1
        code = "" if request.code is None else repr(request.code)
        _log_of(environment).ended(f"A user called sys.exit({code}): the run ends.", logging.WARNING)
    else:
        _log_of(environment).ended("A user raised StopTest: the run ends.", logging.INFO)
    if runner is not None:
        end_test = getattr(runner, "_swarm_end_test", runner.quit)  # a worker asks its master
        gevent.spawn(end_test)  # it waits for the users to end, this one among them
