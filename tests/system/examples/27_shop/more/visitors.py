from base import Shopper
from locust import task


class Visitor(Shopper):
    @task
    def look(self):
        self.visit()


class Thief(Shopper):
    @task
    def steal(self):
        self.visit()
