"""What a session sends with every request: its base URL, headers, authorization and cookies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.http.cookies import SessionCookies
from swarm.http.headers import WatchedHeaders
from swarm.http.heads import Heads, shared_heads, standard_headers
from swarm.http.payload import JSON, encode
from swarm.http.urls import basic_auth, with_params

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.cookiejar import CookieJar

    from swarm.http.heads import Head

Auth = tuple[str | bytes, str | bytes]

_ACCEPT_JSON = {"Accept": JSON}


class SessionState:
    """Base of a session: heads of its requests, and what they are built from.

    Sessions that were made alike share their heads; one whose settings change has its own from then on.
    """

    def __init__(
        self, base_url: str | None, default_headers: Mapping[str, Any] | None, proxied: bool
    ) -> None:
        self._base_url = base_url or ""
        self._default_headers = default_headers or {}
        self._auth_header: str | None = None
        self._cookies: SessionCookies | None = None
        self._proxied = proxied
        self._heads = shared_heads(
            self._base_url, standard_headers(self._default_headers, None), proxied=proxied
        )

    @property
    def cookiejar(self) -> SessionCookies:
        """The session's cookies."""
        if self._cookies is None:
            self._cookies = SessionCookies()
        return self._cookies

    @cookiejar.setter
    def cookiejar(self, cookies: CookieJar) -> None:
        self._cookies = SessionCookies()
        self._cookies.update(cookies)

    @property
    def base_url(self) -> str:
        """What relative URLs are appended to."""
        return self._base_url

    @base_url.setter
    def base_url(self, url: str | None) -> None:
        self._base_url = url or ""
        self._renew_heads()

    @property
    def auth_header(self) -> str | None:
        """The Authorization of all requests; the base URL's user and password when it was not set."""
        return self._auth_header or self._heads.base_authorization

    @auth_header.setter
    def auth_header(self, value: str | None) -> None:
        self._auth_header = value
        self._renew_heads()

    @property
    def default_headers(self) -> WatchedHeaders:
        """The headers of all requests, beside the standard ones; a value of None leaves one out."""
        if not isinstance(self._default_headers, WatchedHeaders):
            self._default_headers = WatchedHeaders(self._default_headers, self._renew_heads)
        return self._default_headers

    @default_headers.setter
    def default_headers(self, headers: Mapping[str, Any] | None) -> None:
        self._default_headers = WatchedHeaders(headers, self._renew_heads)
        self._renew_heads()

    def _renew_heads(self) -> None:
        """Build heads anew, for this session alone."""
        self._heads = Heads(
            self._base_url,
            standard_headers(self._default_headers, self._auth_header),
            proxied=self._proxied,
        )

    def _prepare(
        self,
        method: str,
        url: str,
        data: Any,
        headers: Mapping[str, Any] | None,
        json: Any,
        params: Any,
        auth: Auth | None,
        files: Any,
        cookies: CookieJar | Mapping[str, str] | None,
    ) -> tuple[Head, bytes, bytes | None]:
        """Return a request's head, what is sent of it, and its body."""
        if params:
            url = with_params(url, params)
        if auth is not None:
            headers = {**(headers or {}), "Authorization": basic_auth(*auth)}
        if json is not None and self._heads.accepts_all:
            headers = {"Accept": JSON, **headers} if headers else _ACCEPT_JSON
        if headers:
            try:
                head = self._heads[method, url, tuple(headers.items())]
            except TypeError:  # a value that cannot be a key
                head = self._heads.build(method, url, headers)
        else:
            head = self._heads[method, url]
        line = self._cookie_line(head, cookies)
        if data is None and json is None and files is None:
            return head, head.with_line(line), None
        body, kind = encode(data, json, files)
        return head, head.with_body(body, kind, line), body

    def _cookie_line(self, head: Head, cookies: CookieJar | Mapping[str, str] | None) -> bytes:
        """Return the Cookie line of a request, of the session's cookies and the call's."""
        jar = self._cookies
        if head.has_cookie:  # written by hand
            return b""
        if cookies:
            both = SessionCookies()
            if jar is not None:
                both.update(jar)
            both.update(cookies)
            jar = both
        return jar.header_for(head) if jar is not None else b""
