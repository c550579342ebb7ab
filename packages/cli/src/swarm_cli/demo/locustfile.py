"""The demo's load: visitors who look round and customers who buy.

`swarm-cli demo` runs it. By itself: start the shop with `python -m swarm_cli.demo.shop`, then
`swarm-cli -f locustfile.py -H URL --headless -u 50 -r 25 -t 20s`.
"""

from __future__ import annotations

import random
from typing import Any

from swarm import FastHttpUser, HttpUser, SequentialTaskSet, between, tag, task

PAGES = 25
CUSTOMERS = 1_000


class Visitor(FastHttpUser):
    """Looks round and buys nothing."""

    weight = 4
    wait_time = between(0.05, 0.25)

    def on_start(self) -> None:
        """Arrive at the front page."""
        self.seen: list[dict[str, Any]] = []
        self.client.get("/")

    @task(4)
    @tag("browse")
    def turn_pages(self) -> None:
        """Look at a page of the catalogue."""
        self.seen = self.client.get(f"/catalogue?page={random.randint(1, PAGES)}", name="/catalogue").json()[
            "products"
        ]

    @task(3)
    @tag("browse")
    def look_at_a_product(self) -> None:
        """Look at one of the products just seen; a few are listed that are no longer on sale."""
        if self.seen:
            product = random.choice(self.seen)
            self.client.get(f"/product/{product['id']}", name="/product/[id]")

    @task(2)
    @tag("search")
    def search(self) -> None:
        """Search for a word from a name just seen, which must be found."""
        if not self.seen:
            return
        word = random.choice(self.seen)["name"].split()[-1]
        with self.client.get("/search", params={"q": word}, name="/search", catch_response=True) as response:
            if response.json()["found"] == 0:
                response.failure(f"nothing found for {word}")


class Customer(HttpUser):
    """Logs in, then fills a basket and checks out, again and again."""

    weight = 1
    wait_time = between(0.1, 0.5)

    def on_start(self) -> None:
        """Log in; the session's cookie stays with the client."""
        self.client.post("/login", json={"customer": random.randint(1, CUSTOMERS), "password": "honeycomb"})

    def on_stop(self) -> None:
        """Log out."""
        self.client.post("/logout")

    @task(3)
    class Purchase(SequentialTaskSet):
        """From the catalogue to the check-out, in this order."""

        @task
        def choose(self) -> None:
            """Put a product of a page into the basket."""
            page = self.client.get(f"/catalogue?page={random.randint(1, PAGES)}", name="/catalogue").json()
            product = random.choice(page["products"])
            self.client.post("/basket", json={"product": product["id"], "quantity": random.randint(1, 3)})

        @task
        def look_into_the_basket(self) -> None:
            """The basket must not be empty now."""
            with self.client.get("/basket", catch_response=True) as response:
                if not response.json()["items"]:
                    response.failure("the basket has lost its product")

        @task
        @tag("checkout")
        def check_out(self) -> None:
            """Buy, and leave the task set."""
            self.client.post("/checkout")
            self.interrupt()

    @task(1)
    def go_to_the_front_page(self) -> None:
        """Start over."""
        self.client.get("/")
