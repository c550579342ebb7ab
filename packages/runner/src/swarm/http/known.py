"""Heads of answers that were parsed before: the same bytes mean the same answer again.

A server under load sends the same head for a whole second, until its Date changes. So a head is parsed once, and
its copies are recognised. Only whole answers with a body of known length are kept here, and none to HEAD.
"""

from __future__ import annotations

from typing import Final

LIMIT: Final = 512  # heads kept; then it begins anew
LONGEST: Final = 4096  # bytes of a head that is worth it

# By the head without its empty line: length of empty line and body, status, whether the connection lasts, and
# whether the head sets no cookie and names no encoding.
KNOWN: dict[bytes, tuple[int, int, bool, bool]] = {}


def remember(head: bytes, extent: int, status: int, keep_alive: bool) -> None:
    """Keep a head that was parsed; `extent` bytes follow it, its empty line included."""
    if len(head) > LONGEST:
        return
    if len(KNOWN) >= LIMIT:
        KNOWN.clear()
    KNOWN[head] = extent, status, keep_alive, is_plain(head)


def is_plain(head: bytes) -> bool:
    """Say whether a head sets no cookie and names no encoding, so that nothing is to be done about it."""
    lowered = head.lower()
    # find, because `in` first takes the bytes for a number, and that costs an exception.
    return lowered.find(b"\r\nset-cookie:") < 0 and lowered.find(b"\r\ncontent-encoding:") < 0
