"""Certificates for test servers, made by trustme in memory."""

from __future__ import annotations

import ssl
from functools import cache

import trustme


@cache
def authority() -> trustme.CA:
    """Return the authority that signs all certificates of this process."""
    return trustme.CA()


@cache
def server_context(name: str = "localhost", *more: str) -> ssl.SSLContext:
    """Return a server's TLS settings with a certificate for names or addresses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(name, *more).configure_cert(context)
    return context


def trusting_context() -> ssl.SSLContext:
    """Return a client's TLS settings that trust the authority."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context
