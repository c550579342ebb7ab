"""Takes URLs apart and quotes them, as requests does."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_ABSOLUTE: Final = re.compile(r"https?://", re.IGNORECASE)
# What needs no look: unreserved and reserved characters, no per cent sign.
_CLEAN: Final = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,/:;=?@\[\]]*")
_PLAIN: Final = re.compile(r"[A-Za-z0-9\-._~]*")  # what a form takes as it is
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"


class Location(NamedTuple):
    """Where a URL leads: a server, and what to ask it for.

    `host` is what to connect to (in ASCII, an IPv6 address without brackets), `path` has the query, too, and
    is quoted, `authorization` is the header that the URL's user and password make.
    """

    scheme: str
    host: str
    port: int
    path: str
    authorization: str | None

    @property
    def origin(self) -> tuple[str, str, int]:
        """(scheme, host, port)."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole URL, quoted, without user and fragment."""
        return f"{self.scheme}://{self.authority}{self.path}"


def is_absolute(url: str) -> bool:
    """Say whether a URL has a scheme that we speak."""
    return _ABSOLUTE.match(url) is not None


def locate(url: str) -> Location:
    """Take an absolute http or https URL apart.

    Raises ValueError for a URL without a scheme or host, with a port that is none, or a host that is no name.
    """
    parts = urlsplit(url.strip())
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise ValueError(f"{url!r} is no URL that can be requested: it has to begin with http:// or https://")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(
            f"{url!r} has no valid port: {error} (does the path lack its first slash?)"
        ) from error
    host = parts.hostname
    if not host:
        raise ValueError(f"{url!r} names no host")
    authorization = None
    if parts.username is not None:
        authorization = basic_auth(unquote(parts.username), unquote(parts.password or ""))
    path = parts.path or "/"
    if not path.startswith("/"):
        path = "/" + path
    if parts.query:
        path = f"{path}?{parts.query}"
    return Location(
        scheme,
        _ascii_host(host, url),
        DEFAULT_PORTS[scheme] if port is None else port,
        requote(path),
        authorization,
    )


def requote(path: str) -> str:
    """Quote what may not stand in a path and query, and leave what is quoted already."""
    if _CLEAN.fullmatch(path):
        return path
    try:
        return quote(_unquote_unreserved(path), safe=_SAFE)
    except ValueError:  # a per cent sign that is none of an escape
        return quote(path, safe=_SAFE.replace("%", ""))


def with_params(url: str, params: Any) -> str:
    """Append a query to a URL: a dict, pairs, or text that is one; names without a value are left out."""
    if isinstance(params, bytes):
        query = params.decode()
    elif isinstance(params, str):
        query = params
    else:
        items = params.items() if hasattr(params, "items") else params
        query = encode_form(items)
    if not query:
        return url
    url, mark, fragment = url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}{query}{mark}{fragment}"


def encode_form(pairs: Iterable[tuple[Any, Any]]) -> str:
    """Return pairs as a query or form; a list gives a pair for each of its values, None is left out."""
    parts = []
    for key, value in pairs:
        if value is None:
            continue
        if isinstance(value, str | int | float) and isinstance(key, str):
            text = str(value)
            if _PLAIN.fullmatch(text) and _PLAIN.fullmatch(key):
                parts.append(f"{key}={text}")
                continue
        encoded = urlencode([(key, value)], doseq=True)
        if encoded:
            parts.append(encoded)
    return "&".join(parts)


def basic_auth(user: str | bytes, password: str | bytes) -> str:
    """Return the Authorization value of a user and a password."""
    if isinstance(user, str):
        user = user.encode()
    if isinstance(password, str):
        password = password.encode()
    return "Basic " + b64encode(user + b":" + password).decode("ascii")


def _ascii_host(host: str, url: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"the host of {url!r} is no valid name: {error}") from error


def _unquote_unreserved(path: str) -> str:
    """Undo the escapes of characters that need none. Raises ValueError for what looks like one and is none."""
    first, *rest = path.split("%")
    parts = [first]
    for part in rest:
        code = part[:2]
        if len(code) == 2 and code.isalnum():
            character = chr(int(code, 16))
            parts.append(character + part[2:] if character in _UNRESERVED else f"%{part}")
        else:
            parts.append(f"%{part}")
    return "".join(parts)
