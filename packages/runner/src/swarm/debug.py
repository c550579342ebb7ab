"""Runs one user in the main thread, for a debugger: each request is printed, and the first error is raised."""

from __future__ import annotations

import importlib
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from swarm.event import events

if TYPE_CHECKING:
    from argparse import Namespace

    from swarm.users.user import User


class PrintListener:
    """A listener of `events.request` that prints a line to stdout for each request; made, it is listening.

    The columns are the type, the name, the time (ms) and the exception; before the exception, where asked for,
    the length (bytes) and the context; `include_time` puts the time of day first, and `include_payload` adds
    a line with the body that was sent.
    """

    def __init__(
        self,
        include_length: bool = False,
        include_time: bool = False,
        include_context: bool = False,
        include_payload: bool = False,
    ) -> None:
        self._include_length = include_length
        self._include_time = include_time
        self._include_context = include_context
        self._include_payload = include_payload
        _write(self._line("type", "name", "resp_ms", "length", "context", "exception", "time"))

    def on_request(
        self,
        request_type: str,
        name: str,
        response_time: float | None = None,
        response_length: int | None = None,
        exception: BaseException | str | None = None,
        context: dict[str, Any] | None = None,
        response: Any = None,
        start_time: float | None = None,
        **_other: Any,
    ) -> None:
        """Print one request."""
        began = datetime.fromtimestamp(start_time, UTC) if start_time else datetime.now(UTC)
        _write(
            self._line(
                request_type,
                name,
                "" if response_time is None else f"{response_time:.0f}",
                "" if response_length is None else str(response_length),
                str(context or ""),
                "" if exception is None else str(exception) or repr(exception),
                began.isoformat(timespec="milliseconds"),
            )
        )
        if self._include_payload and (payload := _payload(response)):
            _write(f"payload: {payload}")

    def _line(
        self, kind: str, name: str, milliseconds: str, length: str, context: str, exception: str, began: str
    ) -> str:
        columns = [f"{began:<30}"] if self._include_time else []
        columns += [f"{kind:<7}", f"{name:<50}", f"{milliseconds:>7}"]
        columns += [f"{length:>9}"] if self._include_length else []
        columns += [f"{context:<20}"] if self._include_context else []
        return " ".join([*columns, exception]).rstrip()


def run_single_user(
    user_class: type[User],
    include_length: bool = False,
    include_time: bool = False,
    include_context: bool = False,
    include_payload: bool = False,
    loglevel: str | None = "WARNING",
) -> None:
    """Run one user of `user_class` here and now, until it raises StopUser or an error, or is interrupted.

    The listeners of `init` and `test_start` are called before (with no runner and no UI), those of `test_stop`
    and `quitting` are not. Errors are raised, so that a debugger stops where they happen. Requests are printed
    to stdout; the arguments tell what of them. With the command line installed, `sys.argv` may hold its
    options (`-H https://…`). `loglevel` None leaves logging alone.
    """
    from swarm.environment import Environment

    if loglevel:
        from swarm.log import setup_logging

        setup_logging(loglevel)
    options = _options()
    environment = Environment(
        user_classes=[user_class],
        events=events,
        host=getattr(options, "host", None),
        parsed_options=options,
        catch_exceptions=False,
    )
    printer = PrintListener(include_length, include_time, include_context, include_payload)
    events.request.add_listener(printer.on_request)
    try:
        events.init.fire(environment=environment, runner=None, web_ui=None)
        events.test_start.fire(environment=environment)
        user_class(environment).run()
    finally:
        events.request.remove_listener(printer.on_request)


def _options() -> Namespace | None:
    """Parse the command line's options, those that the file declares included, as far as they are known."""
    try:
        command_line = importlib.import_module("swarm_cli.options")
    except ModuleNotFoundError:  # the runner is installed without the command line
        return None
    parser = command_line.get_parser()
    events.init_command_line_parser.fire(parser=parser)
    options: Namespace = parser.parse_known_args()[0]
    return options


def _payload(response: Any) -> str:
    body = getattr(getattr(response, "request", None), "body", None)
    return body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
