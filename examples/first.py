import random

from swarm import FastHttpUser, between, task


class Visitor(FastHttpUser):
    wait_time = between(0.1, 0.5)

    @task(3)
    def turn_pages(self):
        self.client.get("/catalogue")

    @task
    def look_at_a_product(self):
        number = random.randint(90, 99)
        self.client.get(f"/product/{number}", name="/product/[id]")
