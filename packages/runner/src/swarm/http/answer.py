"""Reads the answers that are not whole and plain in the first bytes received.

Informational answers, heads and bodies in many pieces, HEAD, bodies without a length, upgrades, streams, and
everything that is wrong. The plain case is in connection.py.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final, NoReturn

from httptools import HttpParserUpgrade

from swarm.http.body import BodyStream, read_body
from swarm.http.errors import BadAnswerError, ServerClosedError
from swarm.http.message import keeps_alive
from swarm.http.parser import feed

if TYPE_CHECKING:
    from httptools import HttpParserError

    from swarm.http.connection import Connection
    from swarm.http.message import RawResponse

HEAD_LIMIT: Final = 64 * 1024  # bytes of a head, informational ones before it included
READ_SIZE: Final = 64 * 1024


def finish(
    connection: Connection,
    response: RawResponse,
    data: bytes,
    refusal: HttpParserError | HttpParserUpgrade | None,
    method: str,
    timeout: float,
    stream: bool,
) -> None:
    """Read on until the answer is complete (its head, for a stream) and fill `response`.

    `data` is what was received and fed to the parser so far, `refusal` what the parser said to it.
    Raises what `Connection.exchange` does.
    """
    parser = connection.parser
    seen = data
    while refusal is None and not parser.head_done and not parser.state:
        if len(seen) > HEAD_LIMIT:
            raise BadAnswerError(f"{connection.peer} sent a head of more than {HEAD_LIMIT // 1024} KiB")
        data = connection.read(READ_SIZE, timeout)
        if not data:
            raise ServerClosedError(f"{connection.peer} closed the connection in the middle of the head")
        seen += data
        refusal = feed(parser, data)
    if refusal is not None and not (parser.state or isinstance(refusal, HttpParserUpgrade)):
        if parser.head_done:  # the head was right, so that callers may tell what it is that is wrong
            response.head = _cut_head(seen, parser.interim)[0]
            raise BadAnswerError(f"{connection.peer} sent a body that is wrong: {refusal}") from refusal
        _raise_bad_head(connection, refusal, seen)

    head, start = _cut_head(seen, parser.interim)
    if len(head) > HEAD_LIMIT:
        raise BadAnswerError(f"{connection.peer} sent a head of more than {HEAD_LIMIT // 1024} KiB")
    parser.interim = 0
    response.head = head
    response.head_at = perf_counter()
    response.status_code = parser.status
    if isinstance(refusal, HttpParserUpgrade):
        response.content = b""  # the protocol has changed: nothing more of HTTP comes on this connection
        return
    if method == "HEAD" or (method == "CONNECT" and 200 <= parser.status < 300):
        parser.renew()
        parser.pieces.clear()
        response.content = b""
        connection.reusable = len(seen) == start and keeps_alive(head)
        return
    if parser.state:
        response.content = parser.take_body()
        connection.reusable = parser.keep_alive and not parser.excess and refusal is None
        if stream:
            response.stream = BodyStream(None, response.content)
            response.content = b""
        return
    if stream:
        connection.pause()
        response.stream = BodyStream(connection, parser.take_body(), head, timeout)
        return
    response.content = read_body(connection, head, timeout)


def _cut_head(seen: bytes, interim: int) -> tuple[bytes, int]:
    """Return the final head, behind `interim` informational ones, and where its body starts."""
    start = 0
    for _ in range(interim):
        start = seen.index(b"\r\n\r\n", start) + 4
    end = seen.index(b"\r\n\r\n", start)
    return seen[start:end].lstrip(b"\r\n"), end + 4


def _raise_bad_head(connection: Connection, refusal: Exception, seen: bytes) -> NoReturn:
    """Say what is wrong with a head that the parser refused."""
    # Its first line alone: a date behind it would make each occurrence a failure of its own.
    line = seen.lstrip(b"\r\n").partition(b"\n")[0].rstrip(b"\r")[:60]
    raise BadAnswerError(
        f"{connection.peer} did not send an HTTP/1.1 answer: {refusal} (it begins with {line!r})"
    ) from refusal
