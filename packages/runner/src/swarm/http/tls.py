"""TLS on the path of plain connections: records are opened and sealed in memory, between socket and parser.

One receive takes all that has come and hands the plain bytes of it to the parser. A TLS 1.3 session ticket is
thus no bytes at all, and an idle connection that gets one stays open.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from gevent import get_hub

from swarm.http.connection import READABLE, WRITABLE, Connection
from swarm.http.errors import StaleConnectionError

if TYPE_CHECKING:
    from socket import socket

    from swarm.http.message import RawResponse

RECORD_READ: Final = 64 * 1024


def insecure_ssl_context() -> ssl.SSLContext:
    """Return a context that checks no certificate, as load tests against staging servers want."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def secure_ssl_context() -> ssl.SSLContext:
    """Return a context that checks certificates against the system's authorities."""
    return ssl.create_default_context()


class Records:
    """One side of a TLS session: what is sealed goes to `outgoing`, what came is put into `incoming`."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        """Prepare a client's session; `host` is checked and sent as the server's name."""
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.session = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)


def handshake(sock: socket, context: ssl.SSLContext, host: str) -> Records:
    """Shake hands over a connected non-blocking socket; raises ssl.SSLError."""
    records = Records(context, host)
    while True:
        try:
            records.session.do_handshake()
        except ssl.SSLWantReadError:
            _flush(sock, records)
            data = _receive(sock)
            if data:
                records.incoming.write(data)
            else:
                records.incoming.write_eof()
        except ssl.SSLError:
            _flush(sock, records)  # the alert that tells the server why
            raise
        else:
            _flush(sock, records)
            return records


def _flush(sock: socket, records: Records) -> None:
    data = memoryview(records.outgoing.read())
    while data:
        try:
            data = data[sock.send(data) :]
        except BlockingIOError:
            _wait(sock, WRITABLE)


def _receive(sock: socket) -> bytes:
    while True:
        try:
            return sock.recv(RECORD_READ)
        except BlockingIOError:
            _wait(sock, READABLE)


def _wait(sock: socket, event: int) -> None:
    hub = get_hub()
    watcher = hub.loop.io(sock.fileno(), event)
    try:
        hub.wait(watcher)
    finally:
        watcher.close()


class TlsConnection(Connection):
    """A connection whose bytes are sealed."""

    def __init__(self, sock: socket, peer: str, records: Records) -> None:
        """Take a socket after its handshake; a ticket or first bytes may wait in `records`."""
        super().__init__(sock, peer)
        self._records = records
        self._send_sealed = sock.send
        self._recv_sealed = sock.recv
        self._rest = b""
        self._ended = False  # the server has said that nothing more comes, maybe with its last bytes
        self._send = self._seal_and_send
        self._recv = self._receive_and_open

    def exchange(
        self,
        payload: bytes,
        body: bytes | None,
        method: str,
        response: RawResponse,
        timeout: float,
        stream: bool = False,
    ) -> None:
        """Send a request and fill `response` with the answer; see Connection."""
        if self._ended:
            raise StaleConnectionError(f"{self.peer} had closed the kept-alive connection", unsent=True)
        super().exchange(payload, body, method, response, timeout, stream)

    def read(self, size: int, timeout: float) -> bytes:
        """Wait for the next bytes of an answer; see Connection."""
        return b"" if self._ended else super().read(size, timeout)

    def read_into(self, view: memoryview, timeout: float) -> int:
        """Wait for the next bytes, open them into `view` and return their number; 0 is the end."""
        session, incoming = self._records.session, self._records.incoming
        while not self._ended:
            if incoming.pending or session.pending():
                count = self._open_into(view)
                if count:
                    return count
                continue
            self._set_deadline(timeout)
            self._wait(timeout)
            try:
                data = self._recv_sealed(RECORD_READ)
            except BlockingIOError:
                continue
            if data:
                incoming.write(data)
            else:
                self._ended = True
        return 0

    def _open_into(self, view: memoryview) -> int:
        """Open one record into `view`; 0 when it was not whole, or the end."""
        try:
            count = int(self._records.session.read(len(view), view))
        except ssl.SSLWantReadError:
            return 0
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            count = 0
        self._ended = not count
        return count

    def _seal_and_send(self, data: bytes | memoryview) -> int:
        """Seal all of `data` and send what the socket takes of it; -1 leaves the rest to `_send_rest`."""
        if not data:
            return 0
        self._records.session.write(data)
        sealed = self._records.outgoing.read()
        try:
            sent = self._send_sealed(sealed)
        except BlockingIOError:
            sent = 0
        if sent == len(sealed):
            return len(data)
        self._rest = sealed[sent:]
        return -1

    def _send_rest(self, rest: memoryview, timeout: float) -> None:
        """Send what is left of the sealed bytes, whatever it was of the plain ones."""
        rest = memoryview(self._rest)
        self._rest = b""
        super()._send_rest(rest, timeout)

    def _receive_and_open(self, size: int) -> bytes:
        """Receive once and return all plain bytes of it; b"" at the end.

        Raises BlockingIOError when the records that came hold no plain bytes (yet).
        """
        session, incoming = self._records.session, self._records.incoming
        if not (incoming.pending or session.pending()):
            data = self._recv_sealed(size)
            if data:
                incoming.write(data)
            else:
                incoming.write_eof()
        pieces = []
        try:
            while True:
                piece = session.read(size)
                if not piece:
                    self._ended = True  # so it reads a close notification
                    break
                pieces.append(piece)
                # Nothing left in memory: asking once more would only raise.
                if not (incoming.pending or session.pending()):
                    break
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self._ended = True  # without a close notification, too: many servers send none
        if self._records.outgoing.pending:
            self._flush_outgoing()
        if not pieces and not self._ended:
            raise BlockingIOError
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _flush_outgoing(self) -> None:
        """Send what the session itself has to say (a key update); best effort within the socket's buffer."""
        self._send_sealed(self._records.outgoing.read())

    def _on_idle(self) -> None:
        """Take a session ticket; whatever else comes while nobody waits ends the connection."""
        try:
            self._receive_and_open(RECORD_READ)
        except BlockingIOError:
            return
        except OSError:
            pass
        super()._on_idle()
