"""The answer of the core as requests' `response.raw`: a urllib3 response over the core's body.

urllib3's own code decodes, counts and raises, so that `raw.read`, `stream`, `iter_content`, `iter_lines`, and
their errors, are requests' to the letter.
"""

from __future__ import annotations

import io
from http.client import HTTPMessage, IncompleteRead
from typing import TYPE_CHECKING, Final, Protocol

from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.exceptions import ProtocolError

from swarm.http.body import BodyStream
from swarm.http.errors import ServerClosedError
from swarm.http.message import header_value

if TYPE_CHECKING:
    from collections.abc import Generator

    from swarm.http.message import RawResponse

_PIECE: Final = 64 * 1024


class Readers(Protocol):
    """Counts the greenlets that wait for more of a body."""

    _swarm_reading: int


def raw_of(answer: RawResponse, method: str, path: str, readers: Readers) -> HTTPResponse:
    """Return urllib3's view of `answer` to a `method` request for `path`; the body is still to be read."""
    message = HTTPMessage()
    headers = HTTPHeaderDict()
    for name, value in answer.raw_headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        message.add_header(key, text)
        headers.add(key, text)
    body = BodyFile(answer, readers)
    version = answer.version
    return CoreBody(
        body=body,
        headers=headers,
        status=answer.status_code,
        version=version,
        version_string="HTTP/1.0" if version == 10 else "HTTP/1.1",
        reason=answer.reason,
        preload_content=False,
        decode_content=False,
        original_response=_Original(message, body),  # type: ignore[arg-type]  # what of it is used
        request_method=method,
        request_url=path,
    )


class CoreBody(HTTPResponse):
    """A urllib3 response whose chunked body comes from the core, without the chunks' edges."""

    def supports_chunked_reads(self) -> bool:
        """Tell `stream` that `read_chunked` works."""
        return True

    def read_chunked(self, amt: int | None = None, decode_content: bool | None = None) -> Generator[bytes]:
        """Yield what has arrived, up to `amt` bytes of the wire at a time.

        Raises urllib3's ProtocolError, ReadTimeoutError, DecodeError and SSLError.
        """
        self._init_decoder()
        if decode_content is None:
            decode_content = self.decode_content
        while True:
            data = self._raw_read(amt or _PIECE, read1=True)
            decoded = self._decode(data, decode_content, flush_decoder=not data)
            if decoded:
                yield decoded
            if not data:
                return


class BodyFile(io.RawIOBase):
    """The body of an answer as a file that is closed when it has been read to its end."""

    def __init__(self, answer: RawResponse, readers: Readers) -> None:
        self._readers = readers
        self._stream = answer.stream or BodyStream(None, answer.body)
        self._chunked = b"chunked" in (header_value(answer.head, b"transfer-encoding") or b"").lower()
        self._given = 0
        self._length = header_value(answer.head, b"content-length")
        self._cut = False  # the server ended it before its length

    def readable(self) -> bool:
        """Say that this is a file to read from."""
        return True

    def read(self, amt: int | None = -1) -> bytes:
        """Return `amt` bytes, fewer only at the end; all that follow for None or less than 0.

        Raises http.client's IncompleteRead when all of a body with a length was asked for and it is cut.
        """
        everything = amt is None or amt < 0
        left = 0 if amt is None else amt
        pieces = []
        while everything or left > 0:
            piece = self.read1(-1 if everything else left)
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if everything and self._cut:
            raise IncompleteRead(data, int(self._length or 0) - self._given)
        return data

    def read1(self, amt: int | None = -1) -> bytes:
        """Return up to `amt` bytes, waiting only for the first; b"" at the end.

        Raises urllib3's ProtocolError when the server ended a chunked body too early. Of a body with a
        length the end is told as such: urllib3 counts and says what is missing.
        """
        if self.closed:
            return b""
        self._readers._swarm_reading += 1
        try:
            data = self._stream.read(_PIECE if amt is None or amt < 0 else amt)
        except ServerClosedError as error:
            if self._chunked:
                raise ProtocolError("Response ended prematurely") from error
            self._cut = True  # left open: what is missing is told at the next read
            return b""
        finally:
            self._readers._swarm_reading -= 1
        self._given += len(data)
        if not data and amt != 0:
            self.close()
        return data

    def close(self) -> None:
        """Give the connection back, closed unless the body was read to its end."""
        if not self.closed:
            self._stream.close()
        super().close()

    def isclosed(self) -> bool:
        """Tell whether nothing is left to read."""
        return self.closed


class _Original:
    """What requests and urllib3 read of http.client's response: its headers, for cookies, and its end."""

    def __init__(self, message: HTTPMessage, body: BodyFile) -> None:
        self.msg = message
        self._body = body

    def close(self) -> None:
        self._body.close()

    def isclosed(self) -> bool:
        return self._body.closed
