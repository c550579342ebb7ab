import json
import sys
import urllib.request

import gevent

import swarm.compat.locust  # noqa: F401

# isort: split
from locust import HttpUser, between, events, task
from locust.env import Environment
from locust.log import setup_logging
from locust.stats import stats_history, stats_printer

setup_logging("INFO", None)


class Visitor(HttpUser):
    wait_time = between(0.05, 0.1)
    host = sys.argv[1]

    @task
    def my_task(self):
        self.client.get("/hello")


env = Environment(user_classes=[Visitor], events=events)
runner = env.create_local_runner()

web_ui = env.create_web_ui("127.0.0.1", 0)
env.events.init.fire(environment=env, runner=runner, web_ui=web_ui)

gevent.spawn(stats_printer(env.stats))
gevent.spawn(stats_history, env.runner)

runner.start(5, spawn_rate=10, wait=True)
url = f"http://127.0.0.1:{web_ui.server.server_port}"


def ask(path):
    with urllib.request.urlopen(url + path) as answer:
        return json.load(answer)


while not ask("/stats/requests")["total_rps"]:
    gevent.sleep(0.1)
shown = ask("/stats/requests")
print(shown["state"], shown["user_count"], shown["stats"][0]["name"])

gevent.spawn_later(0.5, runner.quit)
runner.greenlet.join()

print(env.stats.total.num_requests, env.stats.total.num_failures)
web_ui.stop()
