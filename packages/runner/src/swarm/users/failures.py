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

_OURS = str(Path(__file__).parent)


class _Place:
    """An error's type and line, with its traceback formatted once."""

    def __init__(self, error: BaseException) -> None:
        own = error.__traceback__
        while own is not None and own.tb_frame.f_code.co_filename.startswith(_OURS):
            own = own.tb_next
        self.traceback = "".join(traceback.format_tb(own or error.__traceback__))
        self.next_log = 0.0
        self.unlogged = 0


class ErrorLog:
    """Logs each place that raises once with its traceback, then its repetitions as a number."""

    def __init__(self) -> None:
        self._places: dict[object, _Place] = {}

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

    def _write(self, user: str, error: BaseException, doing: str, place: _Place) -> None:
        described = f"{type(error).__name__}: {error}"
        if place.next_log:
            count = place.unlogged + 1
            logger.error("%s raised an error %d more times in %s: %s", user, count, doing, described)
        else:
            cause = traceback.format_exception(error.__cause__) if error.__cause__ is not None else ()
            logger.error(
                "%s raised an error in %s\n%sTraceback (most recent call last):\n%s%s",
                *(user, doing, "".join(cause), place.traceback, described),
            )


def report(user: User, error: BaseException, doing: str) -> None:
    """Count, log and tell the listeners of `user_error` what `user` raised in its `doing`.

    What a listener raises to steer the user (StopUser …) passes.
    """
    environment = user.environment
    formatted = _log_of(environment).log(user, error, doing)
    if (runner := environment.runner) is not None:
        runner.log_exception(getattr(runner, "client_id", "local"), str(error) or repr(error), formatted)
    environment.events.user_error.fire(user_instance=user, exception=error, tb=error.__traceback__)


def _log_of(environment: Environment) -> ErrorLog:
    """Return the environment's own log: two runs in one process do not silence each other."""
    attributes = vars(environment)
    log: ErrorLog | None = attributes.get("_swarm_error_log")
    if log is None:
        log = attributes["_swarm_error_log"] = ErrorLog()
    return log


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
        logger.warning(
            "A user called sys.exit(%s): the run ends.", "" if request.code is None else repr(request.code)
        )
    else:
        logger.info("A user raised StopTest: the run ends.")
    if runner is not None:
        gevent.spawn(runner.quit)  # it waits for the users to end, this one among them
