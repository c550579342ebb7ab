"""URLs that are not paths: joined as text, or absolute to somewhere else."""

import os

from locust import FastHttpUser, HttpUser, constant, task


class Plain(HttpUser):
    wait_time = constant(0.05)

    @task
    def relative(self):
        self.client.get("v1/tables")

    @task
    def absolute(self):
        self.client.get(os.environ["ELSEWHERE"] + "/hello")


class Fast(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def relative(self):
        self.client.get("v1/tables")

    @task
    def absolute(self):
        self.client.get(os.environ["ELSEWHERE"] + "/hello")
