"""What lies between paho's callbacks and ours: a place for both, and codes made errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.extras import from_extra

with from_extra("mqtt", "swarm.contrib.mqtt"):
    from paho.mqtt import MQTTException
    from paho.mqtt import client as paho

if TYPE_CHECKING:
    from collections.abc import Callable


class Watched:
    """A callback of paho's that a file may assign: our method comes first, then the file's own function."""

    def __init__(self, method: str) -> None:
        self._method = method

    def __set_name__(self, owner: type, name: str) -> None:
        self._own = f"_swarm_own_{name}"

    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self
        ours, own = getattr(client, self._method), client.__dict__.get(self._own)

        def both(client: Any, userdata: Any, *args: Any) -> None:
            ours(*args)
            if own is not None:
                own(client, userdata, *args)

        return both

    def __set__(self, client: Any, function: Any) -> None:
        client.__dict__[self._own] = function


def number_of(code: Any) -> int:
    """Return the number of a code: paho gives numbers for MQTT 3 and objects for MQTT 5."""
    return int(getattr(code, "value", code))


def error_of(code: Any, describe: Callable[[Any], str] = paho.error_string) -> MQTTException:
    """Return the error that a code stands for."""
    described = describe(code) if isinstance(code, int) else str(code)
    return MQTTException(described)
