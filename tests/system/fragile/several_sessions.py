"""One user, several services, each with a session of its own that reports to the same event."""

import os

from locust import HttpUser, constant, events, task
from locust.clients import HttpSession

seen = []


@events.request.add_listener
def remember(name, context, **_kwargs):
    seen.append(name)


class Customer(HttpUser):
    wait_time = constant(0.05)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.basket = HttpSession(
            base_url=os.environ["BASKET"], request_event=self.client.request_event, user=self
        )
        self.search = HttpSession(
            base_url=os.environ["SEARCH"], request_event=self.environment.events.request, user=self
        )

    @task
    def shop(self):
        self.client.get("/hello")
        self.basket.get("/hello", name=self.basket.base_url + "/hello")
        self.search.get("/find?q=1", name="search")


@events.quitting.add_listener
def show(environment, **_kwargs):
    print("seen by the listener:", len(seen))
