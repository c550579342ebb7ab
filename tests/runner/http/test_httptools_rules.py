"""The habits of httptools: each of these was measured, and needs something done about it."""

from __future__ import annotations

import pytest

from swarm.http.errors import BadAnswerError, ServerClosedError
from swarm.http.pool import ConnectionPool
from tests.runner.http.conftest import fetch, settle
from tests.servers.scripted import HELLO, Peer, ScriptedServer, answers, response


def once(data: bytes) -> ScriptedServer:
    """A server that answers one request with bytes, then closes."""

    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)

    return ScriptedServer(handler)


def test_an_answer_to_head_is_complete_with_its_head(pool: ConnectionPool) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    with ScriptedServer(answers(head, head, HELLO)) as server:
        assert fetch(pool, server, method="HEAD").body == b""
        assert fetch(pool, server, method="HEAD").status == 200
        assert fetch(pool, server).body == b"hello"
        assert server.connections == 1


def test_an_answer_to_head_without_a_length_keeps_the_connection(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", HELLO)) as server:
        fetch(pool, server, method="HEAD")
        assert fetch(pool, server).body == b"hello"
        assert server.connections == 1


def test_a_body_after_head_is_not_the_next_answer(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        assert fetch(pool, server, method="HEAD").body == b""
        assert fetch(pool, server).body == b"hello"
        assert server.connections == 2


def test_informational_answers_are_passed_over(pool: ConnectionPool) -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with ScriptedServer(answers(early + HELLO)) as server:
        for _ in range(2):
            answer = fetch(pool, server)
            assert (answer.status, answer.body) == (200, b"hello")
            assert answer.raw_headers == [(b"Content-Length", b"5")]
        assert server.connections == 1


def test_informational_answers_that_come_alone_are_passed_over(pool: ConnectionPool) -> None:
    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.send_slowly(b"HTTP/1.1 100 Continue\r\n\r\n", 9)
        peer.send_slowly(HELLO, 7)

    with ScriptedServer(handler) as server:
        answer = fetch(pool, server)
        assert (answer.status, answer.body, len(answer.raw_headers)) == (200, b"hello", 1)


def test_switching_protocols_ends_the_use_of_the_connection(pool: ConnectionPool) -> None:
    upgrade = (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello"
    )
    with ScriptedServer(answers(upgrade)) as server:
        answer = fetch(pool, server)
        assert (answer.status, answer.body) == (101, b"")
        fetch(pool, server)
        assert server.connections == 2


def test_an_offer_to_upgrade_is_an_answer_like_others(pool: ConnectionPool) -> None:
    offer = b"HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: h2,h2c\r\nContent-Length: 5\r\n\r\nhello"
    with ScriptedServer(answers(offer)) as server:
        assert [fetch(pool, server).body for _ in range(2)] == [b"hello", b"hello"]


def test_a_body_without_a_length_ends_with_the_connection(pool: ConnectionPool) -> None:
    with once(b"HTTP/1.1 200 OK\r\n\r\nall of this, whatever it says: Content-Length: 3") as server:
        assert fetch(pool, server).body.startswith(b"all of this")
        assert fetch(pool, server).body.endswith(b": 3")
        assert server.connections == 2


def test_an_empty_body_without_a_length_ends_with_the_connection(pool: ConnectionPool) -> None:
    with once(b"HTTP/1.0 200 OK\r\n\r\n") as server:
        assert fetch(pool, server).body == b""


@pytest.mark.parametrize("size", [100, 1_000_000])
def test_a_body_shorter_than_its_length_is_an_error(pool: ConnectionPool, size: int) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + bytes(70)
    what = f"after 70 of {size} bytes of the body"
    with once(answer) as server, pytest.raises(ServerClosedError, match=what):
        fetch(pool, server)


def test_chunks_without_the_last_one_are_an_error(pool: ConnectionPool) -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    with once(answer) as server, pytest.raises(ServerClosedError, match="in the middle of the body"):
        fetch(pool, server)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello and more",
    ],
)
def test_whether_the_connection_lasts_is_asked_before_it_is_too_late(
    pool: ConnectionPool, answer: bytes
) -> None:
    with ScriptedServer(answers(answer)) as server:
        assert [fetch(pool, server).body for _ in range(2)] == [b"hello", b"hello"]
        assert server.connections == 2


