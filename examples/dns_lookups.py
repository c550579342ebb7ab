"""Resolvers that ask a DNS server."""

import os

import dns.message

from swarm import constant, task
from swarm.contrib.dns import DNSUser


class Resolver(DNSUser):
    host = os.environ.get("DNS_SERVER", "127.0.0.1")
    port = int(os.environ.get("DNS_PORT", "53"))
    wait_time = constant(0.1)

    @task
    def look_up(self):
        question = dns.message.make_query("a.test", "A")
        self.client.udp(question, self.host, port=self.port, timeout=5)
        nonsense = dns.message.make_query("nowhere.test", "A")
        self.client.udp(nonsense, self.host, port=self.port, timeout=5, name="nowhere")
