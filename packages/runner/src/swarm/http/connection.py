"""One kept-alive connection: a non-blocking socket, one read watcher that stays started, a parser.

The rules that keep a persistent watcher correct (each has a test of its name):
- a callback while nobody waits is EOF or unsolicited bytes: the watcher stops, the connection closes;
- `_waiter` is set only around the switch to the hub, and there is one at most;
- a request that ends otherwise than with a complete answer leaves a connection that is not used again;
- the watcher stops before the socket closes, since the next socket may get the same descriptor.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from gevent import get_hub
from greenlet import getcurrent, greenlet
from httptools import HttpParserError, HttpParserUpgrade

from swarm.http.answer import finish
from swarm.http.delivery import surely_undelivered
from swarm.http.errors import ReadTimeoutError, ServerClosedError, StaleConnectionError
from swarm.http.known import KNOWN, remember
from swarm.http.parser import COMPLETE, AnswerParser

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

    from swarm.http.message import RawResponse

READ_SIZE: Final = 64 * 1024
JOIN_TO: Final = 64 * 1024  # a request's body up to here is sent in one piece with its head
SEND_SLICE: Final = 256 * 1024
NEVER: Final = float("inf")
READABLE: Final = 1
WRITABLE: Final = 2


class Connection:
    """A connection to one server, ready for one request at a time."""

    def __init__(self, sock: socket, peer: str) -> None:
        """Take a connected non-blocking socket; `peer` names the server in messages."""
        hub = get_hub()
        self.peer = peer
        self.reusable = True
        self.closed = False
        self.on_idle_end: Callable[[Connection], object] | None = None  # called when the server ends it
        self.parser = AnswerParser()
        self._answered = False  # an error before the first answer is never a stale connection's
        self._hub: Any = hub
        # The hub's own method looks for a hook of the greenlet's that hardly any has, for 0.5 µs.
        self._switch: Callable[[], Any] = greenlet.switch.__get__(hub)
        self._sock = sock
        self._send: Callable[[bytes | memoryview], int] = sock.send
        self._recv: Callable[[int], bytes] = sock.recv
        self._waiter: Any = None
        self._send_error: ConnectionError | None = None
        self._deadline = NEVER
        self._timer: Any = None
        self._timer_due = NEVER
        self._readable: Any = hub.loop.io(sock.fileno(), READABLE)
        self._readable.start(self._on_readable)

    def exchange(  # noqa: C901  one frame for the hot path
        self,
        payload: bytes,
        body: bytes | None,
        method: str,
        response: RawResponse,
        timeout: float,
        stream: bool = False,
    ) -> None:
        """Send a request (`payload` is its head) and fill `response` with the answer.

        `timeout` (seconds) bounds every wait for the server. Whatever is raised, `reusable` is then False,
        and the caller closes the connection.
        Raises ReadTimeoutError, ServerClosedError (StaleConnectionError when no byte of an answer had come
        on a connection that had answered before), BadAnswerError, and what the socket raises.
        """
        self.reusable = False
        self._deadline = deadline = perf_counter() + timeout
        if deadline < self._timer_due:
            self._arm(timeout)
        if body is not None:
            payload = payload + body if len(body) <= JOIN_TO else self._send_large(payload, body, timeout)
        try:
            sent = self._send(payload)
        except BlockingIOError:
            sent = 0
        except ConnectionError as error:  # the server may have answered before it closed
            self._send_error = error
            sent = len(payload)
        if sent != len(payload):
            self._send_rest(memoryview(payload)[sent:], timeout)

        self._waiter = getcurrent()
        try:
            self._switch()
        except ReadTimeoutError:
            raise self._timed_out(timeout) from None
        finally:
            self._waiter = None
        try:
            data = self._recv(READ_SIZE)
        except OSError as error:
            data = self._read_again(error, timeout)
        end = data.find(b"\r\n\r\n")
        head = data[:end]
        known = KNOWN.get(head)
        if known is not None and not stream and method != "HEAD":
            extent, status, keep_alive, plain = known
            if len(data) == end + extent:
                response.head = head
                response.status_code = status
                response.content = data[end + 4 :]
                response.plain = plain
                self._answered = True
                self.reusable = keep_alive
                return
        parser = self.parser
        parser.state = 0
        parser.head_done = False
        refusal = None
        if data:
            try:
                parser.feed(data)
            except (HttpParserError, HttpParserUpgrade) as error:
                refusal = error
            if parser.state == COMPLETE and not stream and refusal is None and method != "HEAD":
                response.head = head
                response.status_code = parser.status
                response.content = body = parser.take_body()
                self._answered = True
                if len(data) == end + 4 + len(body):  # chunks have bytes of their own
                    remember(head, len(data) - end, parser.status, parser.keep_alive)
                self.reusable = parser.keep_alive
                return
        elif not parser.head_done:
            raise self.no_answer()
        finish(self, response, data, refusal, method, timeout, stream)
        self._answered = True

    # -- waiting for the server --------------------------------------------------------------------------

    def read(self, size: int, timeout: float) -> bytes:
        """Wait for the next bytes of an answer and return up to `size` of them; b"" is the end.

        Raises ReadTimeoutError after `timeout` seconds, and what the socket raises.
        """
        self._set_deadline(timeout)
        while True:
            self._wait(timeout)
            try:
                return self._recv(size)
            except BlockingIOError:
                continue

    def read_into(self, view: memoryview, timeout: float) -> int:
        """Wait for the next bytes, receive them into `view` and return their number; 0 is the end."""
        self._set_deadline(timeout)
        while True:
            self._wait(timeout)
            try:
                return self._sock.recv_into(view)
            except BlockingIOError:
                continue

    def pause(self) -> None:
        """Take nothing from the socket until `resume`: the server is slowed down by a full buffer."""
        self._readable.stop()

    def resume(self) -> None:
        """Watch the socket again."""
        if not self._readable.active:
            self._readable.start(self._on_readable)

    def no_answer(self) -> ConnectionError:
        """Return the error of a connection that ended before the first byte of an answer."""
        error, self._send_error = self._send_error, None
        if self._answered:
            unsent = error is not None or surely_undelivered(self._sock)
            return StaleConnectionError(f"{self.peer} had closed the kept-alive connection", unsent)
        return error or ServerClosedError(f"{self.peer} closed the connection before it answered")

    def _wait(self, timeout: float) -> None:
        """Switch to the hub until the socket is ready; `timeout` is what the deadline was set by."""
        self._waiter = getcurrent()
        try:
            self._switch()
        except ReadTimeoutError:
            raise self._timed_out(timeout) from None
        finally:
            self._waiter = None

    def _timed_out(self, timeout: float) -> ReadTimeoutError:
        return ReadTimeoutError(f"{self.peer} did nothing for {timeout:g} s")

    def _read_again(self, error: OSError, timeout: float) -> bytes:
        """Go on after the first read of an answer failed."""
        if isinstance(error, BlockingIOError):
            try:
                return self.read(READ_SIZE, timeout)
            except ConnectionError as late:
                error = late
        if isinstance(error, ConnectionError) and (self._answered or self._send_error is not None):
            raise self.no_answer() from error
        raise error

    def _on_readable(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            waiter.switch()
        else:
            self._on_idle()

    def _on_idle(self) -> None:
        """Nobody waits: it is EOF, or bytes that nobody asked for."""
        self._readable.stop()
        self.reusable = False
        if self.on_idle_end is not None:
            self.on_idle_end(self)
        self.close()

    # -- deadlines ---------------------------------------------------------------------------------------

    def _set_deadline(self, timeout: float) -> None:
        self._deadline = deadline = perf_counter() + timeout
        if deadline < self._timer_due:
            self._arm(timeout)

    def _arm(self, seconds: float) -> None:
        """Start the one timer of this connection; it looks at the deadline only when it fires.

        So a request costs a comparison: with 60 s, the timer of a busy connection fires once a minute.
        """
        if self._timer is not None:
            self._timer.close()
        self._timer_due = perf_counter() + seconds
        # Without a reference: an idle connection's timer keeps no loop alive.
        self._timer = self._hub.loop.timer(seconds, ref=False)
        self._timer.start(self._on_timer)

    def _on_timer(self) -> None:
        self._timer_due = NEVER
        waiter = self._waiter
        if waiter is None:
            return
        left = self._deadline - perf_counter()
        if left > 0:
            self._arm(left)
        else:
            waiter.throw(ReadTimeoutError())

    # -- sending -----------------------------------------------------------------------------------------

    def _send_large(self, head: bytes, body: bytes, timeout: float) -> bytes:
        """Send a head and its body but for the last slice, which is returned."""
        view = memoryview(body)
        slices = [memoryview(head), *(view[i : i + SEND_SLICE] for i in range(0, len(view), SEND_SLICE))]
        last = bytes(slices.pop())
        for piece in slices:
            try:
                sent = self._send(piece)
            except BlockingIOError:
                sent = 0
            except ConnectionError as error:
                self._send_error = error
            if self._send_error is None and sent != len(piece):
                self._send_rest(piece[sent:], timeout)
            if self._send_error is not None:
                return b""
        return last

    def _send_rest(self, rest: memoryview, timeout: float) -> None:
        """Send what a full socket buffer did not take; an answer that comes meanwhile waits."""
        self._readable.stop()
        writable = self._hub.loop.io(self._sock.fileno(), WRITABLE)
        try:
            writable.start(self._on_readable)
            while rest:
                self._set_deadline(timeout)
                self._wait(timeout)
                try:
                    rest = rest[self._sock.send(rest) :]
                except BlockingIOError:
                    continue
                except ConnectionError as error:
                    self._send_error = error
                    break
        finally:
            writable.stop()
            writable.close()
        self._readable.start(self._on_readable)

    def close(self) -> None:
        """Close the connection; the answer in progress, if any, is lost."""
        if not self.closed:
            self.release_socket()
            self._sock.close()

    def release_socket(self) -> None:
        """Let go of the socket without closing it."""
        self.closed = True
        self.reusable = False
        self._readable.stop()
        self._readable.close()
        if self._timer is not None:
            self._timer.close()
        self.parser.close()
