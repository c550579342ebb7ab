"""The HTTP server of the UI, on gevent: in the process of the run, beside the load."""

from __future__ import annotations

import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any

from gevent.pywsgi import LoggingLogAdapter, WSGIHandler, WSGIServer

from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_CONNECTIONS = 512


class Handler(WSGIHandler):
    """Sends an answer at once: head and body are two writes, and Nagle would hold the second back for 40 ms."""

    def __init__(self, sock: socket.socket, address: Any, server: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, address, server)


def make_server(
    app: Callable[..., Iterable[bytes]],
    host: str,
    port: int,
    *,
    cert: str | None = None,
    key: str | None = None,
) -> WSGIServer:
    """Return a server that listens on the address. Raises SwarmError when it cannot, or the files are no good."""
    address = _address(host)
    options: dict[str, Any] = {}
    if cert or key:
        options["ssl_context"] = _ssl_context(cert, key)
    logger = logging.getLogger("swarm.web")
    server = WSGIServer(
        (address, port),
        app,
        handler_class=Handler,
        log=None,
        error_log=LoggingLogAdapter(logger, level=logging.WARNING),
        spawn=MAX_CONNECTIONS,
        **options,
    )
    try:
        server.init_socket()
    except OSError as error:
        raise SwarmError(
            f"The browser UI cannot listen on {host or address}:{port}: {error.strerror or error}. Choose another "
            "port with -P (--web-port), 0 for any, or run with --headless."
        ) from error
    return server


def _address(host: str) -> str:
    return "0.0.0.0" if host in ("", "*") else host  # noqa: S104  asked for, and then a token is needed


def _ssl_context(cert: str | None, key: str | None) -> ssl.SSLContext:
    if not cert or not key:
        raise SwarmError("The UI over TLS needs both --tls-cert and --tls-key.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SwarmError(f"--tls-cert {cert} and --tls-key {key} cannot be used: {reason}.") from error
    return context
