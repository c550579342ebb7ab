"""Rows of a CSV file, and rows that a master hands out."""

import csv

from locust import HttpUser, constant, events, task
from locust.runners import WorkerRunner
from locust_plugins.csvreader import CSVDictReader, CSVReader
from locust_plugins.distributor import Distributor

with open("people.csv", "w", newline="") as file:
    csv.writer(file).writerows([("name", "age"), ("Ada", 36), ("Bo", 7), ("Cy", 50)])

rows = CSVReader("people.csv")
people = CSVDictReader("people.csv")
distributor = None


@events.init.add_listener
def on_init(environment, **_kwargs):
    global distributor
    reader = None if isinstance(environment.runner, WorkerRunner) else CSVDictReader("people.csv")
    distributor = Distributor(environment, reader)


class Person(HttpUser):
    wait_time = constant(0.05)

    @task
    def visit(self):
        self.client.get(f"/own/{next(people)['name']}/{next(rows)[0]}", name="own")
        self.client.get(f"/shared/{next(distributor)['name']}", name="shared")
