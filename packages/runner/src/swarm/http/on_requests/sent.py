"""What a request on the plain path was, kept so that requests' own `PreparedRequest` can be made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests import PreparedRequest
from requests.cookies import RequestsCookieJar

if TYPE_CHECKING:
    from http.cookiejar import Cookie

    from swarm.http.on_requests.heads import HeaderBlock
    from swarm.http.on_requests.urls import Target


class Sent:
    """A request without hooks, files or a streamed body, ready for the core.

    `url` and `path` (with the query) are as requests prepares them.
    """

    __slots__ = ("block", "body", "cookies", "extra", "head", "method", "origin", "path", "payload", "url")

    def __init__(
        self,
        method: str,
        target: Target,
        block: HeaderBlock,
        extra: list[tuple[str, str]],
        body: str | bytes | None,
        cookies: tuple[Cookie, ...],
        head: bytes,
        payload: bytes | None,
    ) -> None:
        self.method = method
        self.origin, self.url, self.path = target
        self.block = block
        self.extra = (
            extra  # the headers behind the block's: Cookie, Content-Length, Content-Type, Authorization
        )
        self.body = body
        self.cookies = cookies  # those of the session when it was sent
        self.head = head
        self.payload = payload  # `body` as bytes

    def prepared(self) -> PreparedRequest:
        """Return the request as requests would have prepared it."""
        request = PreparedRequest()
        request.method = self.method
        request.url = self.url
        request.headers = headers = self.block.copy()
        for name, value in self.extra:
            headers[name] = value
        request.body = self.body
        jar = RequestsCookieJar()
        for cookie in self.cookies:
            jar.set_cookie(cookie)
        vars(request)["_cookies"] = jar
        return request


class SentByRequests:
    """A request that requests has prepared."""

    def __init__(self, request: PreparedRequest) -> None:
        self._request = request
        self.method = str(request.method)
        self.url = str(request.url)
        self.path: str = request.path_url

    def prepared(self) -> PreparedRequest:
        """Return the request."""
        return self._request
