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


class _Answer:
    """As much of a response as http.cookiejar looks at."""

    def __init__(self, head: bytes) -> None:
        self._head = head

    def info(self) -> _Answer:
        return self

    def get_all(self, name: str, default: Any = None) -> Any:
        wanted = name.lower().encode()
        found = [value.decode("latin-1") for key, value in parse_head(self._head) if key.lower() == wanted]
        return found or default


class SessionCookies(CookieJar):
    """A cookie jar that can also be read and written like a dict of names and values."""

    def __init__(self) -> None:
        super().__init__()
        self._headers: dict[tuple[str, str], bytes] = {}
        self._expiry = float("inf")  # when the remembered headers may be wrong (seconds since the epoch)

    def header_for(self, head: Head) -> bytes:
        """Return the Cookie line for a request, with its line end; b"" when no cookie goes there."""
        url = head.location.url
        key = (head.location.scheme, url)
        if time.time() >= self._expiry:
            self._forget()
        line = self._headers.get(key)
        if line is None:
            if len(self._headers) >= _REMEMBERED:
                self._headers.clear()
            request = Request(url)  # noqa: S310  it is not opened
            self.add_cookie_header(request)
            value = request.get_header("Cookie")
            line = b"Cookie: %b\r\n" % value.encode("latin-1") if value else b""
            self._headers[key] = line
            self._expiry = min((cookie.expires for cookie in self if cookie.expires), default=float("inf"))
        return line

    def take(self, head: bytes, url: str) -> None:
        """Keep the cookies that an answer to a request for `url` sets."""
        self.extract_cookies(_Answer(head), Request(url))  # type: ignore[arg-type]  # noqa: S310

    def set_cookie(self, cookie: Cookie) -> None:
        """Keep a cookie."""
        super().set_cookie(cookie)
        self._forget()

    def clear(self, domain: str | None = None, path: str | None = None, name: str | None = None) -> None:
        """Forget all cookies, or those of a domain, path and name. Raises KeyError when there are none such."""
        super().clear(domain, path, name)
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
        self._headers.clear()
        self._expiry = float("inf")


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
