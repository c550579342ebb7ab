import json
import time
from collections import defaultdict

from locust import User, constant_pacing, constant_throughput, events, task

starts = defaultdict(list)


class Paced(User):
    abstract = True

    def started(self):
        starts[f"{type(self).__name__} {id(self)}"].append(time.perf_counter())


class Seldom(Paced):
    wait_time = constant_throughput(0.1)

    @task
    def step(self):
        self.started()


class TwicePerSecond(Paced):
    wait_time = constant_throughput(2)

    @task
    def step(self):
        self.started()
        time.sleep(0.1)


class EveryHalfSecond(Paced):
    wait_time = constant_pacing(0.5)

    @task
    def step(self):
        self.started()
        time.sleep(0.2)


class OnceLate(Paced):
    wait_time = constant_pacing(0.2)
    was_late = False

    @task
    def step(self):
        self.started()
        if not self.was_late:
            self.was_late = True
            time.sleep(1)


@events.quitting.add_listener
def write_starts(**kwargs):
    with open("starts.json", "w") as file:
        json.dump(starts, file)
