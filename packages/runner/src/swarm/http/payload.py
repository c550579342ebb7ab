"""The bodies of requests: JSON, forms, text, bytes, files and uploads."""

from __future__ import annotations

import json as jsonlib
from json import encoder
from typing import TYPE_CHECKING, Any, Final

from swarm.http.urls import encode_form

if TYPE_CHECKING:
    from collections.abc import Callable

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
        return dump_json(json), JSON
    if isinstance(data, str):
        return data.encode(), TEXT
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data), None
    if hasattr(data, "read"):
        content = data.read()
        return (content.encode(), TEXT) if isinstance(content, str) else (content, None)
    if hasattr(data, "items") or isinstance(data, list | tuple):
        return encode_form(data.items() if hasattr(data, "items") else data).encode(), FORM
    if hasattr(data, "__iter__"):
        return b"".join(part.encode() if isinstance(part, str) else part for part in data), None
    raise TypeError(f"data cannot be a {type(data).__name__}: give a dict, text, bytes or a file")


def _json_encoder() -> Callable[[Any], bytes]:
    """Return what json.dumps does, with its C encoder made once: that is more than half of a short one's time."""
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:
        return lambda value: jsonlib.dumps(value).encode()
    default = jsonlib.JSONEncoder().default
    encode_value = make(None, default, encoder.encode_basestring_ascii, None, ": ", ", ", False, False, True)
    return lambda value: "".join(encode_value(value, 0)).encode()


dump_json: Final = _json_encoder()


def _multipart(data: Any, files: Any) -> tuple[bytes, str | None]:
    """Encode an upload; requests knows all the forms in which files are given."""
    from requests import Request

    prepared = Request("POST", "http://localhost/", data=data or {}, files=files).prepare()
    body = prepared.body or b""
    return body.encode() if isinstance(body, str) else body, prepared.headers.get("Content-Type")
