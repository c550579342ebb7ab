"""Waiters who write orders into MongoDB and look them up."""

import os

from swarm import constant, task
from swarm.contrib.mongodb import MongoDBUser


class Waiter(MongoDBUser):
    conn_string = os.environ.get("MONGODB", "mongodb://127.0.0.1:27017")
    db_name = "shop"
    wait_time = constant(0.1)

    @task
    def take_an_order(self):
        self.client.run("orders", "insert_one", {"item": "honey", "price": 7})
        self.client.execute_query("orders", {"item": "honey"}, name="orders of honey")
