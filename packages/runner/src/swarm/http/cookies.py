"""The cookies of a session: http.cookiejar's rules, with what comes out of them remembered between requests.

A jar costs nothing while it is empty, and a string look-up while it does not change.
"""

from __future__ import annotations

import time
from http.cookiejar import Cookie, CookieJar
from typing import TYPE_CHECKING, Any, Final
from urllib.request import Request

from swarm.http.message import parse_head

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from swarm.http.heads import Head

_REMEMBERED: Final = 256
_NEVER: Final = float("inf")


class _Answer:
    """As much of a response as http.cookiejar looks at."""

    def __init__(self, values: list[bytes]) -> None:
        self._values = values

    def info(self) -> _Answer:
        return self

    def get_all(self, name: str, default: Any = None) -> Any:
        return [value.decode("latin-1") for value in self._values] if name == "Set-Cookie" else default


class SessionCookies(CookieJar):
    """A cookie jar that can also be read and written like a dict of names and values."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[Head, bytes] = {}
        self._expiry = _NEVER  # when the remembered lines may be wrong (seconds since the epoch)
        self._renewable: dict[tuple[str, bytes, bytes], Cookie] = {}

    def header_for(self, head: Head) -> bytes:
        """Return the Cookie line for a request, with its line end; b"" when no cookie goes there."""
        if self._expiry is not _NEVER and time.time() >= self._expiry:
            self._forget()
        line = self._lines.get(head)
        if line is None:
            if len(self._lines) >= _REMEMBERED:
                self._lines.clear()
            line = self._lines[head] = self._line(head)
        return line

    def take(self, head: bytes, url: str) -> None:
        """Keep the cookies that an answer to a request for `url` sets."""
        values = [value for name, value in parse_head(head) if name.lower() == b"set-cookie"]
        host = url.split("/", 3)[2]
        if all(self._renew(host, value) for value in values):
            return
        self.extract_cookies(_Answer(values), Request(url))  # type: ignore[arg-type]  # noqa: S310
        for value in values:
            self._remember(host, value)

    def _line(self, head: Head) -> bytes:
        """Put the Cookie line for a request together: RFC 6265, 5.4."""
        location = head.location
        host = f"[{location.host}]" if ":" in location.host else location.host
        if "." not in host:
            host = f"{host}.local"  # so http.cookiejar calls it
        path = location.path.partition("?")[0]
        now = time.time()
        expiry: float = self._expiry
        found = []
        for cookie in self:
            if cookie.expires is not None:
                if cookie.expires <= now:
                    continue
                expiry = min(expiry, cookie.expires)
            if cookie.secure and location.scheme != "https":
                continue
            if _domain_matches(cookie, host) and _path_matches(cookie.path, path):
                found.append(cookie)
        self._expiry = expiry
        if not found:
            return b""
        found.sort(key=lambda cookie: -len(cookie.path))
        text = "; ".join(
            cookie.name if cookie.value is None else f"{cookie.name}={cookie.value}" for cookie in found
        )
        return b"Cookie: %b\r\n" % text.encode("latin-1", "replace")

    def _renew(self, host: str, value: bytes) -> bool:
        """Give a cookie that is set again its new value; say whether it was known."""
        name, rest, attributes = _split(value)
        cookie = self._renewable.get((host, name, attributes))
        if cookie is None:
            return False
        text = rest.decode("latin-1")
        if cookie.value != text:
            cookie.value = text
            self._lines.clear()
        return True

    def _remember(self, host: str, value: bytes) -> None:
        """Remember a cookie that may be set again, when nothing but its value can change by that."""
        name, rest, attributes = _split(value)
        if b"expires" in attributes or b"max-age" in attributes or b"path" not in attributes:
            return
        same = [cookie for cookie in self if cookie.name == name.decode("latin-1")]
        if len(same) == 1 and same[0].value == rest.decode("latin-1"):
            if len(self._renewable) >= _REMEMBERED:
                self._renewable.clear()
            self._renewable[host, name, attributes] = same[0]

    def set_cookie(self, cookie: Cookie) -> None:
        """Keep a cookie."""
        super().set_cookie(cookie)
        place = (cookie.domain, cookie.path, cookie.name)
        for key, known in list(self._renewable.items()):
            if (known.domain, known.path, known.name) == place:
                del self._renewable[key]
        self._forget()

    def clear(self, domain: str | None = None, path: str | None = None, name: str | None = None) -> None:
        """Forget all cookies, or those of a domain, path and name. Raises KeyError when there are none such."""
        super().clear(domain, path, name)
        self._renewable.clear()
        self._forget()

    def set(self, name: str, value: str | None, domain: str = "", path: str = "/") -> None:
        """Set a cookie by hand; it goes to every host unless a domain is given. None removes it."""
        if value is None:
            for cookie in [cookie for cookie in self if cookie.name == name]:
                self.clear(cookie.domain, cookie.path, cookie.name)
            return
        self.set_cookie(make_cookie(name, value, domain, path))

    def update(self, other: CookieJar | Mapping[str, str]) -> None:
        """Take over cookies of a jar, or names and values."""
        if isinstance(other, CookieJar):
            for cookie in other:
                self.set_cookie(cookie)
        else:
            for name, value in other.items():
                self.set(name, value)

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of a cookie."""
        return next((cookie.value for cookie in self if cookie.name == name), default)

    def get_dict(self) -> dict[str, str | None]:
        """Return names and values."""
        return {cookie.name: cookie.value for cookie in self}

    def keys(self) -> list[str]:
        """Return the names."""
        return [cookie.name for cookie in self]

    def values(self) -> list[str | None]:
        """Return the values."""
        return [cookie.value for cookie in self]

    def items(self) -> list[tuple[str, str | None]]:
        """Return pairs of name and value."""
        return [(cookie.name, cookie.value) for cookie in self]

    def __getitem__(self, name: str) -> str | None:
        for cookie in self:
            if cookie.name == name:
                return cookie.value
        raise KeyError(name)

    def __setitem__(self, name: str, value: str | None) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self.set(name, None)

    def __contains__(self, name: object) -> bool:
        return any(cookie.name == name for cookie in self)

    def __iter__(self) -> Iterator[Cookie]:
        return iter(list(super().__iter__()))

    def _forget(self) -> None:
        self._lines.clear()
        self._expiry = _NEVER


def _split(value: bytes) -> tuple[bytes, bytes, bytes]:
    """Return a Set-Cookie's name, value and attributes, these in lower case."""
    pair, _, attributes = value.partition(b";")
    name, _, text = pair.partition(b"=")
    return name.strip(), text.strip(), attributes.lower()


def _domain_matches(cookie: Cookie, host: str) -> bool:
    domain = cookie.domain
    if not domain or host == domain:  # set by hand for every host, or by this one
        return True
    return cookie.domain_specified and f".{host}".endswith(domain if domain[0] == "." else f".{domain}")


def _path_matches(cookie_path: str, path: str) -> bool:
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path.endswith("/") or path[len(cookie_path)] == "/"


def make_cookie(name: str, value: str, domain: str = "", path: str = "/") -> Cookie:
    """Return a session cookie."""
    return Cookie(
        version=0,
        name=name,
        value=value,
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=bool(domain),
        domain_initial_dot=domain.startswith("."),
        path=path,
        path_specified=bool(path),
        secure=False,
        expires=None,
        discard=True,
        comment=None,
        comment_url=None,
        rest={},
    )
