"""Messages of `swarm.control` to bytes and back, in msgpack.

A message travels as [its name, {field: value}]. Both ways hold it to the types of its dataclass, so that what
was sent is taken, and what is not of these types goes no further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack

from swarm.control.messages import MESSAGES, Hello, Message, Refusal
from swarm.exceptions import RPCReceiveError, RPCSendError
from swarm.transport.fields import MAX_CONTAINERS, Field, WrongValue, fields_of, plain_or_named

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes of a message, in however many frames."""

_UNCOUNTED = 1024 * 1024
_OWN_CONTAINERS = 16  # of a message itself, beside those of a field of free form

_FIELDS: dict[type[Message], tuple[Field, ...]] = {each: fields_of(each) for each in MESSAGES.values()}
_NAMES: dict[type[Message], str] = {each: name for name, each in MESSAGES.items()}
_ACROSS_VERSIONS = frozenset({Hello, Refusal})
"""Fields that are not known are left out of these, so that a newer version can still be told to be one."""


class BadMessage(RPCReceiveError):
    """Bytes that are no message of ours; its text says what is wrong with them."""


class UnsendableError(RPCSendError):
    """A message that cannot be sent; its text names the field, its type, and what to send instead."""


def encode(message: Message) -> bytes:
    """Return the message's bytes.

    Raises UnsendableError when a field holds what cannot be carried, or the whole is longer than MAX_MESSAGE.
    """
    kind = type(message)
    values: dict[str, Any] = {}
    for each in _FIELDS[kind]:
        try:
            values[each.name] = each.check(getattr(message, each.name))
        except WrongValue as error:
            raise _unsendable(kind, each.name, error) from None
    try:
        packed = _pack([_NAMES[kind], values])
    except (OverflowError, ValueError, TypeError):
        raise _culprit(kind, values) from None
    if len(packed) > MAX_MESSAGE:
        raise UnsendableError(
            f"a message {_NAMES[kind]} of {len(packed) / 1e6:.0f} MB is over the limit of "
            f"{MAX_MESSAGE / 1e6:.0f} MB: send it in pieces"
        )
    return packed


def decode(data: bytes) -> Message:
    """Return the message that the bytes are; raises BadMessage, and nothing else, when they are none."""
    if len(data) > MAX_MESSAGE:
        raise BadMessage(f"{len(data)} bytes are over the limit of {MAX_MESSAGE}")
    match _unpack(data):
        case [str(name), dict(values)] if name in MESSAGES:
            return _build(MESSAGES[name], values)
        case [str(name), dict()]:
            raise BadMessage(f"the kind {name[:40]!r} is not known")
    raise BadMessage("not a pair of a kind and its fields")


def _unsendable(kind: type[Message], name: str, error: WrongValue) -> UnsendableError:
    return UnsendableError(f"{name}{error.path} {error.problem} (in a message {_NAMES[kind]})")


def _culprit(kind: type[Message], values: dict[str, Any]) -> UnsendableError:
    """Return the error that names what msgpack did not take."""
    for name, value in values.items():
        try:
            plain_or_named(value)
        except WrongValue as error:
            return _unsendable(kind, name, error)
    return UnsendableError(f"a message {_NAMES[kind]} holds something that msgpack cannot carry")


def _build(kind: type[Message], values: dict[Any, Any]) -> Message:
    taken: dict[str, Any] = {}
    for each in _FIELDS[kind]:
        if each.name in values:
            try:
                taken[each.name] = each.check(values[each.name])
            except WrongValue as error:
                path = f"{_NAMES[kind]}.{each.name}{error.path[:100]}"
                raise BadMessage(f"{path} {error.problem[:200]}") from None
        elif each.required:
            raise BadMessage(f"{_NAMES[kind]} without {each.name}")
    if len(taken) < len(values) and kind not in _ACROSS_VERSIONS:
        unknown = next(name for name in values if name not in taken)
        raise BadMessage(f"{_NAMES[kind]} with a field {str(unknown)[:40]!r}, which it does not have")
    return kind(**taken)


def _pack(value: Any) -> bytes:
    try:
        return bytes(msgpack.packb(value))
    except UnicodeEncodeError:
        # Half a surrogate pair, as in a file name that is no UTF-8: a report must not fail for it.
        return bytes(msgpack.packb(value, unicode_errors="backslashreplace"))


def _unpack(data: bytes) -> Any:
    # A list of empty lists takes 64 times its bytes in memory: harmless in one frame, not in 64 MiB.
    count = None if len(data) <= _UNCOUNTED else _container_count(MAX_CONTAINERS + _OWN_CONTAINERS)
    try:
        return msgpack.unpackb(
            data,
            strict_map_key=False,  # numbers may be keys
            max_ext_len=0,
            ext_hook=_no_extension,
            list_hook=count,
            object_hook=count,
        )
    except BadMessage:
        raise
    except (
        ValueError,
        TypeError,
        OverflowError,
        MemoryError,
        RecursionError,
        msgpack.UnpackException,
    ) as error:
        # All that msgpack raises, and what an unhashable key or a bad UTF-8 text raises within it.
        raise BadMessage(f"no msgpack: {type(error).__name__}: {str(error)[:200]}") from None


def _no_extension(code: int, _data: bytes) -> Any:
    raise BadMessage(f"msgpack's extension {code} is not used here")


def _container_count(limit: int) -> Callable[[Any], Any]:
    left = limit

    def count(container: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise BadMessage(f"more than {limit} lists and maps")
        return container

    return count
