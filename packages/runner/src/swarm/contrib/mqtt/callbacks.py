"""What lies between paho's callbacks and ours: a place for both, and codes made errors."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from gevent import GreenletExit

from swarm.exceptions import StopUser
from swarm.extras import from_extra
from swarm.users import failures

with from_extra("mqtt", "swarm.contrib.mqtt"):
    from paho.mqtt import MQTTException
    from paho.mqtt import client as paho

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.contrib.mqtt.client import MqttClient

logger = logging.getLogger("swarm.contrib")


class Watched:
    """A callback of paho's that a file may assign: our method, if there is one, comes first.

    What the file's own function raises is reported. It must not reach paho, which then would hand the same
    packet to it again, and again.
    """

    def __init__(self, method: str | None = None) -> None:
        self._method = method

    def __set_name__(self, owner: type, name: str) -> None:
        self._own = f"_swarm_own_{name}"

    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self
        own = client.__dict__.get(self._own)
        if self._method is None:
            return None if own is None else guarded(client, own)
        ours = getattr(client, self._method)

        def both(client: Any, userdata: Any, *args: Any) -> None:
            ours(*args)
            if own is not None:
                guarded(client, own)(client, userdata, *args)

        return both

    def __set__(self, client: Any, function: Any) -> None:
        client.__dict__[self._own] = function


def guarded(client: MqttClient, callback: Callable[..., Any]) -> Callable[..., None]:
    """Return a callback of a file's own that reports what it raises, and goes on."""

    def call(*args: Any) -> None:
        try:
            callback(*args)
        except GreenletExit:
            if not client.is_in_pump():  # there, it only says that the run stops
                raise
        except StopUser:
            if (user := client.swarm_reporter.user) is not None:
                user.stop(force=True)
        except Exception as error:
            if (user := client.swarm_reporter.user) is not None:
                failures.report(user, error, "a callback of its MQTT client")
            else:
                logger.exception("A callback of an MQTT client raised an error")

    return call


def number_of(code: Any) -> int:
    """Return the number of a code: paho gives numbers for MQTT 3 and objects for MQTT 5."""
    return int(getattr(code, "value", code))


def error_of(code: Any, describe: Callable[[Any], str] = paho.error_string) -> MQTTException:
    """Return the error that a code stands for."""
    described = describe(code) if isinstance(code, int) else str(code)
    return MQTTException(described)
