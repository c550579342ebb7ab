"""A client of one's own: lines sent to an echo server over TCP, timed and counted like requests.

Run it with the server's address as host: -f examples/echo.py -H 127.0.0.1:7777
"""

import socket

from swarm import User, constant, task


class EchoUser(User):
    wait_time = constant(0.1)

    def on_start(self):
        host, port = self.host.split(":")
        self.connection = socket.create_connection((host, int(port)), timeout=5)

    def on_stop(self):
        self.connection.close()

    @task
    def say_hello(self):
        with self.environment.events.request.measure("TCP", "hello") as request:
            self.connection.sendall(b"hello\n")
            answer = self.connection.recv(1024)
            request["response_length"] = len(answer)
            if answer != b"hello\n":
                raise ValueError(f"the server said {answer!r}")
