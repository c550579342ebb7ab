import json

from swarm import between, task
from swarm.contrib.websocket import WebSocketUser


class Guest(WebSocketUser):
    host = "ws://localhost:8000"
    wait_time = between(0.1, 0.5)

    def on_start(self):
        self.client.connect("/echo")
        self.number = 0

    @task
    def say(self):
        self.number += 1
        number = self.number
        self.client.request(
            json={"id": number, "text": "hello"},
            matches=lambda message: json.loads(message)["id"] == number,
            timeout=10,
        )
