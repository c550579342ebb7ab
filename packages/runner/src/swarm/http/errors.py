"""What can go wrong between a request and its answer.

Each is a plain OSError of the standard library's kind, so `except ConnectionError` and `except TimeoutError`
mean what they say; a refused connection stays a `ConnectionRefusedError`, a TLS failure an `ssl.SSLError`.
"""

from __future__ import annotations

import socket
from typing import Final


class ConnectTimeoutError(TimeoutError):
    """No connection (name, TCP and TLS together) within the connection timeout."""


class ReadTimeoutError(TimeoutError):
    """The server took no byte of the request, or sent none of its answer, for the network timeout."""


class NameNotFoundError(socket.gaierror):
    """The host's name does not resolve."""


class ServerClosedError(ConnectionError):
    """The server closed the connection before its answer was complete."""


class StaleConnectionError(ServerClosedError):
    """A kept-alive connection was found closed before any byte of an answer.

    `unsent` says that the server cannot have seen all of the request.
    """

    def __init__(self, message: str, unsent: bool = False) -> None:
        super().__init__(message)
        self.unsent = unsent


class BadAnswerError(ConnectionError):
    """What the server sent is not an HTTP/1.1 answer."""


class ProxyError(ConnectionError):
    """The proxy refused to open a tunnel."""


class TooManyRedirectsError(ConnectionError):
    """More redirects in a row than `max_redirects`."""


class ContentDecodingError(ConnectionError):
    """The body is not what its Content-Encoding says."""


FAILURE_EXCEPTIONS: Final = (OSError,)
"""What `FastHttpSession` turns into a failed request; all else that a request raises goes on."""
