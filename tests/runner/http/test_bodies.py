"""Bodies through a pool: large ones, uploads, streams."""

from __future__ import annotations

import gevent
import pytest

from swarm.http.errors import ServerClosedError
from swarm.http.pool import ConnectionPool
from tests.runner.http.conftest import fetch, get_head
from tests.servers.scripted import HELLO, Peer, Received, ScriptedServer, answers, by_path, response

# -- bodies ------------------------------------------------------------------------------------------------------


def patterned(size: int) -> bytes:
    return bytes(range(256)) * (size // 256 + 1)


@pytest.mark.parametrize("size", [100_000, 131_072, 10_000_000])
def test_large_bodies_of_known_length_arrive_whole(pool: ConnectionPool, size: int) -> None:
    body = patterned(size)[:size]
    with ScriptedServer(answers(response(body))) as server:
        assert fetch(pool, server).body == body
        assert fetch(pool, server).body == body
        assert server.connections == 1


def test_large_chunked_bodies_arrive_whole(pool: ConnectionPool) -> None:
    body = patterned(3_000_000)
    pieces = [body[start : start + 50_000] for start in range(0, len(body), 50_000)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    ready = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    with ScriptedServer(answers(ready)) as server:
        assert fetch(pool, server).body == body
        assert fetch(pool, server).body == body
        assert server.connections == 1


def test_a_length_is_not_allocated_on_the_servers_word(pool: ConnectionPool) -> None:
    def liar(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000\r\n\r\nx")

    with (
        ScriptedServer(liar) as server,
        pytest.raises(ServerClosedError, match="after 1 of 1000000000000000"),
    ):
        fetch(pool, server)


@pytest.mark.parametrize("size", [0, 10, 70_000, 5_000_000])
def test_uploads_of_any_size_arrive_whole(pool: ConnectionPool, size: int) -> None:
    body = patterned(size)[:size]
    with ScriptedServer(answers(HELLO)) as server:
        head = get_head(method="POST", extra=f"Content-Length: {size}\r\n")
        for _ in range(2):
            assert pool.send("http", "127.0.0.1", server.port, head, body, "POST").body == b"hello"
        assert [request.body for request in server.requests] == [body, body]
        assert server.connections == 1


def test_an_answer_that_comes_before_the_upload_was_taken_is_the_answer(pool: ConnectionPool) -> None:
    def refuses(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(response(b"too large", "413 Payload Too Large", Connection="close"))

    body = bytes(20_000_000)
    head = get_head(method="POST", extra=f"Content-Length: {len(body)}\r\n")
    with ScriptedServer(refuses) as server:
        try:
            answer = pool.send("http", "127.0.0.1", server.port, head, body, "POST")
        except (ConnectionResetError, BrokenPipeError):
            return  # the system threw the answer away with the rest: nothing can be done about it
        assert answer.status == 413


# -- streams -----------------------------------------------------------------------------------------------------


def test_a_stream_is_read_piece_by_piece_and_gives_the_connection_back(pool: ConnectionPool) -> None:
    body = patterned(1_000_000)
    with ScriptedServer(answers(response(body))) as server:
        stream = fetch(pool, server, stream=True).stream
        assert stream is not None
        read = b""
        while piece := stream.read(10_000):
            assert len(piece) <= 10_000
            read += piece
        assert read == body
        assert fetch(pool, server, stream=True).stream is not None
        assert server.connections == 1


def test_a_stream_of_a_short_body_holds_no_connection(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(HELLO)) as server:
        answer = fetch(pool, server, stream=True)
        assert fetch(pool, server).body == b"hello"
        assert answer.stream is not None
        assert answer.stream.read() == b"hello"
        assert server.connections == 1


@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_stream_that_is_not_read_to_its_end_frees_its_place(end: str) -> None:
    pool = ConnectionPool(concurrency=1)
    routes: dict[str, bytes] = {"/large": response(bytes(5_000_000)), "/small": HELLO}
    with ScriptedServer(by_path(dict(routes))) as server:
        answer = fetch(pool, server, "/large", stream=True)
        assert answer.stream is not None
        answer.stream.read(1)
        if end == "close":
            answer.stream.close()
        else:
            del answer
        assert fetch(pool, server, "/small").body == b"hello"
        assert server.connections == 2


def test_a_stream_at_rest_is_not_in_flight(pool: ConnectionPool) -> None:
    with ScriptedServer(answers(response(bytes(5_000_000)))) as server:
        answer = fetch(pool, server, stream=True)
        assert pool.in_flight == 0
        assert answer.stream is not None
        answer.stream.close()
        assert pool.in_flight == 0


def test_a_stream_that_is_cut_short_is_an_error_and_frees_its_place(pool: ConnectionPool) -> None:
    def handler(peer: Peer, _request: Received) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        gevent.sleep(0)
        peer.send(b"half")
        peer.close()

    with ScriptedServer(by_path({"/": handler})) as server:
        stream = fetch(pool, server, stream=True).stream
        assert stream is not None
        with pytest.raises(ServerClosedError, match="the body"):
            stream.read()
        assert pool.in_flight == 0


def test_a_stream_without_a_length_ends_with_the_connection(pool: ConnectionPool) -> None:
    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        for number in range(5):
            gevent.sleep(0)
            peer.send(b"%d" % number)

    with ScriptedServer(handler) as server:
        stream = fetch(pool, server, stream=True).stream
        assert stream is not None
        assert stream.read() == b"01234"
