import time

from locust import User, task


class Patient(User):
    last_wait_time = 0

    def wait_time(self):
        self.last_wait_time += 1
        return self.last_wait_time / 10

    @task
    def step(self):
        print(time.perf_counter())
