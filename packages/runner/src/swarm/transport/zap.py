"""Who is admitted: a ZAP handler in a greenlet, which knows one key.

Source: ZeroMQ's RFC 27.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import gevent
import zmq.green as zmq
from zmq.utils import z85

from swarm.transport.monitor import CLOSED

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.transport.drops import Drops

DOMAIN = b"swarm"
_ENDPOINT = "inproc://zeromq.zap.01"  # the one that libzmq asks
_VERSION = b"1.0"
_FRAMES = 7
FULL = 500
"""ZAP's status for a worker that has the key and comes too many; its monitor shows it."""


class Gatekeeper:
    """Answers libzmq, within one context, whether a peer's key is admitted. Without it nobody is."""

    def __init__(
        self, context: zmq.Context[Any], admitted: bytes, is_full: Callable[[], bool], drops: Drops
    ) -> None:
        self._admitted = z85.decode(admitted)
        self._is_full = is_full
        self._drops = drops
        self._socket = context.socket(zmq.REP)
        self._socket.linger = 0
        self._socket.bind(_ENDPOINT)
        self._greenlet = gevent.spawn(self._serve)

    def close(self) -> None:
        """End the greenlet and its socket."""
        self._greenlet.kill(block=False)
        self._socket.close()

    def _serve(self) -> None:
        while not self._socket.closed:
            try:
                request = self._socket.recv_multipart()
            except zmq.ZMQError as error:
                if error.errno in CLOSED:
                    return
                raise
            self._socket.send_multipart(self._answer(request))

    def _answer(self, request: list[bytes]) -> list[bytes]:
        reference = request[1] if len(request) > 1 else b""
        mechanism, key = request[5:7] if len(request) == _FRAMES else (b"", b"")
        if mechanism == b"CURVE" and hmac.compare_digest(key, self._admitted):
            if not self._is_full():
                return [_VERSION, reference, b"200", b"OK", b"worker", b""]
            self._drops.count(
                "workers beyond what its limit of open files holds", "raise it with `ulimit -n`"
            )
            return [_VERSION, reference, b"%d" % FULL, b"this master can hold no more workers", b"", b""]
        self._drops.count("peers with another key")
        return [_VERSION, reference, b"400", b"not a worker of this master", b"", b""]
