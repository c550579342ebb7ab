import logging
import os
import time

import gevent
from locust import HttpUser, constant, events, task
from locust.runners import STATE_CLEANUP, STATE_STOPPED, STATE_STOPPING, WorkerRunner


def checker(environment):
    while environment.runner.state not in [STATE_STOPPING, STATE_STOPPED, STATE_CLEANUP]:
        time.sleep(0.1)
        total = environment.runner.stats.total
        if total.num_requests < 10:
            continue
        if total.fail_ratio > 0.2:
            logging.error(f"fail ratio was {total.fail_ratio}, quitting")
            environment.process_exit_code = 7
        elif total.get_response_time_percentile(0.95) > 50:
            logging.error("the slowest requests took too long, quitting")
            environment.process_exit_code = 8
        else:
            continue
        environment.runner.quit()
        return


@events.init.add_listener
def on_locust_init(environment, **_kwargs):
    if not isinstance(environment.runner, WorkerRunner):
        gevent.spawn(checker, environment)


class Visitor(HttpUser):
    wait_time = constant(0.02)

    @task
    def page(self):
        self.client.get(os.environ["PAGE"])
