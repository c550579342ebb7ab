"""Follows redirects, as requests does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from swarm.http.errors import BadAnswerError, TooManyRedirectsError
from swarm.http.message import header_value
from swarm.http.urls import is_absolute, locate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swarm.http.heads import Head
    from swarm.http.response import FastResponse
    from swarm.http.session import FastHttpSession
    from swarm.http.urls import Location

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_UPGRADE: Final = ("http", 80, "https", 443)


def follow(
    session: FastHttpSession,
    response: FastResponse,
    headers: Mapping[str, Any] | None,
    cookies: Any,
    connect_timeout: float | None,
    network_timeout: float | None,
    stream: bool,
) -> FastResponse:
    """Follow redirects from an answer and return the last one, its `history` filled.

    Cookies set on the way are kept and sent. Raises TooManyRedirectsError, BadAnswerError, and what sending
    a request does.
    """
    history: list[FastResponse] = []
    more = dict(headers or {})
    while response.status_code in REDIRECTS:
        head, sent, body = response._swarm_request
        step = _next_request(response, head, body, more)
        if step is None:
            break
        if len(history) >= session.max_redirects:
            raise TooManyRedirectsError(
                f"more than {session.max_redirects} redirects, the next one to {step[1]}"
            )
        if header_value(response.head, b"set-cookie") is not None:
            session.cookiejar.take(response.head, head.location.url)
        if response.stream is not None:
            response.content = response.stream.read()
            response.stream = None
        history.append(response)
        method, url, body = step
        target = locate(url)
        if not keeps_authorization(head.location, target):
            _drop(more, "authorization")
            more["Authorization"] = None
        head = session._heads.build(method, url, more)
        line = session._cookie_line(head, cookies)
        if body is None:
            sent = head.with_line(line)
        else:
            kind = header_value(sent, b"content-type")
            sent = head.with_body(body, kind.decode("latin-1") if kind else None, line)
        response = type(response)()
        response._swarm_request = head, sent, body
        session.pool.exchange(
            head.origin, sent, body, method, response, connect_timeout, network_timeout, stream
        )
    response.history = history
    return response


def _next_request(
    response: FastResponse, head: Head, body: bytes | None, headers: dict[str, Any]
) -> tuple[str, str, bytes | None] | None:
    """Return what a redirect asks for: method, URL and body; None when it does not say where.

    303, 302, and 301 after POST turn into GET and lose the body and, of `headers`, what belongs to it.
    Raises BadAnswerError for a place that is no http URL.
    """
    location = header_value(response.head, b"location")
    if location is None:
        return None
    url = urljoin(head.location.url, location.decode("utf-8", "replace"))
    if not is_absolute(url):
        raise BadAnswerError(f"{head.url} redirects to {url!r}, which is no http URL")
    _drop(headers, "host", "cookie")
    if response.status_code in (307, 308):
        return head.method, url, body
    _drop(headers, "content-type", "transfer-encoding")
    return _next_method(head.method, response.status_code), url, None


def keeps_authorization(before: Location, after: Location) -> bool:
    """Say whether a redirect takes the Authorization along: to the same server, or from http to its https."""
    if before.host != after.host:
        return False
    return before.origin == after.origin or (before.scheme, before.port, after.scheme, after.port) == _UPGRADE


def _next_method(method: str, status: int) -> str:
    if status in (302, 303):
        return method if method == "HEAD" else "GET"
    return "GET" if status == 301 and method == "POST" else method


def _drop(headers: dict[str, Any], *names: str) -> None:
    for name in [name for name in headers if name.lower() in names]:
        del headers[name]
