"""Runs one use of requests over requests' own adapter and over ours, and describes what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
import urllib3

from swarm.http.on_requests.adapter import CoreAdapter
from swarm.http.on_requests.session import HttpSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runner.requests.server import Received, Server

Use = "Callable[[requests.Session, str], requests.Response]"


def over_requests() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def over_core_adapter() -> requests.Session:
    session = over_requests()
    session.mount("http://", CoreAdapter())
    session.mount("https://", CoreAdapter())
    return session


def http_session() -> requests.Session:
    return HttpSession(None)


OURS = {"CoreAdapter": over_core_adapter, "HttpSession": http_session}


def outcome(
    make: Callable[[], requests.Session], use: Callable[[requests.Session, str], Any], server: Server
) -> dict[str, Any]:
    """Return all that can be seen of `use(session, server.url)`, from both sides."""
    server.received.clear()
    with make() as session:
        seen = _described(lambda: use(session, server.url))
        seen["session cookies"] = _cookies(session.cookies)
    seen["server"] = [_bytes(request) for request in server.received]
    return seen


def _described(call: Callable[[], Any]) -> dict[str, Any]:
    try:
        result = call()
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, TypeError) as error:
        return {"error": (type(error), str(error))}
    error = getattr(result, "error", None)
    if error is not None:
        return {"error": (type(error), str(error))}
    if not isinstance(result, requests.Response):
        return {"value": result}
    return response(result)


def response(result: requests.Response) -> dict[str, Any]:
    """Return what a response says, in the order in which its parts are likely to disturb each other."""
    seen = {
        "status": (result.status_code, result.reason, result.ok, bool(result)),
        "url": result.url,
        "history": [response(earlier) for earlier in result.history],
        "headers": list(result.headers.items()),
        "encoding": result.encoding,
        "content": result.content,
        "text": result.text if result.content.isascii() else None,
        "again": list(result.iter_content(7)),
        "redirect": (result.is_redirect, result.is_permanent_redirect, result.links),
        "next": None if result.next is None else prepared(result.next),
        "cookies": _cookies(result.cookies),
        "request": prepared(result.request),
        "raw": (
            result.raw.version,
            result.raw.status,
            result.raw.reason,
            list(result.raw.headers.items()),
            result.raw.read(),
            None if result.raw.chunked else result.raw.tell(),
            result.raw.closed,
        ),
        "adapter": isinstance(result.connection, requests.adapters.HTTPAdapter),
        "time": result.elapsed.total_seconds() > 0,
        "pickled": sorted(result.__getstate__()),
    }
    try:
        result.raise_for_status()
    except requests.HTTPError as error:
        seen["raises"] = str(error)
    return seen


def prepared(request: requests.PreparedRequest) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        "path": request.path_url,
        "headers": list(request.headers.items()),
        "body": request.body if isinstance(request.body, (str, bytes, type(None))) else type(request.body),
        "hooks": {event: len(hooks) for event, hooks in request.hooks.items()},
        "cookies": _cookies(request._cookies),  # type: ignore[attr-defined]
    }


def _bytes(request: Received) -> tuple[bytes, bytes]:
    return request.head, request.body


def _cookies(jar: Any) -> list[tuple[Any, ...]]:
    return sorted(
        (cookie.domain, cookie.path, cookie.name, cookie.value, cookie.secure, cookie.expires is None)
        for cookie in jar
    )
