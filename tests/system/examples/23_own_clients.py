import os
import socket
import sqlite3
import time
from xmlrpc.client import Fault, ServerProxy

from locust import User, constant, task


class XmlRpcClient(ServerProxy):
    """Reports each call by events.request.fire."""

    def __init__(self, host, request_event):
        super().__init__(host)
        self._request_event = request_event

    def __getattr__(self, name):
        func = ServerProxy.__getattr__(self, name)

        def wrapper(*args, **kwargs):
            request_meta = {
                "request_type": "xmlrpc",
                "name": name,
                "start_time": time.time(),
                "response_length": 0,
                "response": None,
                "context": {},
                "exception": None,
            }
            start_perf_counter = time.perf_counter()
            try:
                request_meta["response"] = func(*args, **kwargs)
            except Fault as e:
                request_meta["exception"] = e
            request_meta["response_time"] = (time.perf_counter() - start_perf_counter) * 1000
            self._request_event.fire(**request_meta)
            return request_meta["response"]

        return wrapper


class XmlRpcUser(User):
    abstract = True

    def __init__(self, environment):
        super().__init__(environment)
        self.client = XmlRpcClient(self.host, request_event=environment.events.request)


class Adder(XmlRpcUser):
    host = os.environ["XMLRPC"]
    wait_time = constant(0.05)

    @task
    def add(self):
        assert self.client.add(2, 3) == 5

    @task
    def divide(self):
        self.client.divide(1, 0)


class Talker(User):
    wait_time = constant(0.05)

    def on_start(self):
        host, port = os.environ["ECHO"].split(":")
        self.sock = socket.create_connection((host, int(port)))

    def on_stop(self):
        self.sock.close()

    @task
    def talk(self):
        with self.environment.events.request.measure("tcp", "echo") as request:
            self.sock.sendall(b"are you there?")
            answer = self.sock.recv(100)
            request["response_length"] = len(answer)


class Clerk(User):
    wait_time = constant(0.05)

    def on_start(self):
        self.database = sqlite3.connect(":memory:")
        self.database.execute("CREATE TABLE orders (number INTEGER PRIMARY KEY, what TEXT)")

    @task
    def order(self):
        with self.environment.events.request.measure("sqlite", "insert"):
            self.database.execute("INSERT INTO orders (what) VALUES (?)", ("honey",))

    @task
    def mistake(self):
        with self.environment.events.request.measure("sqlite", "wrong table"):
            self.database.execute("SELECT * FROM order_lines")
