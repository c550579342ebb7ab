"""The one place where the core's errors become requests', and where a failure's cause is found again."""

from __future__ import annotations

import errno
import ssl
from http.client import BadStatusLine, RemoteDisconnected
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from requests import exceptions as requests_errors
from urllib3 import exceptions as urllib3_errors

from swarm.http import errors

if TYPE_CHECKING:
    from requests import PreparedRequest

ErrorT = TypeVar("ErrorT", bound=BaseException)

_WHILE_CONNECTING = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT})


class _Place:
    """Stands where urllib3's errors want their connection pool, for its name in their text."""

    def __init__(self, scheme: str, host: str, port: int) -> None:
        self._text = f"{'HTTPS' if scheme == 'https' else 'HTTP'}ConnectionPool(host={host!r}, port={port})"

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__


def raise_translated(
    error: OSError,
    request: PreparedRequest,
    origin: tuple[str, str, int],
    path: str,
    timeouts: tuple[float | None, float | None],
    in_body: bool,
) -> NoReturn:
    """Raise what requests' own adapter raises for what happened: `error`, raised by the core.

    `origin` is (scheme, host, port), `path` the request line's target, `timeouts` the seconds allowed for
    connecting and reading; `in_body` tells that the answer's head had come. The cause of what is raised is
    what a failure is counted by.
    """
    cause = _as_http_client_says(error)
    raise _translated(error, cause, request, origin, path, timeouts, in_body) from cause


def root_cause(error: Exception) -> BaseException:
    """Return the error beneath requests' and urllib3's wrappers of a connection error, else `error` itself.

    A ConnectionRefusedError tells the same in every run; the wrappers' text has addresses of memory in it.
    """
    cause: BaseException = error
    while isinstance(cause, (requests_errors.ConnectionError, urllib3_errors.HTTPError)):
        beneath = cause.__cause__ or cause.__context__
        if beneath is None:
            break
        cause = beneath
    return cause


def without_frames(error: ErrorT) -> ErrorT:
    """Return `error` after its traceback, and those of its causes, were taken off.

    Their frames lead back to the one that keeps the response, and so the error: a cycle for each failure, which
    only the garbage collector would find.
    """
    beneath: BaseException | None = error
    while beneath is not None:
        beneath.__traceback__ = None
        beneath = beneath.__cause__ or beneath.__context__
    return error


def _translated(
    error: OSError,
    cause: Exception,
    request: PreparedRequest,
    origin: tuple[str, str, int],
    path: str,
    timeouts: tuple[float | None, float | None],
    in_body: bool,
) -> requests_errors.RequestException:
    place: Any = _Place(*origin)
    if isinstance(error, errors.ConnectTimeoutError):
        reason: Exception = urllib3_errors.ConnectTimeoutError(
            place, f"Connection to {origin[1]} timed out. (connect timeout={timeouts[0]})"
        )
        return requests_errors.ConnectTimeout(
            urllib3_errors.MaxRetryError(place, path, reason), request=request
        )
    if isinstance(error, errors.ReadTimeoutError):
        late = urllib3_errors.ReadTimeoutError(place, path, f"Read timed out. (read timeout={timeouts[1]})")
        return requests_errors.ReadTimeout(late, request=request)
    if isinstance(error, ssl.SSLError):
        return requests_errors.SSLError(
            urllib3_errors.MaxRetryError(place, path, urllib3_errors.SSLError(error)), request=request
        )
    if isinstance(error, errors.NameNotFoundError) or error.errno in _WHILE_CONNECTING:
        reason = urllib3_errors.NewConnectionError(place, f"Failed to establish a new connection: {error}")
        return requests_errors.ConnectionError(
            urllib3_errors.MaxRetryError(place, path, reason), request=request
        )
    if in_body:
        broken = urllib3_errors.ProtocolError(f"Connection broken: {error!r}", error)
        return requests_errors.ChunkedEncodingError(broken, request=request)
    return requests_errors.ConnectionError(
        urllib3_errors.ProtocolError("Connection aborted.", cause), request=request
    )


def _as_http_client_says(error: OSError) -> Exception:
    if isinstance(error, errors.BadAnswerError):
        return BadStatusLine(str(error))
    if isinstance(error, errors.ServerClosedError):
        return RemoteDisconnected("Remote end closed connection without response")
    return error
