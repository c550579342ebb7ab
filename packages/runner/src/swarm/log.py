"""Logs: events with fields by structlog, on the standard library's handlers, to stderr or a file.

Loggers of this project come from `get_logger`, and work with no set-up at all: what is logged goes to the
standard library, whose last-resort handler prints warnings to stderr. Nothing ever goes to stdout.
"""

from __future__ import annotations

import logging
import socket
import sys
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Callable

    import gevent
    from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FORMATS = ("console", "json")
KEPT_LINES = 500
"""Lines that `get_logs` returns at most: the newest."""


class Logger:
    """A logger of events with fields: `log.info("ramp complete", users=50)`.

    The fields travel as the record's `fields`, so that every handler may render them in its own way.
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **fields: object) -> None:
        """Log what only somebody who looks for an error wants to see."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Log a step of the run."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Log what the user should know and can mend."""
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, *, exc_info: BaseException | bool | None = None, **fields: object) -> None:
        """Log what went wrong, with the traceback of `exc_info` (True: of the exception being handled)."""
        self._log(logging.ERROR, event, fields, exc_info)

    def _log(
        self, level: int, event: str, fields: dict[str, object], exc_info: BaseException | bool | None = None
    ) -> None:
        if self._logger.isEnabledFor(level):
            text = event
            if not _is_set_up and fields:  # plain handlers know nothing of fields
                text += " " + " ".join(f"{key}={value!r}" for key, value in fields.items())
            self._logger.log(level, "%s", text, exc_info=exc_info, extra={"fields": fields}, stacklevel=3)


# Nobody who logs at DEBUG by a set-up of their own wants a dozen lines for each transition of the lifecycle.
if (_lifecycle := logging.getLogger("statemachine")).level == logging.NOTSET:
    _lifecycle.setLevel(logging.WARNING)

_is_set_up = False
_reader: LogReader | None = None


def get_logger(name: str) -> Logger:
    """Return the logger of that name, by custom the module's."""
    return Logger(name)


class LogReader(logging.Handler):
    """Keeps the newest lines of the log in memory, for the UI."""

    def __init__(self, lines: int = KEPT_LINES) -> None:
        super().__init__()
        self.logs: deque[str] = deque(maxlen=lines)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record as it reads in the log."""
        self.logs.append(self.format(record))


def get_logs() -> list[str]:
    """Return the newest lines of the log, oldest first; empty before `setup_logging`."""
    return list(_reader.logs) if _reader else []


def setup_logging(loglevel: str = "INFO", logfile: str | None = None, log_format: str = "console") -> None:
    """Send all logs, the user's own included, to stderr or to `logfile`.

    `loglevel` is one of LEVELS, in any case; `log_format` is "console" (for people) or "json" (one object a
    line). Raises SwarmError for another level or format, and for a file that cannot be written.
    """
    global _is_set_up, _reader
    level = loglevel.upper()
    if level not in LEVELS:
        raise SwarmError(f"Log level {loglevel!r} is unknown; use one of {', '.join(LEVELS)}.")
    if log_format not in FORMATS:
        raise SwarmError(f"Log format {log_format!r} is unknown; use one of {', '.join(FORMATS)}.")
    handler = _handler(logfile)
    _reader = LogReader()
    for each in (handler, _reader):
        each.setFormatter(_formatter(log_format, colors=_wants_colors(each)))
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "swarm_owned", False):
            root.removeHandler(old)
            old.close()
    for each in (handler, _reader):
        each.swarm_owned = True  # type: ignore[attr-defined]  # marks ours, so that a second set-up replaces them
        root.addHandler(each)
    root.setLevel(level)
    _print_plainly("swarm.stats_logger", handler)
    # Their own chatter, a line for every connection or transition at DEBUG, would cost more than the load.
    for noisy in ("requests", "statemachine", "urllib3"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    _is_set_up = True


def greenlet_exception_logger(
    logger: logging.Logger, level: int = logging.CRITICAL
) -> Callable[[gevent.Greenlet[..., Any]], None]:
    """Return a function for `Greenlet.link_exception` that logs what ended the greenlet."""

    def log_exception(greenlet: gevent.Greenlet[..., Any]) -> None:
        exc_info = greenlet.exc_info
        if exc_info and exc_info[0] is not SystemExit:
            logger.log(level, "Unhandled exception in greenlet: %s", greenlet, exc_info=exc_info)

    return log_exception


def _handler(logfile: str | None) -> logging.Handler:
    if not logfile:
        return logging.StreamHandler(sys.stderr)
    try:
        return logging.FileHandler(logfile, encoding="utf-8")
    except OSError as error:
        raise SwarmError(f"The log file {logfile} cannot be written: {error.strerror}.") from error


def _print_plainly(name: str, beside: logging.Handler) -> None:
    """Let a logger's records, tables, appear as they are: where the log goes, without its prefix."""
    logger = logging.getLogger(name)
    logger.handlers = [logging.StreamHandler(getattr(beside, "stream", None))]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _wants_colors(handler: logging.Handler) -> bool:
    stream = getattr(handler, "stream", None)
    return stream is not None and stream is sys.stderr and bool(stream.isatty())


def _formatter(log_format: str, *, colors: bool) -> logging.Formatter:
    import structlog

    shared: list[Processor] = [_own_fields, _name_and_level]
    renderers: list[Processor]
    if log_format == "json":
        renderers = [
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ]
    else:
        renderers = [
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            _ConsoleLine(colors=colors),
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )


def _own_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    event.update(getattr(record, "fields", {}))
    return event


def _name_and_level(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    event["logger"] = record.name
    event["level"] = record.levelname
    if record.exc_info:
        event["exc_info"] = record.exc_info
    return event


class _ConsoleLine:
    """Renders `[time] host/LEVEL/logger: event field=value`, the form in which Locust's users read logs."""

    COLORS: ClassVar = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31m"}

    def __init__(self, *, colors: bool) -> None:
        self._colors = colors
        self._host = socket.gethostname()

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> str:
        time, level, logger = event.pop("timestamp"), event.pop("level"), event.pop("logger")
        text: Any = event.pop("event")
        exc_info = event.pop("exc_info", None)
        event.pop("_record", None)
        fields = "".join(f" {key}={value}" for key, value in event.items())
        line = f"[{time}] {self._host}/{level}/{logger}: {text}{fields}"
        if self._colors and level in self.COLORS:
            line = f"{self.COLORS[level]}{line}\x1b[0m"
        if exc_info:
            line += "\n" + "".join(traceback.format_exception(*exc_info)).rstrip()
        return line
