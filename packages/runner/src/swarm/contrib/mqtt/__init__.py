"""Users of MQTT, with paho-mqtt: `MqttUser`, and its client, which is a `paho.mqtt.client.Client`.

Nothing blocks: `publish` and `subscribe` return at once, as paho's do, and are counted when the broker has
acknowledged them (a message of QoS 0 when it was written). Needs the extra `mqtt`.
"""

from swarm.contrib.mqtt.client import REQUEST_TYPE, SUBACK_FAILURE, MqttClient
from swarm.contrib.mqtt.user import MqttUser

__all__ = ["REQUEST_TYPE", "SUBACK_FAILURE", "MqttClient", "MqttUser"]
