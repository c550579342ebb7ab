import sys

import swarm.compat.locust  # noqa: F401

# isort: split
from locust import HttpUser, run_single_user, task


class Visitor(HttpUser):
    host = sys.argv[1]

    @task
    def hello(self):
        response = self.client.get("/hello")
        shown = response.text
        self.client.get("/world")
        print("seen", shown)


if __name__ == "__main__":
    run_single_user(Visitor)
