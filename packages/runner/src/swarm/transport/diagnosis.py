"""Why a worker has no connection to its master, in words for people."""

from __future__ import annotations

import enum
import socket
from dataclasses import dataclass

_SIGNATURE_BYTES = 10
_MECHANISM = slice(12, 32)
_GREETING_BYTES = 64
_GREETING = (
    b"\xff" + bytes(8) + b"\x7f" + b"\x03\x01" + b"CURVE".ljust(20, b"\0") + bytes(1) + bytes(31)
)  # ZMTP 3.1 (ZeroMQ's RFC 37)


class Situation(enum.Enum):
    """How it stands between a worker and its master."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNKNOWN_HOST = "unknown host"
    NOBODY_LISTENS = "nobody listens"
    SILENT = "silent"
    WRONG_SECRET = "wrong secret"  # noqa: S105  the situation, no secret
    WITHOUT_CURVE = "without CURVE"
    NOT_SWARM = "not Swarm"
    FULL = "full"
    LOST = "lost"


_TEXTS = {
    Situation.CONNECTING: "connecting to the master at {where}",
    Situation.CONNECTED: "connected to the master at {where}",
    Situation.UNKNOWN_HOST: "no address is known for the master's host {host}: check --master-host",
    Situation.NOBODY_LISTENS: (
        "nobody listens at {where}: start the master first, and check --master-host and --master-port. A master "
        "listens on 127.0.0.1 alone unless --master-bind-host names an address that this machine reaches"
    ),
    Situation.SILENT: (
        "something at {where} takes connections and says nothing: the master may be stopped or overloaded, or "
        "another program has this port; check --master-port"
    ),
    Situation.WRONG_SECRET: (
        "the master at {where} has another secret: give both the same --secret-file (or SWARM_SECRET). Without "
        "one, master and worker must be of the same user on the same machine"
    ),
    Situation.WITHOUT_CURVE: (
        "what listens at {where} speaks ZeroMQ without encryption, so it is no master of Swarm: check "
        "--master-host and --master-port"
    ),
    Situation.NOT_SWARM: (
        "what listens at {where} is no master of Swarm, it does not speak ZeroMQ: check --master-host and "
        "--master-port"
    ),
    Situation.FULL: (
        "the master at {where} can hold no more workers: raise its limit of open files there (ulimit -n), or use "
        "fewer workers with more users each"
    ),
    Situation.LOST: "the connection to the master at {where} is lost, trying again",
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A situation, and a sentence that says what to do about it."""

    situation: Situation
    text: str

    @classmethod
    def of(cls, situation: Situation, host: str, port: int) -> Diagnosis:
        """Put a situation into words."""
        return cls(situation, _TEXTS[situation].format(host=host, where=at(host, port)))


def at(host: str, port: int | str) -> str:
    """Return host and port as one writes them, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def probe(host: str, port: int, timeout_s: float = 2.0) -> Situation:
    """Ask what listens there by ZeroMQ's greeting, which carries no secret.

    libzmq reports alike a peer with another key and one that merely closes.
    """
    greeting = b""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as peer:
            peer.sendall(_GREETING)
            while len(greeting) < _GREETING_BYTES and (data := peer.recv(_GREETING_BYTES - len(greeting))):
                greeting += data
    except ConnectionRefusedError:
        return Situation.NOBODY_LISTENS
    except OSError:  # it hung up or was silent: what it said until then counts
        pass
    if greeting[:1] != b"\xff" or greeting[_SIGNATURE_BYTES - 1 : _SIGNATURE_BYTES] != b"\x7f":
        return Situation.NOT_SWARM
    if greeting[_MECHANISM].rstrip(b"\0") == b"CURVE":
        return Situation.WRONG_SECRET
    return Situation.WITHOUT_CURVE
