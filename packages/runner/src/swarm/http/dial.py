"""Opens connections: names, addresses, TCP, proxies, TLS, all within the connection timeout."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import gevent
from gevent import get_hub
from gevent.monkey import get_original

from swarm.http.connection import NEVER, WRITABLE, Connection
from swarm.http.errors import ConnectTimeoutError, NameNotFoundError, ProxyError
from swarm.http.message import RawResponse

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

# The unpatched class: our own watchers do the waiting, gevent's would be two more for each connection.
PlainSocket: Any = get_original("socket", "socket")

_IN_PROGRESS: Final = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN)


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where an HTTP proxy listens, and the Proxy-Authorization value it wants, if any."""

    host: str
    port: int
    authorization: str | None = None


def dial(
    scheme: str,
    host: str,
    port: int,
    timeout: float,
    ssl_context: Callable[[], ssl.SSLContext],
    proxy: Proxy | None = None,
) -> Connection:
    """Return a new connection to a server (through the proxy's tunnel for https).

    `timeout` (seconds) bounds the whole of it. Raises ConnectTimeoutError, NameNotFoundError, ProxyError,
    ssl.SSLError, and the OSError of the last address tried.
    """
    peer = f"{host}:{port}"
    timer = gevent.Timeout.start_new(timeout) if timeout != NEVER else None
    sock: Any = None
    try:
        sock = _connect(proxy.host if proxy else host, proxy.port if proxy else port)
        if scheme == "http":
            return Connection(sock, peer)
        if proxy is not None:
            _tunnel(sock, peer, proxy)
        from swarm.http.tls import TlsConnection, handshake

        return TlsConnection(sock, peer, handshake(sock, ssl_context(), host))
    except BaseException as error:
        if sock is not None:
            sock.close()
        if error is timer:
            raise ConnectTimeoutError(f"no connection to {peer} within {timeout:g} s") from None
        raise
    finally:
        if timer is not None:
            timer.close()


def _connect(host: str, port: int) -> Any:
    """Return a connected non-blocking socket; every address of the host is tried."""
    failure: OSError | None = None
    for family, address in _addresses(host, port):
        sock = PlainSocket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _connect_socket(sock, address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    assert failure is not None  # noqa: S101  a name that resolves has an address
    try:
        raise failure
    finally:
        del failure  # its traceback has this frame, which would keep it in a cycle


def _connect_socket(sock: Any, address: Any) -> None:
    code = sock.connect_ex(address)
    if code in _IN_PROGRESS:
        hub = get_hub()
        watcher = hub.loop.io(sock.fileno(), WRITABLE)
        try:
            hub.wait(watcher)
        finally:
            watcher.close()
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _addresses(host: str, port: int) -> list[tuple[int, Any]]:
    """Resolve a host name; a literal address needs no resolver."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        pass
    else:
        return [(socket.AF_INET6 if version == 6 else socket.AF_INET, (host, port))]
    try:
        found = get_hub().resolver.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except socket.gaierror as error:
        reason = error.strerror or str(error)
        raise NameNotFoundError(error.errno, f"the name {host!r} does not resolve: {reason}") from error
    return [(family, address) for family, _, _, _, address in found]


def _tunnel(sock: Any, peer: str, proxy: Proxy) -> None:
    """Have the proxy open a tunnel to `peer`."""
    head = f"CONNECT {peer} HTTP/1.1\r\nHost: {peer}\r\n"
    if proxy.authorization:
        head += f"Proxy-Authorization: {proxy.authorization}\r\n"
    answer = RawResponse()
    # A connection of its own: its parser and watcher must not see a byte of what goes through the tunnel.
    talk = Connection(sock, f"proxy {proxy.host}:{proxy.port}")
    try:
        talk.exchange(f"{head}\r\n".encode("latin-1"), None, "CONNECT", answer, NEVER)
    finally:
        talk.release_socket()
    if not 200 <= answer.status_code < 300:
        raise ProxyError(
            f"the proxy {proxy.host}:{proxy.port} answered {answer.status_code} {answer.reason} "
            f"to CONNECT {peer}"
        )
