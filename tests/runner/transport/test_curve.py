from __future__ import annotations

import zmq
from zmq.utils import z85

from swarm.transport.curve import derive_keys, hkdf
from swarm.transport.secret import Secret


def test_the_derivation_is_rfc_5869s() -> None:
    """Its first and third test vectors."""
    first = hkdf(
        bytes.fromhex("0b" * 22),
        bytes.fromhex("000102030405060708090a0b0c"),
        bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"),
        42,
    )
    assert first.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    third = hkdf(bytes.fromhex("0b" * 22), b"", b"", 42)
    assert third.hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_one_secret_gives_two_pairs_always_the_same() -> None:
    secret = Secret(bytes(range(32)))
    keys = derive_keys(secret)
    assert keys == derive_keys(secret)
    assert len({keys.master.public, keys.master.secret, keys.workers.public, keys.workers.secret}) == 4
    for pair in (keys.master, keys.workers):
        assert zmq.curve_public(pair.secret) == pair.public
        assert len(z85.decode(pair.secret)) == 32


def test_another_secret_gives_other_keys() -> None:
    assert derive_keys(Secret.new()).master != derive_keys(Secret.new()).master


def test_a_pair_does_not_show_its_secret() -> None:
    keys = derive_keys(Secret.new())
    assert keys.master.secret.decode() not in repr(keys)
