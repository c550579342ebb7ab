"""The command line that locust-plugins adds: iterations, paces, checks."""

import locust_plugins  # noqa: F401
from locust import HttpUser, constant, task


class Visitor(HttpUser):
    wait_time = constant(0.01)

    @task
    def hello(self):
        self.client.get("/hello")
