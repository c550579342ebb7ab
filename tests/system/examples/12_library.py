import sys

import gevent

import swarm.compat.locust  # noqa: F401

# isort: split
from locust import HttpUser, between, stats, task
from locust.env import Environment
from locust.log import setup_logging
from locust.stats import stats_history, stats_printer

setup_logging("INFO", None)


class Visitor(HttpUser):
    wait_time = between(0.05, 0.1)
    host = sys.argv[1]

    @task
    def my_task(self):
        self.client.get("/")

    @task
    def task_404(self):
        self.client.get("/status/404")


stats.HISTORY_STATS_INTERVAL_SEC = 0.2
env = Environment(user_classes=[Visitor])
env.create_local_runner()

gevent.spawn(stats_printer(env.stats))
gevent.spawn(stats_history, env.runner)

env.runner.start(5, spawn_rate=10)
gevent.spawn_later(1, env.runner.quit)
env.runner.greenlet.join()

print("total", env.stats.total.num_requests, env.stats.total.num_failures)
for (name, method), entry in env.stats.entries.items():
    print(method, name, entry.num_requests, entry.num_failures, entry.avg_response_time > 0)
print("history", len(env.stats.history) > 2, env.stats.history[2]["user_count"])
