"""The CURVE key pairs of the master and of its workers, both derived from the one secret.

Source: HKDF with SHA-256 is RFC 5869; CURVE is ZeroMQ's RFC 26.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swarm.transport.secret import Secret

_SALT = b"swarm control plane 1"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A CURVE key pair, both in Z85."""

    public: bytes
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """The pair of the master and the pair that all workers have."""

    master: KeyPair
    workers: KeyPair


def derive_keys(secret: Secret) -> Keys:
    """Return the key pairs that belong to a secret."""
    return Keys(_pair(secret, b"master"), _pair(secret, b"workers"))


def hkdf(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Return `length` bytes derived from `key` (RFC 5869, SHA-256); at most 255 times 32."""
    extracted = hmac.digest(salt or bytes(hashlib.sha256().digest_size), key, "sha256")
    output = block = b""
    for counter in range(1, -(-length // hashlib.sha256().digest_size) + 1):
        block = hmac.digest(extracted, block + info + bytes([counter]), "sha256")
        output += block
    return output[:length]


def _pair(secret: Secret, role: bytes) -> KeyPair:
    import zmq
    from zmq.utils import z85

    private = z85.encode(hkdf(secret.key, _SALT, role, _KEY_BYTES))
    return KeyPair(zmq.curve_public(private), private)
