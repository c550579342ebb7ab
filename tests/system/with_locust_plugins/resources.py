"""What a page embeds is requested, too."""

from locust import constant, task
from locust_plugins.users.resource import FastHttpUserWithResources, HttpUserWithResources


class Fast(FastHttpUserWithResources):
    wait_time = constant(0.05)

    @task
    def page(self):
        self.client.get("/page", name="fast")


class Requests(HttpUserWithResources):
    wait_time = constant(0.05)

    @task
    def page(self):
        self.client.get("/page", name="requests")
