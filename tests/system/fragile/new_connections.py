"""Closes the pool so that each request opens a connection."""

from locust import constant, task
from locust.contrib.fasthttp import FastHttpUser


class Reconnecting(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def page(self):
        self.client.client.clientpool.close()
        self.client.get("/hello")
