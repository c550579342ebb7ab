"""A shop's customers: they log in, fill a basket in the order a person does, and check out."""

import random

from swarm import FastHttpUser, SequentialTaskSet, between, tag, task


class Customer(FastHttpUser):
    wait_time = between(0.1, 0.5)

    def on_start(self):
        # The session's cookie stays with this user's client.
        self.client.post("/login", json={"customer": random.randint(1, 1000), "password": "honeycomb"})

    def on_stop(self):
        self.client.post("/logout")

    @task(3)
    @tag("browse")
    def look_round(self):
        self.client.get("/catalogue", params={"page": random.randint(1, 25)}, name="/catalogue")

    @task
    class Purchase(SequentialTaskSet):
        @task
        def choose(self):
            page = self.client.get("/catalogue").json()
            product = random.choice(page["products"])
            self.client.post("/basket", json={"product": product["id"], "quantity": 1})

        @task
        def look_into_the_basket(self):
            with self.client.get("/basket", catch_response=True) as response:
                if not response.json()["items"]:
                    response.failure("the basket is empty")

        @task
        @tag("checkout")
        def check_out(self):
            self.client.post("/checkout")
            self.interrupt()
