"""A load test without the command line: python examples/library.py http://127.0.0.1:8000"""

import sys

import gevent

from swarm import Environment, FastHttpUser, between, task
from swarm.log import setup_logging
from swarm.stats import stats_history, stats_printer


class Visitor(FastHttpUser):
    wait_time = between(0.1, 0.5)

    @task
    def turn_pages(self):
        self.client.get("/catalogue")


setup_logging("INFO")
environment = Environment(user_classes=[Visitor], host=sys.argv[1])
runner = environment.create_local_runner()
helpers = [gevent.spawn(stats_printer(environment.stats)), gevent.spawn(stats_history, runner)]

runner.start(10, spawn_rate=10)
gevent.spawn_later(3, runner.quit)
runner.greenlet.join()
gevent.killall(helpers)

total = environment.stats.total
print(f"{total.num_requests} requests, {total.num_failures} failed")
print(f"95 % took at most {total.get_response_time_percentile(0.95):.2f} ms")
print(f"valid: {runner.monitor.verdict().valid}")
