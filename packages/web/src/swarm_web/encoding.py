"""JSON as the browser gets it: compact, in UTF-8, and never an error, whatever a user's code called its requests."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from swarm_web.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Mapping


AT_ONCE = 50
"""Elements of a list that are encoded before others may have their turn."""


def encode(value: Any) -> bytes:
    """Return any plain value as compact JSON.

    Half a character of broken text becomes a question mark, a number that is none (NaN, infinity) null, and what
    JSON does not know its text.
    """
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(_mended(value))


def encode_in_turns(document: Mapping[str, Any], turns: Turns | None = None) -> bytes:
    """Return what `encode` does, and give way to the load after each part that takes its time."""
    turns = turns or Turns()
    parts = []
    for key, value in document.items():
        if isinstance(value, dict) and _is_large(value):
            encoded = encode_in_turns(value, turns)
        elif isinstance(value, list) and len(value) > AT_ONCE and isinstance(value[0], list | dict):
            slices = []
            for first in range(0, len(value), AT_ONCE):
                slices.append(encode(value[first : first + AT_ONCE])[1:-1])
                turns.give_way()
            encoded = b"[" + b",".join(slices) + b"]"
        else:
            encoded = encode(value)
            turns.give_way()
        parts.append(_key(key) + encoded)
    return b"{" + b",".join(parts) + b"}"


@lru_cache(maxsize=1_000)
def _key(key: str) -> bytes:
    return encode(key) + b":"


def _is_large(value: dict[Any, Any]) -> bool:
    """Whether a part of it is worth a turn of its own; not with keys that are no text, which need `encode`."""
    for each in value.values():
        if (isinstance(each, list) and len(each) > AT_ONCE) or (isinstance(each, dict) and _is_large(each)):
            return all(type(key) is str for key in value)
    return False


def _plain(value: Any) -> Any:
    """Return what stands for a value that JSON has no form for."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    try:
        return _mended(str(value))
    except Exception:  # noqa: BLE001 - a user's broken __str__ must not stop the UI
        return f"<{type(value).__name__}>"


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_mended(key): _mended(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(each) for each in value]
    return value


_encoder = msgspec.json.Encoder(enc_hook=_plain)
