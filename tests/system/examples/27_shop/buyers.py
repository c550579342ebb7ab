from base import Shopper
from locust import task


class Buyer(Shopper):
    @task
    def buy(self):
        self.visit()


class Returner(Shopper):
    @task
    def bring_back(self):
        self.visit()
