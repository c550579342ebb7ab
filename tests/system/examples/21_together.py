from gevent.lock import Semaphore
from locust import HttpUser, constant, events, task

all_users_spawned = Semaphore()
all_users_spawned.acquire()


@events.init.add_listener
def _(environment, **kw):
    @environment.events.spawning_complete.add_listener
    def on_spawning_complete(**kw):
        all_users_spawned.release()


class Starter(HttpUser):
    wait_time = constant(0.1)

    def on_start(self):
        self.client.get("/arrive")
        all_users_spawned.wait()
        self.wait()

    @task
    def go(self):
        self.client.get("/go")
