"""DNSUser against dnslib's server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import dns.query
import pytest
from dns.message import Message, make_query

from swarm.contrib.dns import DNSUser
from swarm.extras import MissingLibraryError
from tests.runner.contrib.bench import Bench, until
from tests.servers.dns_zone import DnsZone
from tests.servers.tls import server_context, trusting_context

HERE = "127.0.0.1"


@pytest.fixture
def zone() -> Iterator[DnsZone]:
    with closing(DnsZone(server_context("localhost", HERE))) as zone:
        yield zone


@pytest.fixture
def user(bench: Bench) -> DNSUser:
    return bench.user(DNSUser)


def question(name: str = "a.test") -> Message:
    return make_query(name, "A")


def test_queries_are_counted_by_their_transport(bench: Bench, zone: DnsZone, user: DNSUser) -> None:
    answers = [
        user.client.udp(question(), HERE, port=zone.udp_port, timeout=30),
        user.client.tcp(question(), HERE, port=zone.tcp_port, timeout=30),
        user.client.tls(
            question(),
            HERE,
            port=zone.tls_port,
            timeout=30,
            ssl_context=trusting_context(),
            server_hostname="localhost",
        ),
        user.client.udp_with_fallback(question(), HERE, port=zone.udp_port, timeout=30),
    ]
    assert [answer and str(answer.answer[0][0]) for answer in answers] == ["192.0.2.1"] * 4
    assert bench.counted == {"DNS udp": 1, "DNS tcp": 1, "DNS tls": 1, "DNS udp_with_fallback": 1}
    assert bench.failed == {}
    assert bench.events[0]["response"] is answers[0]
    assert bench.events[0]["response_length"] > 20


def test_a_query_has_a_name_of_its_own(bench: Bench, zone: DnsZone, user: DNSUser) -> None:
    user.client.udp(question(), HERE, port=zone.udp_port, timeout=30, name="front page")
    assert bench.counted == {"DNS front page": 1}


def test_a_response_without_an_answer_is_a_failure_and_is_returned(
    bench: Bench, zone: DnsZone, user: DNSUser
) -> None:
    response = user.client.udp(question("nowhere.test"), HERE, port=zone.udp_port, timeout=30)
    assert response is not None
    assert response.answer == []
    assert "No answer in DNS response" in bench.failed["DNS udp"]


def test_no_response_is_a_failure_and_none(bench: Bench, zone: DnsZone, user: DNSUser) -> None:
    assert user.client.udp(question("held.test"), HERE, port=zone.udp_port, timeout=0.05) is None
    assert user.client.tcp(question(), HERE, port=1, timeout=30) is None
    assert "timed out" in bench.failed["DNS udp"]
    assert "refused" in bench.failed["DNS tcp"]


def test_a_function_that_dnspython_lacks_is_no_attribute(user: DNSUser) -> None:
    with pytest.raises(AttributeError, match="pigeon"):
        user.client.pigeon(question(), HERE)


def test_dns_over_https_names_what_it_needs(user: DNSUser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns.query, "have_doh", False)
    with pytest.raises(MissingLibraryError, match=r"dnspython\[doh\]"):
        user.client.https(question(), HERE)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_queries_of_several_users_overlap(bench: Bench, zone: DnsZone, transport: str) -> None:
    port = zone.tcp_port if transport == "tcp" else zone.udp_port

    def ask(user: Any) -> None:
        getattr(user.client, transport)(question("held.test"), HERE, port=port, timeout=100)

    bench.running(DNSUser, 5, ask)  # more would have to wait for dnslib to accept them
    until(lambda: zone.waiting == 5)
    zone.gate.set()
    until(lambda: bench.counted.get(f"DNS {transport}") == 5)
    assert bench.failed == {}


def test_a_stop_cuts_a_query_at_once(bench: Bench, zone: DnsZone) -> None:
    bench.running(
        DNSUser,
        3,
        lambda user: user.client.udp(question("held.test"), HERE, port=zone.udp_port, timeout=100),
    )
    until(lambda: zone.waiting == 3)
    bench.stop()
    assert bench.interrupted == 3
    assert bench.counted == {}
