"""Talks to chosen workers by their ids, and counts workers by their states, as files do on a master."""

import logging

import gevent
from locust import HttpUser, constant, events, task
from locust.runners import MasterRunner, WorkerRunner

accounts = []
received = {}


def on_accounts(environment, msg, **_kwargs):
    accounts.extend(msg.data)
    environment.runner.send_message(
        "received", {"worker": environment.runner.client_id, "accounts": msg.data}
    )


def on_received(environment, msg, **_kwargs):
    received[msg.data["worker"]] = msg.data["accounts"]
    assert msg.node_id == msg.data["worker"]
    if len(received) == len(environment.runner.clients):
        print("all received", sorted(name for names in received.values() for name in names), flush=True)


def watch(runner):
    while True:
        clients = runner.clients
        counts = len(clients.ready), len(clients.spawning), len(clients.running), len(clients.missing)
        assert sum(counts) <= len(clients.all) == len(clients)
        if len(clients.running) == 2:
            logging.info("both are running: %s", sorted(node.user_count for node in clients.running))
            return
        gevent.sleep(0.05)


@events.init.add_listener
def on_init(environment, **_kwargs):
    if isinstance(environment.runner, WorkerRunner):
        environment.runner.register_message("accounts", on_accounts)
    elif isinstance(environment.runner, MasterRunner):
        environment.runner.register_message("received", on_received)


@events.test_start.add_listener
def on_test_start(environment, **_kwargs):
    if isinstance(environment.runner, MasterRunner):
        gevent.spawn(watch, environment.runner)
        print(
            len(environment.runner.clients),
            "workers,",
            len(environment.runner.clients.ready),
            "ready",
            flush=True,
        )
        for i, w in enumerate(environment.runner.clients):
            environment.runner.send_message("accounts", [f"account {i}-{n}" for n in range(2)], client_id=w)


@events.test_stop.add_listener
def on_test_stop(environment, **_kwargs):
    if isinstance(environment.runner, WorkerRunner):
        print("worker", environment.runner.worker_index, accounts, flush=True)


class Visitor(HttpUser):
    wait_time = constant(0.02)

    @task
    def hello(self):
        self.client.get("/hello")
