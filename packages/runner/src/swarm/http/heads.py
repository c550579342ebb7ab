"""The heads of requests, built once for each (method, URL, headers) and kept.

All sessions with the same base URL and the same headers of their own share one `Heads`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from swarm.http.urls import Location, is_absolute, locate, requote

if TYPE_CHECKING:
    from collections.abc import Mapping

STANDARD_HEADERS: Final = {
    "User-Agent": "swarm",
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate, br",
}
SHARED_LIMIT: Final = 4096
"""Heads that a `Heads` keeps at most; then it begins anew."""
PRIVATE_LIMIT: Final = 64
"""The same for a session whose headers are its own."""

_SHARED_KINDS: Final = 256
_EMPTY_BODY_METHODS: Final = frozenset({"GET", "HEAD"})  # all others say that their body is empty
_FORBIDDEN: Final = ("\r", "\n", "\0")

Key = tuple[str, str] | tuple[str, str, tuple[tuple[str, Any], ...]]


class HeaderLines:
    """Headers as they are sent, but for Host."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self.names = frozenset(map(str.lower, headers))
        self.text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def before(self, authority: str) -> str:
        """Return the lines with a Host of their own, or the server's."""
        return self.text if "host" in self.names else f"Host: {authority}\r\n{self.text}"


class Head:
    """One request up to its body: what is sent, and what it is called afterwards."""

    def __init__(
        self, method: str, location: Location, lines: str, names: frozenset[str], url: str, absolute: bool
    ) -> None:
        """Take header lines and their names in lower case; `url` is the URL as the user sees it.

        `absolute` puts the whole URL into the first line, as a proxy wants it.
        """
        self.method = method
        self.location = location
        self.url = url
        self.origin = location[:3]
        self._names = names
        self.has_cookie = "cookie" in names
        path = location.url if absolute else location.path
        # `_open` can go on with more headers; `whole` is a request without a body.
        self._open = f"{method} {path} HTTP/1.1\r\n{lines}".encode("latin-1")
        self._end = b"\r\n" if method in _EMPTY_BODY_METHODS else b"Content-Length: 0\r\n\r\n"
        self.whole = self._open + self._end

    def with_line(self, line: bytes) -> bytes:
        """Return the head of a request without a body, with one more line (b"" for none)."""
        return b"%b%b%b" % (self._open, line, self._end) if line else self.whole

    def with_body(self, body: bytes, content_type: str | None, line: bytes = b"") -> bytes:
        """Return the head of a request with a body, with one more line; a type that it has goes before."""
        if content_type and "content-type" not in self._names:
            line += f"Content-Type: {content_type}\r\n".encode("latin-1")
        return b"%b%bContent-Length: %d\r\n\r\n" % (self._open, line, len(body))


class Heads(dict[Key, Head]):
    """Heads by (method, URL) or (method, URL, headers); asking for one that is missing builds it."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str], proxied: bool = False, limit: int = PRIVATE_LIMIT
    ) -> None:
        """Take the base URL (one that is none serves absolute URLs only) and the headers of all requests."""
        super().__init__()
        self._base_url = base_url
        self._lines = HeaderLines(headers)
        self._proxied = proxied
        self._limit = limit
        self.accepts_all = headers.get("Accept") == "*/*"
        self._base: Location | None
        try:
            self._base = base = locate(base_url)
        except ValueError:
            self._base = None
        else:
            own = dict(headers)
            if base.authorization and "authorization" not in self._lines.names:
                own["Authorization"] = base.authorization
            self._base_names = HeaderLines(own).names
            self._base_lines = HeaderLines(own).before(base.authority)
            self._base_path = base.path.rstrip("/")
            if base.authorization:
                self._base_url = base.url  # without user and password

    @property
    def base_authorization(self) -> str | None:
        """The Authorization that the base URL's user and password make."""
        return self._base.authorization if self._base is not None else None

    def __missing__(self, key: Key) -> Head:
        head = self.build(key[0], key[1], dict(key[2]) if len(key) > 2 else None)
        if len(self) >= self._limit:
            self.clear()
        self[key] = head
        return head

    def build(self, method: str, url: str, headers: Mapping[str, Any] | None) -> Head:
        """Build a head that is not kept. Raises ValueError for a URL or header that cannot be sent."""
        method = method.upper()
        base = self._base
        full = self.resolve(url)
        if base is not None and url[:1] == "/":  # below the base, which need not be taken apart again
            path = requote((self._base_path + url).partition("#")[0])
            location = Location(base.scheme, base.host, base.port, path, base.authorization)
            if not headers:
                absolute = self._proxied and base.scheme == "http"
                return Head(method, location, self._base_lines, self._base_names, full, absolute)
        else:
            location = locate(full)
        merged = merge_headers(self._lines.headers, headers) if headers else dict(self._lines.headers)
        if location.authorization and "authorization" not in map(str.lower, merged):
            merged["Authorization"] = location.authorization
        lines = HeaderLines(merged)
        if "@" in full:
            full = location.url
        absolute = self._proxied and location.scheme == "http"
        return Head(method, location, lines.before(location.authority), lines.names, full, absolute)

    def resolve(self, url: str) -> str:
        """Return the absolute URL: base and path are joined as text."""
        if is_absolute(url):
            return url
        if self._base_url.endswith("/") and url.startswith("/"):
            return self._base_url + url[1:]
        return self._base_url + url


_SHARED: dict[tuple[str, tuple[tuple[str, str], ...], bool], Heads] = {}


def shared_heads(base_url: str, headers: dict[str, str], proxied: bool) -> Heads:
    """Return the heads of all sessions with the same base URL and headers."""
    key = (base_url, tuple(headers.items()), proxied)
    heads = _SHARED.get(key)
    if heads is None:
        if len(_SHARED) >= _SHARED_KINDS:
            _SHARED.clear()
        heads = _SHARED[key] = Heads(base_url, headers, proxied, SHARED_LIMIT)
    return heads


def standard_headers(default_headers: Mapping[str, Any] | None, authorization: str | None) -> dict[str, str]:
    """Return the headers of all requests of a session."""
    merged = merge_headers(STANDARD_HEADERS, default_headers or {})
    if authorization and "authorization" not in map(str.lower, merged):
        merged["Authorization"] = authorization
    return merged


def merge_headers(base: Mapping[str, str], more: Mapping[str, Any]) -> dict[str, str]:
    """Lay headers over others, whatever the case of their names; the value None takes one away.

    Content-Length is left out: it is counted when there is a body.
    Raises ValueError for a name or value that would end its line.
    """
    named = {name.lower(): (name, value) for name, value in base.items()}
    for name, value in more.items():
        low = name.lower()
        if value is None:
            named.pop(low, None)
        elif low != "content-length":
            named[low] = (name, checked(name, value))
    return dict(named.values())


def checked(name: str, value: Any) -> str:
    """Return a header's value as text. Raises ValueError for a line break in it or in its name."""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    if any(mark in text or mark in name for mark in _FORBIDDEN):
        raise ValueError(f"the header {name!r} has a line break or NUL in its name or value: {text!r}")
    return text
