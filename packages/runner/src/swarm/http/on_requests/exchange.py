"""Sends a plain request over the core and makes requests' response of the answer, redirects and cookies included."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from requests.cookies import extract_cookies_to_jar
from requests.models import REDIRECT_STATI

from swarm.http.message import RawResponse
from swarm.http.on_requests.adapter import NO_LIMITS, seconds_of
from swarm.http.on_requests.errors import raise_translated
from swarm.http.on_requests.response import response_of

if TYPE_CHECKING:
    import requests

    from swarm.http.on_requests.response import HttpResponse
    from swarm.http.on_requests.sent import Sent
    from swarm.http.on_requests.session import HttpSession


def exchange(
    session: HttpSession, sent: Sent, timeout: Any, allow_redirects: bool, stream: bool, verify: Any
) -> requests.Response:
    """Do what `requests.Session.send` does, for a plain request. Raises `requests.exceptions`."""
    core = session._swarm_core
    origin = sent.origin
    limits = NO_LIMITS if timeout is None else seconds_of(timeout)
    pool = core.pool_for(origin.where[0], verify)
    answer = RawResponse()
    start = perf_counter()
    try:
        pool.exchange(
            origin.where, sent.head, sent.payload, sent.method, answer, limits[0], limits[1], stream
        )
    except OSError as error:
        raise_translated(error, sent.prepared(), origin.where, sent.path, limits, bool(answer.head))
    response = response_of(answer, sent.method, sent.url, sent.path, stream)
    response._swarm_seconds = (answer.head_at or perf_counter()) - start
    response._swarm_sent = sent
    response.connection = core
    if response._swarm_sets_cookies:
        extract_cookies_to_jar(  # type: ignore[no-untyped-call]
            session.cookies, response.request, response.raw
        )
    if answer.status_code in REDIRECT_STATI and response.is_redirect:
        return _redirected(session, response, timeout, allow_redirects, stream, verify)
    if not (stream or response._content_consumed):
        response.content  # noqa: B018  reads and decodes it
    return response


def _redirected(
    session: HttpSession,
    response: HttpResponse,
    timeout: Any,
    allow_redirects: bool,
    stream: bool,
    verify: Any,
) -> requests.Response:
    """Follow a redirect, or note where it leads."""
    options = {"stream": stream, "timeout": timeout, "verify": verify, "cert": None, "proxies": {}}
    final: requests.Response = response
    if allow_redirects:
        hops = [response, *session.resolve_redirects(response, response.request, **options)]
        final = hops.pop()
        final.history = hops
    else:
        response._next = next(
            session.resolve_redirects(response, response.request, yield_requests=True, **options), None
        )
    if not stream:
        final.content  # noqa: B018  reads and decodes it
    return final
