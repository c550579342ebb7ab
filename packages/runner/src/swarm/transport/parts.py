"""Long messages in frames of at most 1 MiB: split by the sender, joined by the receiver.

A frame begins with one byte: 0, the rest is a message; 1, a header follows and then a part of one. The parts
of a message come in order and one message after the other; whole messages may come between them. What a
receiver holds of messages that are not complete is bounded in bytes and in seconds.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from swarm.transport.codec import MAX_MESSAGE, BadMessage

MAX_FRAME = 1024 * 1024
"""Bytes of a frame, with what stands before the message."""
MAX_JOINING = 4 * MAX_MESSAGE
"""Bytes that a receiver holds of all messages that are not complete yet."""
PATIENCE_S = 30.0
"""Seconds within which all parts of a message must come."""

_WHOLE, _PART = b"\0", b"\1"
_HEADER = struct.Struct("<QII")  # the message's number, the part's, and how many parts there are
_CHUNK = MAX_FRAME - 1 - _HEADER.size
_MOST_PARTS = -(-MAX_MESSAGE // _CHUNK)


def split(data: bytes, number: int) -> list[bytes]:
    """Return the frames of a message; `number` tells it from the sender's other long messages."""
    if len(data) < MAX_FRAME:
        return [_WHOLE + data]
    chunks = [data[begin : begin + _CHUNK] for begin in range(0, len(data), _CHUNK)]
    return [
        b"".join((_PART, _HEADER.pack(number, index, len(chunks)), chunk))
        for index, chunk in enumerate(chunks)
    ]


@dataclass(slots=True)
class _Joining:
    number: int
    count: int
    began: float
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0


class Joiner:
    """Puts messages together from the frames of many peers. Times are monotonic seconds."""

    def __init__(self, *, max_bytes: int = MAX_JOINING, patience_s: float = PATIENCE_S) -> None:
        self._max_bytes = max_bytes
        self._patience_s = patience_s
        self._joining: dict[bytes, _Joining] = {}
        self.held = 0
        """Bytes held of messages that are not complete."""

    def join(self, peer: bytes, frame: bytes, now: float) -> bytes | None:
        """Return the message that this frame completes, or None when parts of it are to come.

        Raises BadMessage for a frame that does not fit; what it belonged to is dropped.
        """
        kind = frame[:1]
        if kind == _WHOLE:
            return frame[1:]
        if kind != _PART or len(frame) <= 1 + _HEADER.size:
            raise BadMessage("neither a message nor a part of one")
        number, index, count = _HEADER.unpack_from(frame, 1)
        joining = self._begin(peer, number, count, now) if index == 0 else self._joining.get(peer)
        if joining is None or joining.number != number or joining.count != count:
            raise BadMessage("a part of a message whose beginning is not here")
        if len(joining.chunks) != index:
            self.forget(peer)
            raise BadMessage(f"part {index} where {len(joining.chunks)} was due")
        chunk = frame[1 + _HEADER.size :]
        joining.chunks.append(chunk)
        joining.size += len(chunk)
        self.held += len(chunk)
        if index + 1 < count:
            self._make_room(peer)
            return None
        self.forget(peer)
        return b"".join(joining.chunks)

    def forget(self, peer: bytes) -> None:
        """Drop what is held of a peer's message."""
        joining = self._joining.pop(peer, None)
        if joining is not None:
            self.held -= joining.size

    def expire(self, now: float) -> int:
        """Drop the messages whose parts took too long; return how many."""
        late = [peer for peer, each in self._joining.items() if now - each.began > self._patience_s]
        for peer in late:
            self.forget(peer)
        return len(late)

    def _begin(self, peer: bytes, number: int, count: int, now: float) -> _Joining:
        """Begin a message; one that the peer left unfinished is dropped."""
        self.forget(peer)
        if not 1 < count <= _MOST_PARTS:
            raise BadMessage(f"a message in {count} parts, not within 2 to {_MOST_PARTS}")
        self._joining[peer] = joining = _Joining(number, count, now)
        return joining

    def _make_room(self, peer: bytes) -> None:
        """Drop the oldest messages, and this peer's at last, while more than the limit is held."""
        while self.held > self._max_bytes:
            oldest = next(iter(self._joining))
            self.forget(oldest)
            if oldest == peer:
                raise BadMessage("too much is held of messages that are not complete")
