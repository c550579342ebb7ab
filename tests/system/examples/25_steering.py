import os

from locust import HttpUser, constant, events, task
from locust.exception import RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser

HOW = os.environ["HOW"]


class Rescheduled(HttpUser):
    wait_time = constant(0.05)

    @task
    def step(self):
        self.client.get("/before")
        raise RescheduleTask
        self.client.get("/never")

    @task
    def at_once(self):
        self.client.get("/before")
        raise RescheduleTaskImmediately
        self.client.get("/never")


class Leaver(HttpUser):
    wait_time = constant(0.05)

    def on_stop(self):
        print("left")

    @task
    def leave(self):
        self.client.get("/leave")
        raise StopUser
        self.client.get("/never")


class SentAway(HttpUser):
    wait_time = constant(0.05)

    @task
    def step(self):
        self.client.get("/away")
        self.client.get("/never")


class Ender(HttpUser):
    wait_time = constant(0.05)
    steps = 0

    @task
    def end(self):
        self.steps += 1
        if self.steps < 5:
            self.client.get("/ending")
        elif HOW == "quit":
            self.environment.runner.quit()
        elif HOW == "StopTest":
            raise StopTest("that was enough")
        else:
            self.client.get("/enough")


@events.request.add_listener
def steer(name, **kwargs):
    if name == "/away":
        raise StopUser
    if name == "/enough":
        raise StopTest("a listener has had enough")


@events.quitting.add_listener
def show(environment, **kwargs):
    print(environment.runner.state, environment.runner.user_count)
