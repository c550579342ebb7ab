"""The Cookie header of a session's jar, worked out anew only when the jar, the place or the time asks for it.

http.cookiejar decides which cookies go where; that takes some 50 µs, and for most requests of a user the answer
is the one before.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from requests import PreparedRequest
from requests.cookies import RequestsCookieJar, get_cookie_header, merge_cookies
from requests.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from http.cookiejar import Cookie

    from swarm.http.on_requests.urls import Target

_HEADERS_KEPT = 256
_NEVER = float("inf")


class CookieHeaders:
    """The Cookie headers that one session has sent since its jar last changed."""

    def __init__(self) -> None:
        self._stamp: tuple[Any, ...] = ()
        self._cookies: tuple[Cookie, ...] = ()
        self._until = 0.0
        self._by_path = False
        self._known: dict[tuple[str, str], str | None] = {}

    def header(self, jar: RequestsCookieJar, target: Target) -> tuple[str | None, tuple[Cookie, ...]]:
        """Return the header for a request to `target`, and the cookies of the jar that have not expired."""
        cookies = [
            cookie
            for paths in jar._cookies.values()  # type: ignore[attr-defined]  # its iterator takes ten times as long
            for names in paths.values()
            for cookie in names.values()
        ]
        if not cookies:
            return None, ()
        stamp = tuple([item for cookie in cookies for item in (cookie, cookie.value, cookie.expires)])
        if stamp != self._stamp or time.time() >= self._until:
            self._renew(cookies, stamp)
        origin, url, path = target
        key = (origin.prefix, path.partition("?")[0] if self._by_path else "")
        try:
            return self._known[key], self._cookies
        except KeyError:
            if len(self._known) >= _HEADERS_KEPT:
                self._known.clear()
            header = self._known[key] = _header(jar, url)
            return header, self._cookies

    def _renew(self, cookies: list[Cookie], stamp: tuple[Any, ...]) -> None:
        now = time.time()
        self._stamp = stamp
        self._cookies = tuple(cookie for cookie in cookies if not cookie.is_expired(int(now)))
        self._until = min(
            (cookie.expires for cookie in cookies if cookie.expires is not None and cookie.expires > now),
            default=_NEVER,
        )
        self._by_path = any(cookie.path != "/" for cookie in cookies)
        self._known.clear()


def _header(jar: RequestsCookieJar, url: str) -> str | None:
    request = PreparedRequest()
    request.url = url
    request.headers = CaseInsensitiveDict()
    merged = merge_cookies(RequestsCookieJar(), jar)  # type: ignore[no-untyped-call]
    header: str | None = get_cookie_header(merged, request)  # type: ignore[no-untyped-call]
    return header
