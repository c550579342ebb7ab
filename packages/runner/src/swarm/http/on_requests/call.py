"""A request as it is counted: by the hook's statistics, then by whoever listens.

No dictionary of arguments is built while nobody listens and nobody looks at `request_meta`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from gevent import GreenletExit
from requests.exceptions import HTTPError

from swarm.event import RequestHook
from swarm.http.on_requests.errors import root_cause

if TYPE_CHECKING:
    import requests

    from swarm.event import EventHook


class Owner(Protocol):
    """The session that a request belongs to."""

    request_event: EventHook
    user: Any


class Call:
    """A request that has its answer and waits for the end of its `with` block."""

    def __init__(
        self,
        owner: Owner,
        method: str,
        name: str,
        url: str,
        started: float,
        ms: float,
        length: int,
        context: dict[str, Any] | None,
        late_us: int | None,
    ) -> None:
        """Take what `report` takes, without the response: it holds this call."""
        self._owner = owner
        self._plain = (method, name, url, started, ms, length, context, late_us)
        self._meta: dict[str, Any] | None = None

    @property
    def meta(self) -> dict[str, Any]:
        """The request event's arguments, to be read and changed until the request is counted."""
        if self._meta is None:
            method, name, url, started, ms, length, context, _ = self._plain
            self._meta = {
                "request_type": method,
                "name": name,
                "response_time": ms,
                "response_length": length,
                "context": _merged(self._owner.user, context),
                "exception": None,
                "start_time": started,
                "url": url,
            }
        return self._meta

    def status_error(self, response: requests.Response) -> BaseException | None:
        """Return what the status says, None for 2xx and 3xx; an exception in the meta goes before it."""
        if self._meta is not None and self._meta["exception"] is not None:
            return cast("BaseException", self._meta["exception"])
        if 200 <= response.status_code < 400:
            return None
        return status_error(response, self._plain[1] if self._meta is None else str(self._meta["name"]))

    def settle(self, response: requests.Response, error: BaseException | None) -> None:
        """Count the request, as a failure when there is an `error`, and tell the listeners."""
        meta = self._meta
        if meta is None:
            report(self._owner, *self._plain, response, error)
            return
        error = meta["exception"] = _stable(error, response, str(meta["name"]))
        event = self._owner.request_event
        if not isinstance(event, RequestHook):
            event.fire(**{**meta, "response": response})
            return
        if event.stats is not None:
            ms = meta["response_time"]
            event.stats.record(
                meta["request_type"],
                meta["name"],
                None if ms is None else max(round(ms * 1000), 0),
                int(meta["response_length"] or 0),
                self._plain[3] + self._plain[4] / 1000,
                error,
                self._plain[7],
            )
        if event._handlers:
            event.notify(**{**meta, "response": response})

    def interrupted(self) -> None:
        """Count the request as cut off by the stop of its user."""
        count_interrupted(self._owner, self._plain[0], self._plain[1])

    def go_on(self) -> None:
        """Raise GreenletExit when the user is being stopped."""
        user = self._owner.user
        if user is not None and user._swarm_halt:
            raise GreenletExit


def report(
    owner: Owner,
    method: str,
    name: str,
    url: str,
    started: float,
    ms: float,
    length: int,
    context: dict[str, Any] | None,
    late_us: int | None,
    response: requests.Response | None,
    error: BaseException | None,
) -> None:
    """Count a request that began at `started` (seconds since the epoch) and took `ms` milliseconds.

    `late_us` is its time from its intended start, if it had one; `length` is the body in bytes.
    """
    if error is not None:
        error = _stable(error, response, name)
    event = owner.request_event
    if isinstance(event, RequestHook):
        if event.stats is not None:
            event.stats.record(
                method, name, int(ms * 1000 + 0.5), length, started + ms / 1000, error, late_us
            )
        if not event._handlers:
            return
        tell = event.notify
    else:
        tell = event.fire
    tell(
        request_type=method,
        name=name,
        response_time=ms,
        response_length=length,
        response=response,
        context=_merged(owner.user, context),
        exception=error,
        start_time=started,
        url=url,
    )


def count_interrupted(owner: Owner, method: str, name: str) -> None:
    """Count a request that was cut off by the stop of its user."""
    stats = getattr(owner.request_event, "stats", None)
    if stats is not None:
        stats.record_interrupted(method, name)


def status_error(response: requests.Response, name: str) -> BaseException:
    """Return the failure that a status outside of 2xx and 3xx is, or what came instead of an answer.

    Its text has the entry's name where requests has the URL, so that it is the same for all URLs of a name.
    """
    error: Exception | None = getattr(response, "error", None)
    if error is not None:
        return root_cause(error)
    status = response.status_code
    kind = {4: "Client Error", 5: "Server Error"}.get(status // 100, "Unexpected Status")
    return HTTPError(f"{status} {kind}: {_reason(response)} for url: {name}", response=response)


def _reason(response: requests.Response) -> str:
    reason: Any = response.reason
    if isinstance(reason, bytes):
        return reason.decode("utf-8", "replace")
    return str(reason)


def _stable(
    error: BaseException | None, response: requests.Response | None, name: str
) -> BaseException | None:
    """Put the entry's name for the URL into an HTTPError that `raise_for_status` made of this response."""
    if type(error) is HTTPError and response is not None and error.response is response and error.args:
        text, end = str(error.args[0]), f" for url: {response.url}"
        if text.endswith(end):
            return HTTPError(f"{text[: -len(end)]} for url: {name}", response=response)
    return error


def _merged(user: Any, context: dict[str, Any] | None) -> dict[str, Any]:
    return {**({} if user is None else user.context()), **(context or {})}
