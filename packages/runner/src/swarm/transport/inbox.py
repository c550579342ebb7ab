"""Frames that came, made into messages and handed on: nothing in them, and no error of a handler, ends it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from swarm.transport.codec import BadMessage, decode
from swarm.transport.parts import Joiner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swarm.control.messages import Message
    from swarm.transport.drops import Drops

logger = logging.getLogger("swarm.transport")


class Inbox:
    """Joins, decodes and delivers: `on_message(peer, message)`."""

    def __init__(self, drops: Drops, on_message: Callable[[bytes, Message], None]) -> None:
        self._drops = drops
        self._on_message = on_message
        self._joiner = Joiner()

    def take(self, peer: bytes, frames: Sequence[bytes]) -> None:
        """Take what came in one piece from a peer."""
        try:
            message = self._read(peer, frames)
        except BadMessage as error:
            self._drops.count("messages that cannot be read", str(error))
            return
        if message is None:
            return
        try:
            self._on_message(peer, message)
        except Exception:
            logger.exception("a message %s could not be handled", type(message).__name__)

    def tidy(self) -> None:
        """Drop what has waited too long for its other parts; to be called every few seconds."""
        for _ in range(self._joiner.expire(time.monotonic())):
            self._drops.count("messages that never became complete")

    def _read(self, peer: bytes, frames: Sequence[bytes]) -> Message | None:
        if len(frames) != 1:
            raise BadMessage(f"{len(frames)} frames instead of one")
        data = self._joiner.join(peer, frames[0], time.monotonic())
        return None if data is None else decode(data)
