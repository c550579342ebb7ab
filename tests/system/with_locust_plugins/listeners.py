"""Listeners that act on failures, each chosen by LISTENER, and JMeter's file."""

import os

from locust import HttpUser, TaskSet, constant, events, task
from locust_plugins import listeners
from locust_plugins.listeners.jmeter import JmeterListener

chosen = os.environ["LISTENER"]


@events.init.add_listener
def on_init(environment, **_kwargs):
    if chosen == "Jmeter":
        JmeterListener(environment, results_filename="jmeter.csv", flush_size=1)
    elif chosen == "RunOnFail":
        listeners.RunOnFail(environment, lambda exception, **_: print("run on fail:", exception))
    elif chosen == "RunOnUserError":
        listeners.RunOnUserError(
            environment, lambda user, exception, _tb, **_: print("user error:", exception)
        )
    else:
        getattr(listeners, chosen)(environment)


class Visitor(HttpUser):
    wait_time = constant(0.05)

    def on_stop(self):
        print("a user stopped")

    @task
    class Steps(TaskSet):
        def on_stop(self):
            print("left the task set")

        @task
        def step(self):
            self.client.get("/hello")
            self.client.get("/status/500")
            print("went on after the failure")
            if chosen == "RunOnUserError":
                raise KeyError("user")
