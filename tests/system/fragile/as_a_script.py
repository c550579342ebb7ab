"""Runs itself by Locust's main: python as_a_script.py URL."""

import sys

import swarm.compat.locust  # noqa: F401  what a script needs that swarm-cli does not run

# isort: split
from locust import HttpUser, constant, task
from locust.main import main


class Visitor(HttpUser):
    wait_time = constant(0.05)

    @task
    def hello(self):
        if "--master" in sys.argv or "--worker" in sys.argv:
            raise RuntimeError("not asked for")
        self.client.get("/hello")


if __name__ == "__main__":
    sys.argv[1:] = ["-H", sys.argv[1]]
    sys.argv.extend(["-f", __file__, "--headless", "-u", "2", "-r", "2", "-t", "1s", "--json"])
    main()
