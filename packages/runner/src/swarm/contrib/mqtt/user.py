"""`MqttUser`: a user with an MQTT client of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.contrib.mqtt.client import MqttClient
from swarm.extras import from_extra
from swarm.users.user import User

with from_extra("mqtt", "swarm.contrib.mqtt"):
    from paho.mqtt import client as paho

if TYPE_CHECKING:
    import ssl

    from paho.mqtt.enums import MQTTProtocolVersion

    from swarm.environment import Environment


class MqttUser(User):
    """A user with an MQTT `client`, which connects by itself from the user's start on.

    The first `publish` or `subscribe` waits for the connection; `client.is_connected()` tells of it.
    """

    host: str | None = "localhost"
    """Where the broker is."""
    port: int = 1883
    """Its port."""
    transport: str = "tcp"
    """`tcp`, `websockets` or `unix`."""
    ws_path: str = "/mqtt"
    """The path for WebSockets."""
    tls_context: ssl.SSLContext | None = None
    """TLS settings; without them there is no TLS."""
    client_cls: type[MqttClient] = MqttClient
    """What the client is made of."""
    client_id: str | None = None
    """The client's name, which no other may have; None makes one for each user."""
    username: str | None = None
    """Who the users say they are."""
    password: str | None = None
    """And their password."""
    protocol: MQTTProtocolVersion = paho.MQTTv311
    """The version of MQTT: `paho.mqtt.client.MQTTv311`, `MQTTv5`."""
    use_loop_selectors: bool = False
    """Of no effect: any number of clients can be waited for."""
    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.client = self.client_cls(
            environment=environment,
            transport=self.transport,
            client_id=self.client_id,
            protocol=self.protocol,
            use_loop_selectors=self.use_loop_selectors,
        )
        """The MQTT client."""
        self.client.swarm_reporter.belong_to(self)
        if self.tls_context is not None:
            self.client.tls_set_context(self.tls_context)
        if self.transport == "websockets":
            self.client.ws_set_options(path=self.ws_path)
        if self.username is not None:
            self.client.username_pw_set(self.username, self.password)
        self.client.connect_async(self.host or "localhost", self.port)
        self.client.loop_start()
