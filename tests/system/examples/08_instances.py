import json

import swarm.compat.locust  # noqa: F401

# isort: split
from locust import User, constant, task
from locust.env import Environment


class WebUser(User):
    weight = 3
    wait_time = constant(60)

    @task
    def step(self):
        pass


class MobileUser(User):
    weight = 1
    wait_time = constant(60)

    @task
    def step(self):
        pass


class AdminUser(User):
    wait_time = constant(600)
    fixed_count = 1

    @task
    def restart_app(self):
        pass


for classes in ([WebUser, MobileUser], [AdminUser, WebUser, MobileUser]):
    runner = Environment(user_classes=classes).create_local_runner()
    for users in (1, 2, 10, 1000):
        runner.start(users, spawn_rate=1000, wait=True)
        print(json.dumps(runner.user_classes_count))
    runner.quit()
