"""Responses as a locustfile sees them; whatever is not looked at is not made."""

from __future__ import annotations

import json as jsonlib
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, Self

from swarm.exceptions import CatchResponseError, SwarmError
from swarm.http.cookies import SessionCookies
from swarm.http.decoding import decode, decode_pieces
from swarm.http.headers import Headers
from swarm.http.message import RawResponse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from swarm.http.heads import Head

PIECE = 64 * 1024


class LocustBadStatusCode(SwarmError):
    """A status of 400 or more; its name and text are what people's scripts look for."""

    def __init__(self, url: str | None = None, code: int = 0) -> None:
        super().__init__(url, code)
        self.url = url
        self.code = code

    def __str__(self) -> str:
        return f"LocustBadStatusCode(code={self.code})"

    __repr__ = __str__


class FastRequest:
    """What was sent: method, URL, headers and body."""

    def __init__(self, head: Head, sent: bytes, body: bytes | None) -> None:
        self.method = head.method
        self.url = head.url
        self.headers = Headers.from_head(sent.removesuffix(b"\r\n\r\n"))
        self.payload = self.body = body


class FastResponse(RawResponse):
    """An answer, or (with `status_code` 0 and `error`) why there is none.

    `content` is the body with its Content-Encoding undone, None when there was no answer, b"" while a
    stream has it. `error` is the exception that made the request a failure, None otherwise.
    """

    error: BaseException | None = None
    _swarm_seconds: float = 0.0
    _swarm_request: tuple[Head, bytes, bytes | None]
    _swarm_encoding: str | None = None

    @property
    def url(self) -> str:
        """The URL of this answer: after redirects, the last one."""
        return self._swarm_request[0].url

    @property
    def ok(self) -> bool:
        """Whether there is an answer, with a status below 400."""
        return 0 < self.status_code < 400

    @cached_property
    def headers(self) -> Headers:
        """The headers, by names in any case."""
        return Headers.from_head(self.head)

    @cached_property
    def history(self) -> list[FastResponse]:
        """The answers that redirected to this one, the first one first."""
        return []

    @cached_property
    def cookies(self) -> SessionCookies:
        """The cookies that this answer set."""
        jar = SessionCookies()
        if self.status_code:
            jar.take(self.head, self.url)
        return jar

    @cached_property
    def request(self) -> FastRequest:
        """What was sent for this answer."""
        return FastRequest(*self._swarm_request)

    @property
    def elapsed(self) -> timedelta:
        """The time from sending the request to the end of the answer (its head, for a stream)."""
        return timedelta(seconds=self._swarm_seconds)

    @property
    def encoding(self) -> str:
        """The name of the text's encoding: what the server says, else UTF-8 where the bytes are it."""
        if self._swarm_encoding is None:
            self._swarm_encoding = self._charset() or "utf-8"
        return self._swarm_encoding

    @encoding.setter
    def encoding(self, name: str) -> None:
        self._swarm_encoding = name

    @property
    def text(self) -> str:
        """The body as text; "" when there is none. Bytes that are no text are replaced by a mark."""
        content = self.content
        if not content:
            return ""
        try:
            return content.decode(self.encoding)
        except LookupError:
            return content.decode("utf-8", "replace")
        except UnicodeDecodeError:
            return content.decode("latin-1" if self._charset() is None else self.encoding, "replace")

    def json(self, **kwargs: Any) -> Any:
        """Return the body read as JSON; keywords go to json.loads. Raises ValueError when it is none."""
        if self.content is None:
            raise jsonlib.JSONDecodeError(f"there is no answer: {self.error}", "", 0)
        return jsonlib.loads(self.content if not kwargs and self._charset() is None else self.text, **kwargs)

    @cached_property
    def js(self) -> Any:
        """The body read as JSON, None when it is none."""
        try:
            return self.json()
        except ValueError:
            return None

    def raise_for_status(self) -> None:
        """Raise the error of a failed request, LocustBadStatusCode for a status of 400 or more."""
        if self.error is not None:
            raise self.error
        if self.status_code >= 400:
            raise LocustBadStatusCode(self.url, self.status_code)

    def iter_content(self, chunk_size: int | None = PIECE, decode_unicode: bool = False) -> Iterator[Any]:
        """Give the body in pieces of up to `chunk_size` bytes; of a stream as they come.

        With `decode_unicode` the pieces are text. Raises what reading the body raises.
        """
        size = chunk_size or PIECE
        pieces = self._stream_pieces(size) if self.stream is not None else self._content_pieces(size)
        if not decode_unicode:
            yield from pieces
            return
        import codecs

        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        for piece in pieces:
            yield decoder.decode(piece)
        yield decoder.decode(b"", True)

    def iter_lines(
        self, chunk_size: int = 512, decode_unicode: bool = False, delimiter: Any = None
    ) -> Iterator[Any]:
        """Give the body line by line, without line ends; of a stream as they come."""
        rest: Any = None
        for piece in self.iter_content(PIECE if chunk_size == 512 else chunk_size, decode_unicode):
            text = piece if rest is None else rest + piece
            lines = text.split(delimiter) if delimiter else text.splitlines()
            unfinished = lines and lines[-1] and text and lines[-1][-1] == text[-1]
            rest = lines.pop() if unfinished or delimiter else None
            yield from lines
        if rest:
            yield rest

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes of a stream's body (-1: all that follow), as sent; b"" at its end."""
        if self.stream is not None:
            return self.stream.read(size)
        return self.content or b""

    def close(self) -> None:
        """Be done with a stream; the rest of its body is not read."""
        if self.stream is not None:
            self.stream.close()

    def success(self) -> None:
        """Only in a `with` block of a request with catch_response=True. Raises CatchResponseError."""
        self._not_caught()

    def failure(self, exc: BaseException | str) -> None:  # noqa: ARG002  the signature of the caught one
        """Only in a `with` block of a request with catch_response=True. Raises CatchResponseError."""
        self._not_caught()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code}]>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc: type[BaseException] | None = None,
        value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> bool | None:
        self.close()
        return None

    def _not_caught(self) -> NoReturn:
        raise CatchResponseError(
            "To decide whether a request has failed, pass catch_response=True and use a with block:\n\n"
            "with self.client.get(..., catch_response=True) as response:\n"
            "    response.failure(...)"
        )

    def _charset(self) -> str | None:
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'") or None
        return None

    def _content_pieces(self, size: int) -> Iterator[bytes]:
        content = self.content or b""
        for start in range(0, len(content), size):
            yield content[start : start + size]

    def _stream_pieces(self, size: int) -> Iterator[bytes]:
        stream = self.stream
        assert stream is not None  # noqa: S101
        pieces = iter(lambda: stream.read(size), b"")
        encoding = self.headers.get("content-encoding")
        return decode_pieces(pieces, encoding) if encoding else pieces

    def _swarm_decode(self) -> None:
        """Undo the body's Content-Encoding."""
        encoding = self.headers.get("content-encoding")
        if encoding and self.content:
            self.content = decode(self.content, encoding)


class ErrorResponse(FastResponse):
    """What a request that got no answer returns: `status_code` 0, no content, and its `error`."""

    content: bytes | None = None
