"""FastHttpUser: its settings reach its client, and its life goes with requests."""

from __future__ import annotations

import gc
import os
import ssl

import gevent
import pytest
from gevent.pool import Group

from swarm import FastHttpUser, StopUser, task
from swarm.http.session import FastHttpSession
from tests.runner.http.conftest import Harness, settle
from tests.servers.scripted import HELLO, Peer, ScriptedServer, answers
from tests.servers.tls import server_context, trusting_context


def test_settings_of_the_class_reach_the_client(harness: Harness) -> None:
    client = harness.user(
        "http://shop.test",
        network_timeout=1.0,
        connection_timeout=2.0,
        max_redirects=3,
        max_retries=4,
        concurrency=5,
        proxy_host="proxy.test",
        proxy_port=8888,
    ).client
    assert isinstance(client, FastHttpSession)
    pool = client.pool
    assert (pool.network_timeout, pool.connect_timeout) == (1.0, 2.0)
    assert (client.max_redirects, pool.max_retries, pool.concurrency) == (3, 4, 5)
    assert pool.proxy is not None
    assert (pool.proxy.host, pool.proxy.port) == ("proxy.test", 8888)


def test_defaults_are_those_that_locustfiles_count_on() -> None:
    assert (FastHttpUser.network_timeout, FastHttpUser.connection_timeout) == (60.0, 60.0)
    assert (FastHttpUser.max_redirects, FastHttpUser.max_retries, FastHttpUser.concurrency) == (30, 0, 10)
    assert FastHttpUser.insecure
    assert FastHttpUser.abstract


def test_certificates_are_checked_when_the_class_says_so(harness: Harness) -> None:
    with ScriptedServer(answers(HELLO), tls=server_context("127.0.0.1")) as server:
        assert harness.user(server.url).client.get("/").ok
        careful = harness.user(server.url, insecure=False).client.get("/")
        assert isinstance(careful.error, ssl.SSLCertVerificationError)
        trusting = harness.user(server.url, ssl_context_factory=staticmethod(trusting_context))
        assert trusting.client.get("/").ok


@pytest.mark.parametrize(
    "factory",
    [
        trusting_context,
        staticmethod(trusting_context),
        lambda self: trusting_context() if self.insecure else None,
    ],
)
def test_a_factory_may_be_a_function_a_static_method_or_a_method(harness: Harness, factory: object) -> None:
    with ScriptedServer(answers(HELLO), tls=server_context("127.0.0.1")) as server:
        assert harness.user(server.url, ssl_context_factory=factory).client.get("/").ok


def test_a_subclass_has_tls_settings_of_its_own(harness: Harness) -> None:
    careless = type(harness.user("https://shop.test"))
    careful = type("Careful", (careless,), {"insecure": False})
    contexts = [cls(harness.environment).client.pool.ssl_context() for cls in (careless, careful)]
    assert [context.verify_mode for context in contexts] == [ssl.CERT_NONE, ssl.CERT_REQUIRED]


def test_a_users_connections_end_with_it(harness: Harness) -> None:
    ended: list[Peer] = []

    def handler(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(HELLO)
        ended.append(peer)

    class Customer(FastHttpUser):
        @task
        def once(self) -> None:
            self.client.get("/")
            raise StopUser

    with ScriptedServer(handler) as server:
        Customer.host = server.url
        group = Group()
        for _ in range(3):
            Customer(harness.environment).start(group)
        group.join()
        settle(lambda: len(ended) == 3)
    assert harness.requests == {"GET /": 3}


def test_users_that_are_killed_leave_no_descriptor(harness: Harness) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc on this system")

    def slow(peer: Peer) -> None:
        while peer.read_request() is not None:
            gevent.sleep(0.002)
            peer.send(HELLO)

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    class Customer(FastHttpUser):
        @task
        def go_on(self) -> None:
            self.client.get("/")

    gc.collect()
    with ScriptedServer(slow) as server:
        Customer.host = server.url
        before = descriptors()
        group = Group()
        for _ in range(10):
            Customer(harness.environment).start(group)
        settle(lambda: len(server.requests) > 20)
        group.kill()
        settle(lambda: descriptors() <= before)
    assert harness.failures == []
