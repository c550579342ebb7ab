"""Several connections a user, in turn."""

from locust import FastHttpUser, HttpUser, constant, task
from locust_plugins.connection_pools import FastHttpPool, RequestPool


class Fast(FastHttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        self.pool = FastHttpPool(user=self)

    @task
    def go(self):
        for _ in range(3):
            self.pool.get("/hello", name="fast")


class Requests(HttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        self.pool = RequestPool(user=self, size=3)

    @task
    def go(self):
        with self.pool.rename_request("requests"):
            for _ in range(3):
                self.pool.post("/echo", data="x")
