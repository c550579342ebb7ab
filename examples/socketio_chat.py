"""People who chat in a room over Socket.IO."""

import os

from swarm import constant, task
from swarm.contrib.socketio import SocketIOUser


class Guest(SocketIOUser):
    host = os.environ.get("CHAT", "http://127.0.0.1:5000")
    wait_time = constant(0.1)

    def on_start(self):
        self.sio.on("joined", self.on_joined)
        self.sio.connect(self.host, wait_timeout=10)
        self.sio.call("join", "kitchen")

    def on_joined(self, text):
        self.sio.on_message("joined", text)

    @task
    def speak(self):
        self.sio.send("hello", name="hello")
