"""TLS on the same path: handshakes, records, tickets, certificates."""

from __future__ import annotations

import ssl
from contextlib import suppress

import gevent
import pytest

from swarm.http.errors import ConnectTimeoutError, ReadTimeoutError
from swarm.http.pool import ConnectionPool
from swarm.http.tls import secure_ssl_context
from tests.runner.http.conftest import fetch, get_head, settle
from tests.servers.scripted import HELLO, Peer, ScriptedServer, answers, response
from tests.servers.tls import server_context, trusting_context


def tls_server(handler: object, name: str = "127.0.0.1") -> ScriptedServer:
    return ScriptedServer(handler, tls=server_context(name))  # type: ignore[arg-type]


def test_requests_share_a_connection_over_tls(pool: ConnectionPool) -> None:
    with tls_server(answers(HELLO)) as server:
        assert [fetch(pool, server).body for _ in range(3)] == [b"hello"] * 3
        assert server.connections == 1


@pytest.mark.parametrize("size", [16_384, 16_385, 100_000, 200_000, 3_000_000])
def test_bytes_that_are_decrypted_and_pending_are_read(pool: ConnectionPool, size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    with tls_server(answers(response(body))) as server:
        assert [fetch(pool, server).body for _ in range(2)] == [body, body]
        assert server.connections == 1


def test_a_chunked_body_arrives_whole_over_tls(pool: ConnectionPool) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (20_000, bytes(20_000)) for _ in range(40))
    ready = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    with tls_server(answers(ready)) as server:
        assert len(fetch(pool, server).body) == 800_000


def test_a_session_ticket_is_not_the_end_of_an_idle_connection(pool: ConnectionPool) -> None:
    context = server_context("127.0.0.1")
    assert context.num_tickets  # TLS 1.3 sends them after the handshake, when nobody waits for anything

    def handler(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(HELLO)

    with ScriptedServer(handler, tls=context) as server:
        fetch(pool, server)
        for _ in range(20):
            gevent.sleep(0.001)
        ((idle,),) = [slot.idle for slot in pool._servers.values()]
        assert idle._records.session.version() == "TLSv1.3"
        assert fetch(pool, server).body == b"hello"
        assert server.connections == 1


def test_the_end_of_an_idle_tls_connection_closes_it(pool: ConnectionPool, callbacks: list[int]) -> None:
    def once(peer: Peer) -> None:
        peer.read_request()
        peer.send(HELLO)

    with tls_server(once) as server:
        fetch(pool, server)
        ((idle,),) = [slot.idle for slot in pool._servers.values()]
        settle(lambda: idle.closed)
        assert fetch(pool, server).body == b"hello"
    assert callbacks[0] <= 8


def test_bytes_that_nobody_asked_for_close_an_idle_tls_connection(pool: ConnectionPool) -> None:
    def talkative(peer: Peer) -> None:
        peer.read_request()
        peer.send(HELLO)
        gevent.sleep(0.001)
        peer.send(HELLO)
        peer.wait_for_end()

    with tls_server(talkative) as server:
        fetch(pool, server)
        ((idle,),) = [slot.idle for slot in pool._servers.values()]
        settle(lambda: idle.closed)


@pytest.mark.parametrize("size", [10, 70_000, 5_000_000])
def test_uploads_arrive_whole_over_tls(pool: ConnectionPool, size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    head = get_head(method="POST", extra=f"Content-Length: {len(body)}\r\n")
    with tls_server(answers(HELLO)) as server:
        for _ in range(2):
            assert pool.send("https", "127.0.0.1", server.port, head, body, "POST").body == b"hello"
        assert [request.body for request in server.requests] == [body, body]


def test_a_stream_over_tls_is_read_to_its_end(pool: ConnectionPool) -> None:
    body = bytes(range(256)) * 8000
    with tls_server(answers(response(body))) as server:
        stream = fetch(pool, server, stream=True).stream
        assert stream is not None
        assert stream.read() == body
        assert fetch(pool, server, stream=True).stream is not None


@pytest.mark.parametrize("polite", [True, False])
def test_a_body_that_ends_with_the_connection_needs_no_close_notification(
    pool: ConnectionPool, polite: bool
) -> None:
    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nthe end")
        if polite:
            with suppress(OSError):
                peer.sock.unwrap()

    with tls_server(handler) as server:
        assert fetch(pool, server).body == b"the end"


def test_certificates_are_not_checked_unless_asked_for(pool: ConnectionPool) -> None:
    with tls_server(answers(HELLO), "somewhere.else") as server:
        assert fetch(pool, server).body == b"hello"


def test_a_trusted_certificate_for_the_right_name_is_taken() -> None:
    pool = ConnectionPool(ssl_context=trusting_context)
    with tls_server(answers(HELLO)) as server:
        assert fetch(pool, server).body == b"hello"


@pytest.mark.parametrize(
    ("context", "name", "what"),
    [
        (trusting_context, "somewhere.else", "IP address mismatch"),
        (secure_ssl_context, "127.0.0.1", "unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_is_wrong_is_a_failure(context: object, name: str, what: str) -> None:
    pool = ConnectionPool(ssl_context=context)  # type: ignore[arg-type]
    with tls_server(answers(HELLO), name) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match=what):
            fetch(pool, server)
        settle(lambda: server.handshake_errors)  # the server was told
    assert pool.in_flight == 0


def test_the_servers_name_is_sent(pool: ConnectionPool) -> None:
    names: list[str | None] = []
    context = server_context("localhost")
    context.sni_callback = lambda _sock, name, _context: names.append(name)  # type: ignore[assignment]
    with ScriptedServer(answers(HELLO), tls=context) as server:
        try:
            pool.send("https", "localhost", server.port, get_head(), None, "GET")
        finally:
            context.sni_callback = None
    assert names == ["localhost"]


def test_a_port_that_speaks_plain_http_is_a_tls_error(pool: ConnectionPool) -> None:
    def plain(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(response(b"no TLS here", "400 Bad Request"))

    with ScriptedServer(plain) as server, pytest.raises(ssl.SSLError):
        pool.send("https", "127.0.0.1", server.port, get_head(), None, "GET")
    assert pool.in_flight == 0


def test_a_server_that_closes_in_the_handshake_is_an_error(pool: ConnectionPool) -> None:
    with ScriptedServer(lambda peer: peer.sock.recv(10)) as server, pytest.raises(OSError):  # noqa: PT011
        pool.send("https", "127.0.0.1", server.port, get_head(), None, "GET")
    assert pool.in_flight == 0


def test_a_handshake_that_does_not_go_on_ends_with_the_connection_timeout() -> None:
    pool = ConnectionPool(connect_timeout=0.05)
    with ScriptedServer(lambda peer: peer.wait_for_end()) as server, pytest.raises(ConnectTimeoutError):
        pool.send("https", "127.0.0.1", server.port, get_head(), None, "GET")


def test_nothing_over_tls_ends_with_the_network_timeout(pool: ConnectionPool) -> None:
    def silent(peer: Peer) -> None:
        peer.read_request()
        peer.wait_for_end()

    with tls_server(silent) as server, pytest.raises(ReadTimeoutError):
        fetch(pool, server, network_timeout=0.03)
