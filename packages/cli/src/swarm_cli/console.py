"""Writes to people: stderr, which may have gone (`2>&1 | head`) without the run being worth less."""

from __future__ import annotations

import contextlib
import sys


def tell(text: str) -> None:
    """Write `text` to stderr as it is; when nobody reads there any more, do nothing."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()
