import random

from locust import HttpUser, between, task


class Customer(HttpUser):
    wait_time = between(1, 3)

    def on_start(self):
        self.client.post("/login", json={"customer": random.randint(1, 1000), "password": "honeycomb"})

    def on_stop(self):
        self.client.post("/logout")

    @task
    def look_into_the_basket(self):
        self.client.get("/basket")

    @task(3)
    def turn_pages(self):
        self.client.get("/catalogue?page=1", name="/catalogue")
