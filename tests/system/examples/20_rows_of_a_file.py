from locust import HttpUser, constant, task
from locust.exception import StopTest

from swarm.data import CsvFeed

accounts = CsvFeed("accounts.csv", exhausted=StopTest)


class Customer(HttpUser):
    wait_time = constant(0.05)

    @task
    def log_in(self):
        account = accounts.next()
        worker = str(self.environment.runner.worker_index)
        self.client.post("/login", json=dict(account), headers={"X-Worker": worker})
