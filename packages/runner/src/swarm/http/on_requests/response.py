"""Responses of `HttpSession`: requests' own, with an `error`, and the one that a `with` block judges.

Of an answer only its bytes are kept; headers, cookies, encoding, the prepared request and `raw` are made of
them when somebody looks.
"""

from __future__ import annotations

import datetime
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import requests
from gevent import GreenletExit
from requests import PreparedRequest
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from swarm.event import FLOW_CONTROL
from swarm.exceptions import CatchResponseError, ResponseError
from swarm.http.message import RawResponse, header_value
from swarm.http.on_requests.lazy import lazy
from swarm.http.on_requests.raw import raw_of

if TYPE_CHECKING:
    from types import TracebackType

    from requests.exceptions import RequestException

    from swarm.http.on_requests.adapter import CoreAdapter
    from swarm.http.on_requests.sent import Sent


# By these a task goes elsewhere; they say nothing about the answer.
_STEERING = (GreenletExit, *FLOW_CONTROL)


def _headers(response: HttpResponse) -> CaseInsensitiveDict[str]:
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for name, value in response._swarm_answer.raw_headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        known = headers.get(key)
        if known is None:
            headers[key] = text
        else:  # the name keeps the case in which it came first
            headers._store[key.lower()] = (headers._store[key.lower()][0], f"{known}, {text}")  # type: ignore[attr-defined]
    return headers


def _cookies(response: HttpResponse) -> RequestsCookieJar:
    jar = RequestsCookieJar()
    if response._swarm_sets_cookies:
        extract_cookies_to_jar(jar, response.request, response.raw)  # type: ignore[no-untyped-call]
    return jar


def _raw(response: HttpResponse) -> Any:
    raw = raw_of(response._swarm_answer, response._swarm_method, response._swarm_path, response.connection)
    if response._content_consumed:
        raw.drain_conn()
    return raw


_OUTSIDE = (
    "{} was called outside of the response's `with` block. A request is judged inside of it: "
    "`with self.client.get(url, catch_response=True) as response: response.failure(...)`"
)


class Answered(requests.Response):
    """What this project adds to a response of requests.

    `error` is what came instead of an answer; `status_code` is 0 then.
    """

    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Whether an answer came, with a status below 400."""
        return self.error is None and super().ok

    def raise_for_status(self) -> None:
        """Raise what came instead of an answer, or requests' HTTPError for a status of 400 to 599."""
        if self.error is not None:
            raise self.error
        super().raise_for_status()

    def success(self) -> None:
        """Refuse: the request has been counted. Raises CatchResponseError."""
        raise CatchResponseError(_OUTSIDE.format("success()"))

    def failure(self, exc: BaseException | str) -> None:
        """Refuse: the request has been counted. Raises CatchResponseError."""
        raise CatchResponseError(_OUTSIDE.format(f"failure({exc!r})"))


class HttpResponse(Answered):
    """A response of the core."""

    headers = lazy(_headers)
    cookies = lazy(_cookies)
    raw = lazy(_raw)
    encoding = lazy(lambda response: get_encoding_from_headers(response.headers))
    reason = lazy(lambda response: response._swarm_answer.reason)
    history = lazy(lambda _: [])
    elapsed = lazy(lambda response: datetime.timedelta(seconds=response._swarm_seconds))
    request = lazy(lambda response: response._swarm_sent.prepared())
    connection: CoreAdapter

    _next: PreparedRequest | None = None
    _content_consumed = False
    _swarm_answer = RawResponse()
    _swarm_sets_cookies = False
    _swarm_method = ""
    _swarm_path = ""
    _swarm_seconds = 0.0
    _swarm_sent: Sent

    def close(self) -> None:
        """Give the connection back; closes it when the content was not read to its end."""
        if "raw" in self.__dict__ or not self._content_consumed:
            super().close()


class Judge(Protocol):
    """Who counts a request once its `with` block has judged it."""

    @property
    def meta(self) -> dict[str, Any]:
        """What is to be counted, under the names of the request event's arguments."""

    def settle(self, response: requests.Response, error: BaseException | None) -> None:
        """Count the request, as a failure when there is an `error`."""

    def status_error(self, response: requests.Response) -> BaseException | None:
        """Return what the status says: None for 2xx and 3xx."""

    def interrupted(self) -> None:
        """Count the request as cut off by the stop of its user."""

    def go_on(self) -> None:
        """Raise GreenletExit when the user is being stopped."""


