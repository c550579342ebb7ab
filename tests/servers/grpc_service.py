"""A gRPC service in a process of its own, since grpcio serves threads and not greenlets. Messages are bytes.

`python grpc_service.py [key certificate]` prints its port, and serves until its stdin is closed.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60
WORKERS = 120


class Hello:
    """The service; what a message asks for is its first word."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._seen: Counter[str] = Counter()

    def say_hello(self, request: bytes, context: Any) -> bytes:
        """Greet; "together N" answers when N such calls are in, "wait" never."""
        word, _, rest = request.decode().partition(" ")
        if word == "together":
            self._await("together", int(rest))
        elif word == "wait":
            self._endure(context)
        elif word == "fail":
            context.abort(grpc.StatusCode[rest], f"no such thing: {rest}")
        elif word == "metadata":
            return str(dict(context.invocation_metadata()).get(rest, "")).encode()
        elif word == "peer":
            return str(context.peer()).encode()
        elif word == "time":
            return b"limited" if context.time_remaining() < PATIENCE_S else b"unlimited"
        elif word == "await":
            what, count = rest.split()
            self._await(what, int(count), noting=False)
        return b"Hello, " + request

    def count(self, request: bytes, context: Any) -> Iterator[bytes]:
        """Count: "3" gives three messages, "3 fail" fails after them, "3 wait" then goes on for ever."""
        number, _, then = request.decode().partition(" ")
        for each in range(int(number)):
            yield str(each).encode()
        if then == "fail":
            context.abort(grpc.StatusCode.ABORTED, "lost count")
        elif then == "wait":
            self._endure(context)

    def collect(self, requests: Iterator[bytes], context: Any) -> bytes:
        """Put the messages together."""
        together = b",".join(requests)
        if together == b"fail":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
        return together

    def chat(self, requests: Iterator[bytes], _context: Any) -> Iterator[bytes]:
        """Answer each message."""
        for request in requests:
            yield b"re: " + request

    def _note(self, what: str) -> None:
        with self._changed:
            self._seen[what] += 1
            self._changed.notify_all()

    def _await(self, what: str, count: int, *, noting: bool = True) -> None:
        if noting:
            self._note(what)
        with self._changed:
            if not self._changed.wait_for(lambda: self._seen[what] >= count, PATIENCE_S):
                raise TimeoutError(f"{self._seen[what]} of {count} calls came")

    def _endure(self, context: Any) -> None:
        over = threading.Event()
        context.add_callback(over.set)
        self._note("waiting")
        over.wait(PATIENCE_S)
        self._note("cancelled")


def main(key: str = "", certificate: str = "") -> None:
    """Serve until stdin is closed."""
    hello = Hello()
    server = grpc.server(ThreadPoolExecutor(WORKERS), options=[("grpc.so_reuseport", 0)])
    handlers = {
        "SayHello": grpc.unary_unary_rpc_method_handler(hello.say_hello),
        "Count": grpc.unary_stream_rpc_method_handler(hello.count),
        "Collect": grpc.stream_unary_rpc_method_handler(hello.collect),
        "Chat": grpc.stream_stream_rpc_method_handler(hello.chat),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Hello", handlers),))
    if key:
        pair = (Path(key).read_bytes(), Path(certificate).read_bytes())
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)
    sys.stdout.flush()
    os._exit(0)  # Python would wait for handlers that still wait for something


if __name__ == "__main__":
    main(*sys.argv[1:])
