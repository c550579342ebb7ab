"""Request heads, byte for byte as requests, urllib3 and http.client write them together.

A `HeaderBlock` is what the headers of a session and those of a call come to: merged, checked, encoded once, and
shared by all sessions that send the same.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

from requests import PreparedRequest
from requests.sessions import merge_setting
from requests.structures import CaseInsensitiveDict
from requests.utils import default_headers
from urllib3.util import SKIP_HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLOCKS_KEPT = 4_096
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"})
# http.client's own checks (requests checks values before, other callers of an adapter may not).
_LEGAL_NAME = re.compile(rb"[^:\s][^:\r\n]*").fullmatch
_ILLEGAL_VALUE = re.compile(rb"\n(?![ \t])|\r(?![ \t\n])").search
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch

Items = tuple[tuple[str, str | bytes], ...]

DEFAULT_ITEMS: Items = tuple(default_headers().items())


class HeaderBlock:
    """Merged headers, ready to send: `wire` has every line, `names` their names in lower case.

    `framed` says that they tell the body's length themselves.
    """

    __slots__ = ("framed", "headers", "names", "wire")

    def __init__(self, headers: CaseInsensitiveDict[str | bytes]) -> None:
        self.headers = headers
        self.names = frozenset(name.lower() for name in headers)
        self.framed = not self.names.isdisjoint(("content-length", "transfer-encoding"))
        self.wire = _defaults(self.names) + b"".join(header_line(*item) for item in headers.items())

    def copy(self) -> CaseInsensitiveDict[str]:
        """Return the headers for one request, to be changed at will."""
        return cast("CaseInsensitiveDict[str]", self.headers.copy())


@lru_cache(maxsize=_BLOCKS_KEPT)
def header_block(session: Items, call: Items | None) -> HeaderBlock:
    """Return what `session`'s headers with `call`'s on top come to.

    Raises requests' InvalidHeader, and UnicodeEncodeError for what latin-1 does not have.
    """
    prepared = PreparedRequest()
    prepared.prepare_headers(
        merge_setting(  # type: ignore[no-untyped-call]
            dict(call or ()), _mapping(session), dict_class=CaseInsensitiveDict
        )
    )
    return HeaderBlock(cast("CaseInsensitiveDict[str | bytes]", prepared.headers))


def build_head(
    method: str, target: str, host_line: bytes, headers: Mapping[str, str | bytes], body: bytes | None
) -> bytes | None:
    """Return a prepared request's head as bytes; None when only http.client knows what to make of it.

    `target` is path and query, percent-encoded; `host_line` is left out when `headers` has a Host of its own.
    """
    names = frozenset(name.lower() for name in headers)
    if "transfer-encoding" in names or not _TOKEN(method) or not target.isascii():
        return None
    if not all(isinstance(value, (str, bytes)) and value != SKIP_HEADER for value in headers.values()):
        return None
    lines = [f"{method} {target} HTTP/1.1\r\n".encode("ascii")]
    if "host" not in names:
        lines.append(host_line)
    lines.append(_defaults(names, _length(method, names, body)))
    lines.extend(header_line(*item) for item in headers.items())
    lines.append(b"\r\n")
    return b"".join(lines)


def header_line(name: str, value: str | bytes) -> bytes:
    """Return one line of a head. Raises ValueError, as http.client does, when it is not one line."""
    name_bytes = name.encode("ascii")
    value_bytes = value.encode("latin-1") if isinstance(value, str) else value
    if not _LEGAL_NAME(name_bytes):
        raise ValueError(f"Invalid header name {name_bytes!r}")
    if _ILLEGAL_VALUE(value_bytes):
        raise ValueError(f"Invalid header value {value_bytes!r}")
    return b"%b: %b\r\n" % (name_bytes, value_bytes)


def _length(method: str, names: frozenset[str], body: bytes | None) -> bytes:
    if "content-length" in names:
        return b""
    if body is not None:
        return b"Content-Length: %d\r\n" % len(body)
    return b"" if method.upper() in _WITHOUT_BODY else b"Content-Length: 0\r\n"


def _defaults(names: frozenset[str], length: bytes = b"") -> bytes:
    """Return the lines that http.client and urllib3 put in front of the caller's."""
    encoding = b"" if "accept-encoding" in names else b"Accept-Encoding: identity\r\n"
    agent = b"" if "user-agent" in names else b"User-Agent: %b\r\n" % _default_agent()
    return encoding + length + agent


@cache
def _default_agent() -> bytes:
    return f"python-urllib3/{version('urllib3')}".encode("ascii")


def _mapping(items: Items) -> CaseInsensitiveDict[str | bytes]:
    headers: CaseInsensitiveDict[str | bytes] = CaseInsensitiveDict()
    for name, value in items:
        headers[name] = value
    return headers
