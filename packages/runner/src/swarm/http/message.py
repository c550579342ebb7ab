"""An answer as the server sent it: status line, head and body, not interpreted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swarm.http.body import BodyStream


def parse_head(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return the (name, value) pairs of a head without its final empty line, in order and as sent."""
    pairs = []
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        pairs.append((name, value.strip(b" \t")))
    return pairs


def header_value(head: bytes, name: bytes) -> bytes | None:
    """Return the first value of a header; `name` in lower case. None when the head does not have it."""
    lowered = head.lower()
    start = lowered.find(b"\r\n" + name + b":")
    if start < 0:
        return None
    start += len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else None].strip(b" \t")


def keeps_alive(head: bytes) -> bool:
    """Say whether the server means to keep the connection open after this answer."""
    connection = (header_value(head, b"connection") or b"").lower()
    return b"keep-alive" in connection if head.startswith(b"HTTP/1.0") else b"close" not in connection


class RawResponse:
    """Status, head and body of one answer.

    `head` is everything before the empty line. `content` is the whole body as sent (a Content-Encoding is
    not undone), or b"" while `stream` has it: then `stream.read(n)` gives it piece by piece, and the
    connection is free again when the stream is at its end or closed.
    """

    status_code: int = 0
    head: bytes = b""
    content: bytes | None = b""
    head_at: float = 0.0  # when the head was read (perf_counter), of an answer that came in several pieces
    plain: bool = False  # known to set no cookie and to name no encoding
    stream: BodyStream | None = None

    @property
    def status(self) -> int:
        """The status code."""
        return self.status_code

    @property
    def body(self) -> bytes:
        """The body as sent; b"" when it is streamed."""
        return self.content or b""

    @property
    def version(self) -> int:
        """The version as http.client counts it: 10 or 11."""
        return 10 if self.head.startswith(b"HTTP/1.0") else 11

    @property
    def reason(self) -> str:
        """The reason phrase, "" when the server sent none."""
        line = self.head.partition(b"\r\n")[0]
        return line.split(b" ", 2)[2].decode("latin-1") if line.count(b" ") > 1 else ""

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers in order, repeated ones included."""
        return parse_head(self.head)
