"""A pace for all users together; run as a script, one user in a debugger's way."""

import os

from locust import HttpUser, run_single_user, task
from locust.exception import StopUser
from locust_plugins.wait_time import constant_total_ips


class Paced(HttpUser):
    host = os.environ.get("TARGET")
    wait_time = constant_total_ips(20)
    runs = 0

    @task
    def hello(self):
        self.client.get("/hello")
        self.runs += 1
        if __name__ == "__main__" and self.runs == 3:
            raise StopUser


if __name__ == "__main__":
    run_single_user(Paced)
