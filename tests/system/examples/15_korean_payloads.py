from faker import Faker
from locust import HttpUser, constant, task

fake = Faker("ko_KR")


class Applicant(HttpUser):
    wait_time = constant(0.1)

    def on_start(self):
        self.payload = {
            "name": fake.name(),
            "address": fake.address(),
            "phone": fake.phone_number(),
            "number": fake.unique.ssn(),
            "about": fake.catch_phrase(),
        }

    @task
    def apply(self):
        self.client.post("/apply", json=self.payload)
