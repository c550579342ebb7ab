"""dnslib's real DNS server with one zone: over UDP and TCP on one port, and over TLS."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, BinaryIO

import gevent
from dnslib import RR
from dnslib.server import BaseResolver, DNSLogger, DNSServer
from gevent.event import Event
from gevent.server import StreamServer

if TYPE_CHECKING:
    import ssl


class _Resolver(BaseResolver):  # type: ignore[misc]  # dnslib has no types
    def __init__(self, zone: DnsZone) -> None:
        self._zone = zone

    def resolve(self, request: Any, handler: Any) -> Any:
        reply = request.reply()
        name = str(request.q.qname)
        if name == "held.test.":
            self._zone.hold()
        if name in ("a.test.", "held.test."):
            reply.add_answer(*RR.fromZone(f"{name} 60 A 192.0.2.1"))
        return reply


class DnsZone:
    """The servers. A query for held.test waits until `gate` is set."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.gate = Event()
        self.waiting = 0
        resolver, quiet = _Resolver(self), DNSLogger(logf=lambda _line: None)
        self._udp = DNSServer(resolver, address="127.0.0.1", port=0, logger=quiet)
        self._tcp = DNSServer(resolver, address="127.0.0.1", port=0, logger=quiet, tcp=True)
        for server in (self._udp, self._tcp):
            # Not its own start_thread, whose server takes half a second to hear that it is to stop.
            gevent.spawn(server.server.serve_forever, poll_interval=0.01)
        self._tls = None
        if context is not None:
            self._tls = StreamServer(("127.0.0.1", 0), self._relay, ssl_context=context)
            self._tls.start()

    @property
    def udp_port(self) -> int:
        return int(self._udp.server.server_address[1])

    @property
    def tcp_port(self) -> int:
        return int(self._tcp.server.server_address[1])

    @property
    def tls_port(self) -> int:
        assert self._tls is not None
        return self._tls.server_port

    def hold(self) -> None:
        self.waiting += 1
        try:
            self.gate.wait()
        finally:
            self.waiting -= 1

    def close(self) -> None:
        self.gate.set()
        for server in (self._udp, self._tcp):
            server.stop()
            server.server.server_close()
        if self._tls is not None:
            self._tls.stop(timeout=1)

    def _relay(self, connection: socket.socket, _address: object) -> None:
        """TLS ends here; behind it is the server for TCP."""
        question = _message(connection.makefile("rb"))
        with socket.create_connection(("127.0.0.1", self.tcp_port)) as server:
            server.sendall(question)
            connection.sendall(_message(server.makefile("rb")))


def _message(stream: BinaryIO) -> bytes:
    """Return one message with its length before it, as it is sent over TCP."""
    size = stream.read(2)
    return size + stream.read(int.from_bytes(size, "big"))
