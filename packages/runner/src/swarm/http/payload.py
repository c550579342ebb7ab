"""The bodies of requests: JSON, forms, text, bytes, files and uploads."""

from __future__ import annotations

import json as jsonlib
from typing import Any, Final
from urllib.parse import urlencode

FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"


def encode(data: Any, json: Any, files: Any) -> tuple[bytes, str | None]:
    """Return a request's body and the Content-Type that goes with it, None for bytes of unknown kind.

    Raises TypeError or ValueError for what cannot be encoded.
    """
    if files is not None:
        return _multipart(data, files)
    if not data and json is not None:
        return jsonlib.dumps(json).encode(), JSON
    if isinstance(data, str):
        return data.encode(), TEXT
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data), None
    if hasattr(data, "read"):
        content = data.read()
        return (content.encode(), TEXT) if isinstance(content, str) else (content, None)
    if hasattr(data, "items") or isinstance(data, list | tuple):
        return urlencode(_pairs(data), doseq=True).encode(), FORM
    if hasattr(data, "__iter__"):
        return b"".join(part.encode() if isinstance(part, str) else part for part in data), None
    raise TypeError(f"data cannot be a {type(data).__name__}: give a dict, text, bytes or a file")


def _pairs(data: Any) -> list[tuple[Any, Any]]:
    """Leave out what has no value, as requests does."""
    items = data.items() if hasattr(data, "items") else data
    return [(key, value) for key, value in items if value is not None]


def _multipart(data: Any, files: Any) -> tuple[bytes, str | None]:
    """Encode an upload; requests knows all the forms in which files are given."""
    from requests import Request

    prepared = Request("POST", "http://localhost/", data=data or {}, files=files).prepare()
    body = prepared.body or b""
    return body.encode() if isinstance(body, str) else body, prepared.headers.get("Content-Type")
