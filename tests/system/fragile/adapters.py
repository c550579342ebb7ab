"""Mounts requests' adapters: larger pools, retries, a source address of its own."""

from locust import HttpUser, constant, task
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry


class SourceAddressAdapter(HTTPAdapter):
    def __init__(self, source_address, **kwargs):
        self.source_address = source_address
        super().__init__(**kwargs)

    def init_poolmanager(self, connections, maxsize, block=False, **kwargs):
        kwargs["source_address"] = self.source_address
        super().init_poolmanager(connections, maxsize, block=block, **kwargs)


class Pooled(HttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        self.client.mount("https://", HTTPAdapter(pool_maxsize=200))
        self.client.mount("http://", HTTPAdapter(pool_maxsize=200))

    @task
    def hello(self):
        self.client.get("/hello", headers={"X-From": "pooled"})


class Retrying(HttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        retries = Retry(total=3, backoff_factor=0, status_forcelist=[503])
        self.client.mount("http://", HTTPAdapter(max_retries=retries))

    @task
    def flaky(self):
        self.client.get("/flaky")


class Elsewhere(HttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        self.client.mount("http://", SourceAddressAdapter(("127.0.0.2", 0)))

    @task
    def world(self):
        self.client.get("/world")
