"""What spans and measurements say of a request, in the words of OpenTelemetry's semantic conventions."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from swarm.otel import setup as settings

if TYPE_CHECKING:
    from collections.abc import Mapping

Attributes = dict[str, str | int]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
"""HTTP methods; others stand in metrics as _OTHER, as the conventions say."""
REQUEST_NAME = "swarm.request.name"
REQUEST_TYPE = "swarm.request.type"
TEXT_LIMIT = 500


class Names:
    """Keeps the names of requests in metrics to MAX_REQUEST_NAMES: the first ones, and "other"."""

    def __init__(self) -> None:
        self._kept: set[str] = set()

    def bounded(self, name: str) -> str:
        """Return `name`, or "other" when there are too many already."""
        if name not in self._kept:
            if len(self._kept) >= settings.MAX_REQUEST_NAMES:
                return settings.OTHER
            self._kept.add(name)
        return name


def is_http(event: Mapping[str, Any]) -> bool:
    """Tell whether the request event is one of an HTTP client."""
    return hasattr(event.get("response"), "status_code") or str(event.get("url") or "").startswith("http")


def http_attributes(event: Mapping[str, Any]) -> Attributes:
    """Return what is known of an HTTP request and may stand in a metric: method, server, status, error."""
    method = str(event["request_type"])
    found: Attributes = {"http.request.method": method if method in METHODS else "_OTHER"}
    found.update(server_of(str(event.get("url") or "")))
    status = getattr(event.get("response"), "status_code", None)
    if status:
        found["http.response.status_code"] = int(status)
    error = event.get("exception")
    if error:
        found["error.type"] = str(status) if status and status >= 400 else error_type(error)
    return found


def url_attributes(event: Mapping[str, Any]) -> Attributes:
    """Return what belongs to an HTTP request's span alone: its URL, without a password."""
    url = str(event.get("url") or "")
    if "@" in url:
        parts = urlsplit(url)
        if parts.username or parts.password:
            url = parts._replace(netloc="REDACTED:REDACTED@" + parts.netloc.rpartition("@")[2]).geturl()
    return {"url.full": url} if url else {}


@lru_cache(maxsize=512)
def _server(origin: str) -> tuple[tuple[str, str | int], ...]:
    try:
        parts = urlsplit(origin)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return ()
    if not parts.hostname:
        return ()
    return (("server.address", parts.hostname), ("server.port", port), ("url.scheme", parts.scheme))


def server_of(url: str) -> Attributes:
    """Return address, port and scheme of an absolute URL, nothing of another."""
    scheme, mark, rest = url.partition("://")
    return dict(_server(f"{scheme}://{rest.partition('/')[0]}")) if mark else {}


def error_type(error: object) -> str:
    """Return the kind of an error: its class, or for a plain text `failure`."""
    if not isinstance(error, BaseException):
        return "failure"
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def error_words(error: object) -> str:
    """Return the text of an error, in a bounded length."""
    text = repr(error) if isinstance(error, BaseException) else str(error)
    return text[:TEXT_LIMIT]