class Judged(Answered):
    """What `catch_response=True` returns: the request is counted at the end of the `with` block.

    `success()` and `failure(...)` decide; without them the status does. An exception that the block raises is
    the failure and goes on, unless it is ResponseError; one that steers the user (StopUser …) only goes on.
    `request_meta` may be read and written meanwhile; what it holds at the end is counted (`response_time` in
    ms). A streamed body is read inside of the block: its end closes the response.
    """

    _swarm_judge: Judge
    _content_consumed: bool
    _swarm_entered = False
    _swarm_verdict: BaseException | bool | None = None

    @property
    def request_meta(self) -> dict[str, Any]:
        """What will be counted, under the names of the request event's arguments."""
        return self._swarm_judge.meta

    def success(self) -> None:
        """Count the request as a success, whatever its status. Raises CatchResponseError outside the `with`."""
        if not self._swarm_entered:
            super().success()
        self._swarm_verdict = True

    def failure(self, exc: BaseException | str) -> None:
        """Count the request as a failure: `exc` is an exception or a text.

        Raises CatchResponseError outside the `with`.
        """
        if not self._swarm_entered:
            super().failure(exc)
        self._swarm_verdict = exc if isinstance(exc, BaseException) else CatchResponseError(exc)

    def __enter__(self) -> Self:
        self._swarm_entered = True
        return self

    def __exit__(  # type: ignore[override]
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._swarm_entered = False
        judge, verdict = self._swarm_judge, self._swarm_verdict
        unread = not self._content_consumed
        self.close()
        if verdict is None:
            if unread and isinstance(error, GreenletExit):
                judge.interrupted()
                return False
            steered = error is None or isinstance(error, _STEERING)
            verdict = judge.status_error(self) if steered else error
        judge.settle(self, verdict if isinstance(verdict, BaseException) else None)
        if error is not None and not isinstance(error, ResponseError):
            return False
        judge.go_on()
        return True


class ResponseContextManager(Judged, HttpResponse):
    """A response of the core that its `with` block judges."""

    js: Any
    """In a block of `rest()`, the parsed body."""


def judged(response: requests.Response, judge: Judge) -> ResponseContextManager:
    """Turn `response` into one that waits for the judgement of its `with` block."""
    kind = type(response)
    response.__class__ = ResponseContextManager if kind is HttpResponse else _judged_class(cast("Any", kind))
    result = cast("ResponseContextManager", response)
    result._swarm_judge = judge
    return result


def adopted(response: requests.Response) -> requests.Response:
    """Give a response that another adapter made what this project adds to one."""
    if type(response) is requests.Response:
        response.__class__ = HttpResponse
    return response


def failed(error: RequestException, request: PreparedRequest | None) -> HttpResponse:
    """Return what a request comes to that got no answer: status 0, no content, and the `error`."""
    response = HttpResponse()
    response.status_code = 0
    response.error = error
    response._content_consumed = True
    response._content = b""
    if request is not None:
        response.request = request
        response.url = request.url or ""
    return response


@lru_cache(maxsize=64)
def _judged_class(kind: Any) -> type[requests.Response]:
    return type(f"Judged{kind.__name__}", (Judged, kind), {})


def response_of(answer: RawResponse, method: str, url: str, path: str, unread: bool) -> HttpResponse:
    """Return the response that `answer` is, without its request; its content stays to be read if `unread`."""
    response = HttpResponse.__new__(HttpResponse)
    response.status_code = answer.status_code
    response.url = url
    response._swarm_answer = answer
    response._swarm_method = method
    response._swarm_path = path
    if answer.plain and not unread:
        response._content = answer.content or b""
        response._content_consumed = True
        return response
    lowered = answer.head.lower()
    if b"\r\nset-cookie:" in lowered:
        response._swarm_sets_cookies = True
    if unread or (answer.content and b"\r\ncontent-encoding:" in lowered):
        _decode_or_leave(response, answer, unread)
    else:
        response._content = answer.content or b""
        response._content_consumed = True
    return response


def _decode_or_leave(response: HttpResponse, answer: RawResponse, unread: bool) -> None:
    """Take a plain gzip body apart; leave all others, wrong ones too, to urllib3."""
    response._content = False  # type: ignore[assignment]  # requests' mark of a content that is not read
    if unread:
        return
    encoding = (header_value(answer.head, b"content-encoding") or b"").lower()
    if encoding not in (b"gzip", b"x-gzip"):
        return
    gzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = gzip.decompress(answer.body)
    except zlib.error:
        return
    if gzip.eof and not gzip.unused_data:
        response._content = content
        response._content_consumed = True
