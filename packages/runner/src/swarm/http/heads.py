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


class Head:
    """One request up to its body: what is sent, and what it is called afterwards."""

    def __init__(
        self, method: str, location: Location, headers: dict[str, str], url: str, absolute: bool
    ) -> None:
        """Take headers by their names as written; `url` is the URL as the user sees it.

        `absolute` puts the whole URL into the first line, as a proxy wants it.
        """
        self.method = method
        self.location = location
        self.headers = headers
        self.url = url
        self.origin = location.origin
        self._lowered = frozenset(map(str.lower, headers))
        host = "" if "host" in self._lowered else f"Host: {location.authority}\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        # `open` goes on with more headers, `whole` is a request without a body.
        path = location.url if absolute else location.path
        self.open = f"{method} {path} HTTP/1.1\r\n{host}{lines}".encode("latin-1")
        self._end = b"\r\n" if method in _EMPTY_BODY_METHODS else b"Content-Length: 0\r\n\r\n"
        self.whole = self.open + self._end

    def with_line(self, line: bytes) -> bytes:
        """Return the head of a request without a body, with one more line (b"" for none)."""
        return b"%b%b%b" % (self.open, line, self._end) if line else self.whole

    def with_body(self, body: bytes, content_type: str | None, line: bytes = b"") -> bytes:
        """Return the head of a request with a body, with one more line; a type that it has goes before."""
        if content_type and "content-type" not in self._lowered:
            line += f"Content-Type: {content_type}\r\n".encode("latin-1")
        return b"%b%bContent-Length: %d\r\n\r\n" % (self.open, line, len(body))


class Heads(dict[Key, Head]):
    """Heads by (method, URL) or (method, URL, headers); asking for one that is missing builds it."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str], proxied: bool = False, limit: int = PRIVATE_LIMIT
    ) -> None:
        """Take the base URL (one that is none serves absolute URLs only) and the headers of all requests."""
        super().__init__()
        self._base_url = base_url
        self._headers = dict(headers)
        self._proxied = proxied
        self._limit = limit
        self.accepts_all = headers.get("Accept") == "*/*"
        try:
            self._base: Location | None = locate(base_url)
        except ValueError:
            self._base = None

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
        full = self.resolve(url)
        location = self._locate(url, full)
        merged = merge_headers(self._headers, headers) if headers else dict(self._headers)
        if location.authorization and "authorization" not in map(str.lower, merged):
            merged["Authorization"] = location.authorization
        absolute = self._proxied and location.scheme == "http"
        return Head(method.upper(), location, merged, location.url if "@" in full else full, absolute)

    def resolve(self, url: str) -> str:
        """Return the absolute URL: base and path are joined as text."""
        if is_absolute(url):
            return url
        if self._base_url.endswith("/") and url.startswith("/"):
            return self._base_url + url[1:]
        return self._base_url + url

    def _locate(self, url: str, full: str) -> Location:
        """Find out where a URL leads; a path below the base need not be taken apart for it."""
        base = self._base
        if base is None or url is full or not url.startswith(("/", "?")):
            return locate(full)
        path = f"{base.path.rstrip('/')}{url}".partition("#")[0]
        return Location(base.scheme, base.host, base.port, requote(path), base.authorization)


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
