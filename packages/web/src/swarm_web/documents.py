"""What is encoded once for all who ask, and compressed once for those who take it so.

The rule: neither encoding nor compressing holds up the event loop.
"""

from __future__ import annotations

import gzip
from functools import cache
from typing import TYPE_CHECKING, Any

from gevent.lock import RLock
from gevent.threadpool import ThreadPool

from swarm_web.encoding import encode_in_turns
from swarm_web.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swarm_web.stream import Stream

LEVEL = 1
"""Fast: a third of the time of level 6, for a tenth more bytes."""
LARGE = 50_000
"""Bytes that are compressed in a thread: it takes a millisecond for each 100 kB."""


class Document:
    """The body of an answer, and the same compressed: that is made once, when somebody asks for it.

    `identity` tells it from others of its kind; empty for one that is made anew each time.
    """

    def __init__(self, plain: bytes, identity: str = "") -> None:
        self.plain = plain
        self.identity = identity
        self._gzipped: bytes | None = None
        self._making = RLock()

    def gzipped(self) -> bytes:
        """Return it compressed; others have their turn meanwhile."""
        with self._making:
            if self._gzipped is None:
                self._gzipped = gzipped(self.plain)
            return self._gzipped


class OncePerFrame:
    """A document that `make` returns the values of: made when somebody asks for it, at most once for each frame."""

    def __init__(self, stream: Stream, make: Callable[[Turns], Mapping[str, Any]]) -> None:
        self._stream = stream
        self._make = make
        self._known = Document(b"")
        self._making = RLock()

    def get(self) -> Document:
        """Return it as of the present frame or a later one."""
        if self._known.identity == self._stream.identity:
            return self._known
        with self._making:  # who comes while it is made waits for it, too
            identity = self._stream.identity
            if self._known.identity != identity:
                turns = Turns()
                self._known = Document(encode_in_turns(self._make(turns), turns), identity)
            return self._known


@cache
def _thread() -> ThreadPool:
    """One thread that compresses. Its own: those of the hub resolve the names of the target."""
    return ThreadPool(1)


def in_thread(compress: Callable[[bytes], bytes], data: bytes) -> bytes:
    """Return what `compress` makes of data, and let others have their turn meanwhile."""
    compressed: bytes = _thread().apply(compress, (data,))
    return compressed


def gzipped(data: bytes) -> bytes:
    """Return data in gzip's form."""
    return _compress(data) if len(data) < LARGE else in_thread(_compress, data)


def _compress(data: bytes) -> bytes:
    return gzip.compress(data, LEVEL, mtime=0)
