"""Users and task sets with attributes under the names that files use for their own things."""

import logging

from locust import FastHttpUser, HttpUser, SequentialTaskSet, TaskSet, User, constant, task

NAMES = [
    *("headers", "token", "user_id", "username", "session_id", "stub", "channel", "api", "config"),
    *("id", "name", "model", "logger", "provider", "ws", "uuid", "node_id", "password", "email"),
    *("auth", "data", "state", "count", "counter", "url", "base_url", "session", "sessions"),
    *("request", "requests", "response", "task_name", "start_time", "stats", "options", "kwargs"),
    *("args", "queue", "lock", "running", "stopped", "connections", "conn", "db", "loop", "thread"),
    *("_config", "_user", "_channel", "_running", "_requests", "_response", "_connections", "_client"),
    *("_state", "_session", "_sessions", "_tasks", "_stop", "_started", "_lock", "_headers", "_name"),
    *("_id", "_token", "_group", "_task", "_queue", "_weight", "_parent"),
]


class Named:
    def take_names(self):
        for name in NAMES:
            setattr(self, name, f"my {name}")

    def check_names(self):
        wrong = [name for name in NAMES if getattr(self, name) != f"my {name}"]
        assert not wrong, wrong


class Steps(SequentialTaskSet, Named):
    def on_start(self):
        self.take_names()

    @task
    def first(self):
        self.check_names()
        self.client.get("/hello")

    @task
    def second(self):
        self.check_names()
        self.interrupt()


class Nested(TaskSet, Named):
    def __init__(self, parent):
        super().__init__(parent)
        self.take_names()
        self.logger = logging.getLogger("nested")

    @task
    def step(self):
        assert self.logger.name == "nested"
        self.client.get("/hello")
        self.interrupt(reschedule=False)


class Plain(HttpUser, Named):
    tasks = [Steps, Nested]

    def __init__(self, environment):
        super().__init__(environment)
        self.take_names()
        # On the instance, as a function of no argument.
        self.wait_time = lambda: 0.05

    def on_stop(self):
        self.check_names()


class Fast(FastHttpUser, Named):
    tasks = [Steps, Nested]
    wait_time = constant(0.05)

    def __init__(self, environment):
        super().__init__(environment)
        self.take_names()
        self.wait_time = self.my_pace

    def my_pace(self):
        return 0.05

    def on_stop(self):
        self.check_names()


class Other(User, Named):
    wait_time = constant(0.05)

    def __init__(self, environment):
        super().__init__(environment)
        self.client = object()
        self.host = "grpc.example:50051"
        self.take_names()

    @task
    def step(self):
        self.check_names()
        assert self.host == "grpc.example:50051"
        with self.environment.events.request.measure("grpc", "step"):
            pass
