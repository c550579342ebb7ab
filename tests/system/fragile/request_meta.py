"""Reads and writes what will be counted."""

from locust import FastHttpUser, HttpUser, constant, task


class Measured:
    def measure(self, kind):
        with self.client.get("/hello", catch_response=True) as response:
            assert response.request_meta["name"] == "/hello"
            assert response.request_meta["response_time"] > 0
            response.request_meta["name"] = f"{kind} with its queue"
            response.request_meta["response_time"] = 1234
        with self.client.get("/hello", name="as it was", catch_response=True) as response:
            before = response.request_meta["response_time"]
            response.request_meta["response_time"] = before * 1
            response.success()


class Plain(HttpUser, Measured):
    wait_time = constant(0.05)

    @task
    def go(self):
        self.measure("plain")


class Fast(FastHttpUser, Measured):
    wait_time = constant(0.05)

    @task
    def go(self):
        self.measure("fast")
