"""Clerks who write orders into PostgreSQL and sum them up. They need a table: orders (item text, price int)."""

import os
import random

from swarm import constant, task
from swarm.contrib.postgres import PostgresUser


class Clerk(PostgresUser):
    conn_string = os.environ.get("DATABASE", "postgresql://127.0.0.1/shop")
    wait_time = constant(0.1)

    @task
    def take_an_order(self):
        price = random.randint(1, 100)
        self.client.execute_query("INSERT INTO orders VALUES ('honey', %s)", [price], name="insert order")
        rows = self.client.execute_query("SELECT sum(price) FROM orders", name="sum of orders")
        if rows is not None:
            self.turnover = rows[0][0]
