"""Tasks come together in every way that files have thought of."""

from locust import HttpUser, TaskSet, constant, task


def make_task(number):
    def looped(user):
        user.client.get(f"/looped/{number}")

    looped.__name__ = f"looped_{number}"
    return looped


def plain(user):
    user.client.get("/plain")


class Nested(TaskSet):
    @task
    def inside(self):
        self.client.get("/nested")
        self.interrupt()


class Looped(HttpUser):
    wait_time = constant(0.01)
    tasks = [make_task(number) for number in range(3)]


class Appended(HttpUser):
    wait_time = constant(0.01)

    @task
    def own(self):
        self.client.get("/own")


Appended.tasks.append(plain)


class Weighted(HttpUser):
    wait_time = constant(0.01)
    tasks = {plain: 3, Nested: 1}


class PerInstance(HttpUser):
    wait_time = constant(0.01)

    def __init__(self, environment):
        super().__init__(environment)
        self.tasks = [self.mine]

    def mine(self):
        self.client.get("/mine")


class Half(HttpUser):
    weight = 0.5
    wait_time = constant(0.01)
    tasks = [lambda user: user.client.get("/half")]


class Never(HttpUser):
    weight = 0
    wait_time = constant(0.01)

    @task
    def never(self):
        self.client.get("/never")
