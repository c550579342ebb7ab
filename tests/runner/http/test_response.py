"""What a response tells, and the Content-Encodings it undoes."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest

from swarm.http.decoding import decode
from swarm.http.errors import ContentDecodingError
from swarm.http.headers import Headers
from tests.runner.http.conftest import Harness
from tests.servers.scripted import ScriptedServer, answers, response

TEXT = b"all that glitters " * 1000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


ENCODED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "GZip": gzip.compress(TEXT[:90]) + gzip.compress(TEXT[90:]),
    "deflate": zlib.compress(TEXT),
    "Deflate": raw_deflate(TEXT),
    "br": brotli.compress(TEXT),
    "deflate, gzip": gzip.compress(zlib.compress(TEXT)),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_content_encodings_are_undone_and_the_length_counted_is_that_of_the_content(
    harness: Harness, encoding: str
) -> None:
    with ScriptedServer(answers(response(ENCODED[encoding], Content_Encoding=encoding))) as server:
        answer = harness.user(server.url).client.get("/")
        assert answer.content == TEXT
        assert answer.text == TEXT.decode()
        streamed = harness.user(server.url).client.get("/", stream=True)
        assert b"".join(streamed.iter_content(10)) == TEXT
    assert harness.environment.stats.total.total_content_length == len(TEXT)


def test_what_follows_a_gzip_member_and_is_none_is_left_out() -> None:
    assert decode(gzip.compress(b"body") + b"padding", "gzip") == b"body"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, br"])
def test_a_body_that_is_not_what_its_encoding_says_is_an_error(encoding: str) -> None:
    with pytest.raises(ContentDecodingError, match="as its Content-Encoding says"):
        decode(b"\xff\xfenot at all", encoding)


@pytest.mark.parametrize("encoding", ["identity", "", "aws-chunked"])
def test_other_encodings_leave_the_body_alone(encoding: str) -> None:
    assert decode(b"body", encoding) == b"body"


def test_an_empty_body_has_no_encoding() -> None:
    assert decode(b"", "gzip") == b""


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/html; charset=latin-1", "ü".encode("latin-1"), "ü"),
        ('text/html; charset="UTF-8"', "ü".encode(), "ü"),
        ("text/html", "ü".encode(), "ü"),
        ("text/html", "ü".encode("latin-1"), "ü"),
        ("text/html; charset=utf-8", b"\xff", "\ufffd"),
        ("text/html; charset=nonsense", b"x", "x"),
        ("application/json; charset=utf-16", "ü".encode("utf-16"), "ü"),
    ],
)
def test_text_is_decoded_as_the_server_says(
    harness: Harness, content_type: str, body: bytes, text: str
) -> None:
    with ScriptedServer(answers(response(body, Content_Type=content_type))) as server:
        assert harness.user(server.url).client.get("/").text == text


def test_json_is_read_in_its_charset(harness: Harness) -> None:
    body = '{"a": "ü"}'.encode("utf-16")
    with ScriptedServer(answers(response(body, Content_Type="application/json; charset=utf-16"))) as server:
        answer = harness.user(server.url).client.get("/")
    assert answer.json() == answer.js == {"a": "ü"}


def test_a_body_that_is_not_json_is_a_value_error(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"<html>"))) as server:
        answer = harness.user(server.url).client.get("/")
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()
    assert answer.js is None


def test_a_response_tells_of_itself_and_of_its_request(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"x", "201 Created", X_Two="2"))) as server:
        answer = harness.user(server.url).client.post("/a?b=1", json=[1], headers={"X-One": "1"})
    assert (answer.status_code, answer.reason, answer.ok, answer.error) == (201, "Created", True, None)
    assert answer.headers["x-two"] == answer.headers["X-TWO"] == "2"
    assert answer.url == f"{server.url}/a?b=1"
    assert answer.elapsed.total_seconds() > 0
    assert answer.history == []
    assert (answer.request.method, answer.request.url) == ("POST", answer.url)
    assert answer.request.headers["x-one"] == "1"
    assert answer.request.body == answer.request.payload == b"[1]"
    answer.raise_for_status()


def test_content_is_given_in_pieces_bytes_or_text(harness: Harness) -> None:
    with ScriptedServer(answers(response("aüb".encode() * 2))) as server:
        answer = harness.user(server.url).client.get("/")
    assert list(answer.iter_content(3)) == [b"a\xc3\xbc", b"ba\xc3", b"\xbcb"]
    assert "".join(answer.iter_content(2, decode_unicode=True)) == "aübaüb"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", []),
        (b"one", [b"one"]),
        (b"one\n", [b"one"]),
        (b"one\r\ntwo", [b"one", b"two"]),
        (b"\n\none", [b"", b"", b"one"]),
    ],
)
def test_lines_have_no_ends(harness: Harness, body: bytes, lines: list[bytes]) -> None:
    with ScriptedServer(answers(response(body))) as server:
        answer = harness.user(server.url).client.get("/")
    assert list(answer.iter_lines()) == lines
    assert list(answer.iter_lines(decode_unicode=True)) == [line.decode() for line in lines]


def test_lines_may_have_another_delimiter(harness: Harness) -> None:
    with ScriptedServer(answers(response(b"a;b;c"))) as server:
        answer = harness.user(server.url).client.get("/")
    assert list(answer.iter_lines(chunk_size=2, delimiter=b";")) == [b"a", b"b", b"c"]


def test_headers_have_names_in_any_case_and_all_values() -> None:
    headers = Headers.from_head(
        b"HTTP/1.1 200 OK\r\nVia: a\r\nvia:\tb \r\nSet-Cookie: x=1\r\nSet-Cookie: y=2"
    )
    assert headers["VIA"] == "a, b"
    assert headers.getlist("set-cookie") == ["x=1", "y=2"]
    assert headers.get("missing") is None
    assert "Via" in headers
    assert 5 not in headers
    assert list(headers) == ["Via", "Set-Cookie"]
    headers["via"] = "c"
    del headers["Set-Cookie"]
    assert dict(headers) == {"via": "c"}
    assert len(headers) == 1
