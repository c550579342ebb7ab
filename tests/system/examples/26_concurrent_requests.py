import gevent
from gevent.pool import Pool
from locust import FastHttpUser, HttpUser, constant, events, task


class Browser(HttpUser):
    wait_time = constant(0.05)

    @task
    def page(self):
        pool = Pool()
        for number in range(5):
            pool.spawn(self.client.get, f"/slow/50?{number}", name="HttpUser")
        pool.join()


class FastBrowser(FastHttpUser):
    wait_time = constant(0.05)
    concurrency = 5

    @task
    def page(self):
        pool = Pool(3)
        for number in range(5):
            pool.spawn(self.client.get, f"/slow/50?{number}", name="FastHttpUser")
        pool.join()


class Forgetful(FastHttpUser):
    """Leaves a greenlet behind that asks for ever."""

    wait_time = constant(0.05)

    def on_start(self):
        gevent.spawn(self.ask)

    def ask(self):
        while True:
            self.client.get("/slow/20", name="left behind")

    @task
    def nothing(self):
        pass


@events.test_stop.add_listener
def count_then(environment, **kwargs):
    then = environment.stats.total.num_requests
    gevent.sleep(0.3)
    print("after the stop:", environment.stats.total.num_requests - then)
