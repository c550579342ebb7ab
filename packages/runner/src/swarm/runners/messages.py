"""Messages of a user's own between the nodes of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gevent

from swarm.exceptions import RPCSendError
from swarm.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.environment import Environment

log = get_logger(__name__)


@dataclass
class Message:
    """What a listener gets: the message's type, its data, and the node that sent it."""

    type: str
    data: Any
    node_id: str | None

    def serialize(self) -> bytes:
        """Return the message as bytes of msgpack."""
        import msgpack

        packed: bytes = msgpack.packb((self.type, self.data, self.node_id))
        return packed

    @classmethod
    def unserialize(cls, data: bytes) -> Message:
        """Make a message of what `serialize` gave. Raises ValueError for other bytes."""
        import msgpack

        return cls(*msgpack.unpackb(data, strict_map_key=False))


def checked(message_type: str, data: Any) -> Any:
    """Return a copy of what is to be sent, as it will arrive, so that it may be changed meanwhile.

    Raises RPCSendError that names what in it cannot be sent, and what to send instead.
    """
    from swarm.control.messages import Custom
    from swarm.transport.codec import UnsendableError, decode, encode

    try:
        message: Any = decode(encode(Custom("", 0, message_type, data)))
    except UnsendableError as error:
        raise RPCSendError(f"The message {message_type!r} cannot be sent: {error}") from error
    return message.data


class MessageBoard:
    """The listeners of custom messages on this node, by type."""

    def __init__(self, environment: Environment) -> None:
        self.failed_listeners = 0
        self.listeners: dict[str, tuple[Callable[..., Any], bool]] = {}
        self._environment = environment

    def register(self, message_type: str, listener: Callable[..., Any], *, concurrent: bool) -> None:
        """Call `listener(environment=…, msg=…)` for messages of this type; `concurrent`: in a greenlet of its own."""
        self.listeners[message_type] = (listener, concurrent)

    def deliver(self, message: Message) -> None:
        """Call the listener of the message's type; one that raises is logged and counted."""
        if message.type not in self.listeners:
            log.warning("a custom message has no listener here", type=message.type)
            return
        listener, concurrent = self.listeners[message.type]
        if concurrent:
            gevent.spawn(self._call, listener, message)
        else:
            self._call(listener, message)

    def _call(self, listener: Callable[..., Any], message: Message) -> None:
        try:
            listener(environment=self._environment, msg=message)
        except Exception:
            self.failed_listeners += 1
            log.error("the listener of a custom message raised", type=message.type, exc_info=True)
