"""URLs as requests prepares them, at a fraction of the cost.

The rule: `prepare` gives exactly what `requests.PreparedRequest.prepare_url` gives, or None when only requests
itself can say. A target made of characters that need no change is taken as it is, after a regular expression
has read it; everything else goes through requests once and is remembered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.exceptions import InvalidURL

_ORIGINS_KEPT = 1_024
_PREPARED_KEPT = 4_096

# What RFC 3986 allows in a path and in a query without escape: no `%`, which requests rewrites, no `?` without a
# query. Dot segments, which requests takes out, are looked for apart.
_PLAIN_TARGET = re.compile(
    r"/[A-Za-z0-9\-._~!$&'()*+,;=:@/]*(?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@/?]+)?"
).fullmatch
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://").match
_PLAIN_HOST = re.compile(r"[a-z0-9](?:[a-z0-9\-_.]*[a-z0-9])?|[0-9a-f:.]+").fullmatch
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Where a URL points to: everything in front of its path."""

    where: tuple[str, str, int]  # scheme, host as it is looked up (no brackets), port
    prefix: str  # scheme://host[:port] as it stands in a prepared URL
    host_line: bytes  # the Host header's line


# A prepared URL taken apart: its origin, all of it, and its path with the query, as it stands in the request line.
Target = tuple[Origin, str, str]

_origins: dict[str, Origin | None] = {}


def join(base: str | None, url: str) -> str:
    """Return `url` joined to `base` as text; an absolute `url` stays as it is.

    Raises InvalidURL (a ValueError) when the text of `url` would run into the host's name.
    """
    if _ABSOLUTE(url) or not base:
        return url
    if url and url[0] not in "/?#" and "/" not in base.partition("://")[2]:
        raise InvalidURL(
            f"{url!r} would run into the host {base!r}: begin a relative URL with a slash (/{url}), "
            "or end the host with one"
        )
    return base + url


def prepare(url: str, query: str = "") -> Target | None:
    """Return the target of an absolute `url` with an encoded `query` appended; None: requests must decide.

    `query` is what urllib.parse.urlencode returned, or empty.
    """
    start = url.find("/", 8)
    if start < 0:
        return None
    prefix = url[:start]
    try:
        origin = _origins[prefix]
    except KeyError:
        origin = _learn(prefix)
    if origin is None:
        return None
    path = url[start:]
    if "/." in path or not _PLAIN_TARGET(path):
        known = _prepared(url)
        if known is None:
            return None
        path = known[len(origin.prefix) :]
    if query:
        path = f"{path}&{query}" if "?" in path else f"{path}?{query}"
    return origin, origin.prefix + path, path


def origin_of(url: str) -> Origin | None:
    """Return the origin of a prepared `url`; None when it is one that only requests itself can reach."""
    start = url.find("/", 8)
    if start < 0:
        start = len(url)
    prefix = url[:start]
    try:
        return _origins[prefix]
    except KeyError:
        return _learn(prefix)


def is_plain_target(path: str) -> bool:
    """Tell whether `path` (with its query) goes into a request line as it is."""
    return _PLAIN_TARGET(path) is not None


def _learn(prefix: str) -> Origin | None:
    if len(_origins) >= _ORIGINS_KEPT:
        _origins.clear()
    _origins[prefix] = origin = _read_origin(prefix)
    return origin


def _read_origin(prefix: str) -> Origin | None:
    url = _prepared(prefix + "/")
    if url is None:
        return None
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in _DEFAULT_PORTS or not host or not _PLAIN_HOST(host):
        return None
    if "@" in parts.netloc or parts.path != "/" or parts.query:
        return None  # user and password make an Authorization header; `prefix` held a query
    default = _DEFAULT_PORTS[parts.scheme]
    port = parts.port or default
    name = f"[{host}]" if ":" in host else host
    line = f"Host: {name}\r\n" if port == default else f"Host: {name}:{port}\r\n"
    return Origin((parts.scheme, host, port), url[:-1], line.encode("ascii"))


@lru_cache(maxsize=_PREPARED_KEPT)
def _prepared(url: str) -> str | None:
    """Return `url` as requests prepares it; None when it has a fragment or requests refuses it."""
    prepared = PreparedRequest()
    try:
        prepared.prepare_url(url, None)
    except ValueError:
        return None  # requests says why when it is asked again
    result = prepared.url
    return None if result is None or "#" in result else result
