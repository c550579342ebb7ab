"""Asks the kernel whether a server has got all that was sent to it."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Final

# Offsets in Linux's struct tcp_info (linux/tcp.h), which only ever grows at its end.
_BYTES_ACKED: Final = 120
_BYTES_SENT: Final = 200  # followed by the bytes that were sent again
_SIZE: Final = 216


def surely_undelivered(sock: socket.socket) -> bool:
    """Say whether part of what was sent was never acknowledged, on a connection that its server has closed.

    The end that a server sends acknowledges all that had reached it by then. So what is not acknowledged came
    after the server had closed, and cannot have been carried out. False where the system does not tell.
    """
    if sys.platform != "linux":
        return False
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
    except OSError:
        return False
    if len(info) < _SIZE:
        return False
    (acknowledged,) = struct.unpack_from("=Q", info, _BYTES_ACKED)
    sent, again = struct.unpack_from("=QQ", info, _BYTES_SENT)
    return bool(sent - again > acknowledged)
