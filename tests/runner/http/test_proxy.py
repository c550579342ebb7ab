"""Going through an HTTP proxy: whole URLs for http, a tunnel for https."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import pytest
from gevent import socket

from swarm.http.dial import Proxy
from swarm.http.errors import ProxyError
from swarm.http.pool import ConnectionPool
from swarm.http.session import FastHttpSession
from tests.runner.http.conftest import fetch
from tests.servers.scripted import HELLO, Peer, ScriptedServer, answers, response
from tests.servers.tls import server_context

if TYPE_CHECKING:
    from collections.abc import Callable


def tunnel(peer: Peer) -> None:
    """Be a proxy that opens any tunnel."""
    request = peer.read_request()
    assert request is not None
    assert request.method == "CONNECT"
    host, _, port = request.path.rpartition(":")
    far = socket.create_connection((host, int(port)))
    peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")

    def pump(source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

    gevent.joinall([gevent.spawn(pump, peer.sock, far), gevent.spawn(pump, far, peer.sock)])
    far.close()


def pool_through(proxy: ScriptedServer, authorization: str | None = None) -> ConnectionPool:
    return ConnectionPool(proxy=Proxy(proxy.host, proxy.port, authorization))


def test_https_goes_through_a_tunnel() -> None:
    with (
        ScriptedServer(answers(HELLO), tls=server_context("127.0.0.1")) as server,
        ScriptedServer(tunnel) as proxy,
    ):
        pool = pool_through(proxy, "Basic abc")
        assert [fetch(pool, server).body for _ in range(3)] == [b"hello"] * 3
        assert server.connections == proxy.connections == 1
        (connect,) = proxy.requests
        assert connect.path == f"127.0.0.1:{server.port}"
        assert connect.headers["host"] == f"127.0.0.1:{server.port}"
        assert connect.headers["proxy-authorization"] == "Basic abc"


def test_http_goes_to_the_proxy_with_whole_urls() -> None:
    with ScriptedServer(answers(HELLO)) as proxy:
        session = FastHttpSession("http://shop.test:8080/api", proxy=Proxy(proxy.host, proxy.port))
        assert session.get("/a?b=1").content == b"hello"
        session.get("http://other.test/x")
        assert proxy.paths == ["http://shop.test:8080/api/a?b=1", "http://other.test/x"]
        assert [request.headers["host"] for request in proxy.requests] == ["shop.test:8080", "other.test"]


@pytest.mark.parametrize("refusal", ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_tunnel_that_is_refused_is_an_error(refusal: str) -> None:
    handler: Callable[[Peer], None] = answers(response(b"no", refusal))
    with ScriptedServer(handler) as proxy:
        pool = pool_through(proxy)
        with pytest.raises(ProxyError, match=f"answered {refusal} to CONNECT shop.test:443"):
            pool.send("https", "shop.test", 443, b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n", None, "GET")
        assert pool.in_flight == 0


def test_a_proxy_that_is_not_there_is_a_refused_connection() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        pool = ConnectionPool(proxy=Proxy("127.0.0.1", probe.getsockname()[1]))
        with pytest.raises(ConnectionRefusedError):
            pool.send("http", "shop.test", 80, b"GET http://shop.test/ HTTP/1.1\r\n\r\n", None, "GET")
