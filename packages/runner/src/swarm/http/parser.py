"""Takes the answers of one connection apart, with httptools, and keeps of a head only its bytes.

Header maps are made from those bytes when somebody asks: most answers of a load test are never looked into.
"""

from __future__ import annotations

from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

READING: Final = 0
COMPLETE: Final = 1
UNUSUAL: Final = 2  # complete, with informational answers before it or unsolicited bytes behind it


class AnswerParser:
    """The callbacks of an HttpResponseParser and what they have seen of the present answer."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        # httptools looks its callbacks up once, so a built-in method saves a frame for each piece.
        self.on_body = self.pieces.append
        self.state = READING
        self.head_done = False
        self.keep_alive = False
        self.excess = False
        self._whole = b""  # the body, when bytes follow it that are not its own
        self.interim = 0
        self.status = 0
        self._parser: Any = HttpResponseParser(self)
        self.feed = self._parser.feed_data

    def renew(self) -> None:
        """Forget the parser's state, as after an answer to HEAD, which httptools takes for unfinished."""
        self._parser = HttpResponseParser(self)
        self.feed = self._parser.feed_data

    def close(self) -> None:
        """Break the cycle between the parser and its callbacks."""
        self._parser = None
        del self.feed

    def take_body(self) -> bytes:
        """Return the body that has been read and forget it."""
        pieces = self.pieces
        if self.excess:
            pieces[:] = [self._whole]
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        return body

    def on_message_begin(self) -> None:
        """Note bytes that follow a complete answer."""
        if self.state:
            self.excess = True
            self.state = UNUSUAL
            self._whole = b"".join(self.pieces)

    def on_headers_complete(self) -> None:
        """Note the end of the head."""
        if self.excess:
            return
        self.head_done = True
        self.status = self._parser.get_status_code()

    def on_message_complete(self) -> None:
        """Finish the answer, or go on after an informational one."""
        if self.excess:
            return
        if 100 <= self.status < 200 and self.status != 101:
            self.interim += 1
            self.head_done = False
            return
        self.keep_alive = self._parser.should_keep_alive()  # afterwards it always says False
        self.state = UNUSUAL if self.interim else COMPLETE


def feed(parser: AnswerParser, data: bytes) -> HttpParserError | HttpParserUpgrade | None:
    """Feed the parser and return its refusal, if any."""
    try:
        parser.feed(data)
    except (HttpParserError, HttpParserUpgrade) as error:
        return error
    return None