def test_http_1_0_with_keep_alive_lasts(pool: ConnectionPool) -> None:
    answer = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"
    with ScriptedServer(answers(answer)) as server:
        first = fetch(pool, server)
        fetch(pool, server)
        assert (first.version, server.connections) == (10, 1)


def test_an_endless_head_is_cut_at_64_kib(pool: ConnectionPool) -> None:
    def endless(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            peer.send(b"X-More: and more\r\n" * 200)

    with ScriptedServer(endless) as server, pytest.raises(BadAnswerError, match="a head of more than 64 KiB"):
        fetch(pool, server)


def test_a_head_of_more_than_64_kib_is_refused_although_it_ends(pool: ConnectionPool) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\nContent-Length: 0\r\n\r\n"
    with once(answer) as server, pytest.raises(BadAnswerError, match="a head of more than 64 KiB"):
        fetch(pool, server)


def test_a_long_head_within_the_limit_is_read(pool: ConnectionPool) -> None:
    with once(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 60_000 + b"\r\nContent-Length: 5\r\n\r\nhello") as server:
        assert len(dict(fetch(pool, server).raw_headers)[b"X"]) == 60_000


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", "Missing expected CR"),
        (b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", "Invalid header"),
        (b"\x00\x01\x02garbage", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\nContent-Length: 0\r\n\r\n", "whitespace"),
    ],
)
def test_what_it_refuses_is_said_in_the_error(pool: ConnectionPool, answer: bytes, what: str) -> None:
    with (
        once(answer) as server,
        pytest.raises(
            BadAnswerError, match=f"127.0.0.1:{server.port} did not send an HTTP/1.1 answer: .*{what}"
        ),
    ):
        fetch(pool, server)


@pytest.mark.parametrize(
    "chunks", [b"zz\r\nhello\r\n", b"5\r\nhelloX\r\n", b"-5\r\nhello\r\n", b"5;\x00\r\nhello\r\n"]
)
def test_wrong_chunks_are_an_error(pool: ConnectionPool, chunks: bytes) -> None:
    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        peer.send(chunks)
        peer.wait_for_end()

    with ScriptedServer(handler) as server:
        with pytest.raises(BadAnswerError):
            fetch(pool, server)
        settle(lambda: not pool.in_flight)


def test_chunks_with_extensions_and_trailers_are_one_body(pool: ConnectionPool) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Checksum\r\n\r\n"
        b"5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nChecksum: 1\r\n\r\n"
    )
    with ScriptedServer(answers(answer)) as server:
        assert [fetch(pool, server).body for _ in range(2)] == [b"hello world", b"hello world"]
        assert server.connections == 1


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_an_answer_in_any_pieces_is_the_same_answer(pool: ConnectionPool, size: int) -> None:
    def handler(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send_slowly(HELLO, size)

    with ScriptedServer(handler) as server:
        assert [fetch(pool, server).body for _ in range(3)] == [b"hello"] * 3
        assert server.connections == 1


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_that_have_no_body_need_none(pool: ConnectionPool, status: str) -> None:
    with ScriptedServer(answers(f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n".encode(), HELLO)) as server:
        assert fetch(pool, server).body == b""
        assert fetch(pool, server).body == b"hello"


def test_a_reason_may_be_missing_or_long(pool: ConnectionPool) -> None:
    ready = b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", response(b"", "418 I'm a teapot")
    with ScriptedServer(answers(*ready)) as server:
        assert [fetch(pool, server).reason for _ in range(2)] == ["", "I'm a teapot"]


def test_the_error_of_a_bad_head_is_the_same_whenever_it_was_sent(pool: ConnectionPool) -> None:
    texts = set()
    for second in (1, 2):
        head = (
            f"HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 20:00:0{second} GMT\r\nno colon here\r\n\r\n".encode()
        )
        with ScriptedServer(answers(head)) as server, pytest.raises(BadAnswerError) as raised:
            fetch(pool, server)
        texts.add(str(raised.value).partition(" ")[2])
    (text,) = texts
    assert "HTTP/1.1 200 OK" in text
