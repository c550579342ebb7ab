"""Devices that report temperatures to an MQTT broker and listen for orders."""

import os
import random

from swarm import between, task
from swarm.contrib.mqtt import MqttUser


class Device(MqttUser):
    host = os.environ.get("MQTT_HOST", "127.0.0.1")
    port = int(os.environ.get("MQTT_PORT", "1883"))
    username = os.environ.get("MQTT_USER")
    password = os.environ.get("MQTT_PASSWORD")
    wait_time = between(0.1, 0.3)

    def on_start(self):
        self.orders = []
        self.client.on_message = self.obey
        self.client.subscribe("orders", qos=1)

    def obey(self, client, userdata, message):
        self.orders.append(message.payload)

    @task(5)
    def report(self):
        self.client.publish("temperatures", f"{random.gauss(21, 2):.1f}", qos=1)

    @task
    def order(self):
        self.client.publish("orders", b"blink")
