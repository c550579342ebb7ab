"""Transactions over several requests, into files."""

from locust import HttpUser, constant, task
from locust_plugins.transaction_manager import TransactionManager


class Shopper(HttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        self.transactions = TransactionManager()

    @task
    def shop(self):
        self.transactions.start_transaction("shopping")
        self.client.get("/hello")
        self.client.get("/world")
        self.transactions.end_transaction("shopping", success=True)
        self.transactions.start_transaction("paying")
        self.transactions.end_transaction("paying", success=False, failure_message="no money")
