"""Undoes the Content-Encoding of bodies."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from swarm.http.errors import ContentDecodingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Decoder(Protocol):
    """Takes encoded bytes piece by piece."""

    def decompress(self, data: bytes, /) -> bytes:
        """Return what can be decoded so far."""


class _Deflate:
    """Both things that servers call deflate: with zlib's header, as it should be, or without."""

    def __init__(self) -> None:
        self._inner: zlib._Decompress | None = None

    def decompress(self, data: bytes, /) -> bytes:
        """Return what can be decoded so far."""
        if self._inner is None:
            self._inner = zlib.decompressobj()
            try:
                return self._inner.decompress(data)
            except zlib.error:
                self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._inner.decompress(data)


class _Gzip:
    """One or more gzip members; what follows them and is none is left out."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._members = 0

    def decompress(self, data: bytes, /) -> bytes:
        """Return what can be decoded so far."""
        decoded = b""
        while data:
            if self._inner.eof:
                self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)
                self._members += 1
            try:
                decoded += self._inner.decompress(data)
            except zlib.error:
                if not self._members:
                    raise
                break
            data = self._inner.unused_data
        return decoded


class _Brotli:
    def __init__(self) -> None:
        import brotli

        self._inner = brotli.Decompressor()

    def decompress(self, data: bytes, /) -> bytes:
        """Return what can be decoded so far."""
        return bytes(self._inner.process(data))


def decode(body: bytes, encoding: str) -> bytes:
    """Undo a Content-Encoding ("gzip", "deflate, br", …); an unknown one leaves the body as it is.

    Raises ContentDecodingError when the body is not what its encoding says.
    """
    return b"".join(decode_pieces([body], encoding)) if body else body


def decode_pieces(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Undo a Content-Encoding piece by piece. Raises ContentDecodingError."""
    decoders: list[Decoder] = []
    for name in reversed(encoding.lower().split(",")):
        decoder = _decoder(name.strip())
        if decoder is None:
            decoders = []
            break
        decoders.append(decoder)
    for piece in pieces:
        decoded = piece
        for decoder in decoders:
            decoded = _step(decoder, decoded, encoding)
        yield decoded


def _step(decoder: Decoder, data: bytes, encoding: str) -> bytes:
    try:
        return decoder.decompress(data)
    except Exception as error:  # zlib and brotli have an error class each
        raise ContentDecodingError(
            f"the body is not {encoding}, as its Content-Encoding says: {error}"
        ) from error


def _decoder(name: str) -> Decoder | None:
    if name in ("gzip", "x-gzip"):
        return _Gzip()
    if name == "deflate":
        return _Deflate()
    if name == "br":
        return _Brotli()
    return None
