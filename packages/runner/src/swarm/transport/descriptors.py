"""How many workers a master can hold: each connection takes one of the process's file descriptors."""

from __future__ import annotations

import errno
import os
import resource

RESERVED = 100
"""Descriptors kept for the rest of the process: logs, reports, the journal, the UI's connections."""


def worker_capacity(wanted: int = 0) -> int:
    """Return how many workers this process can hold, once the soft limit is raised for `wanted` of them.

    The soft limit is raised as far as the hard one allows, and no further than `wanted` workers need.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = _open_now() + RESERVED
    needed = taken + wanted
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return max(wanted, 2**20)
    return max(0, soft - taken)


def exhausted() -> bool:
    """Whether the process can open nothing more."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return False


def _open_now() -> int:
    try:
        return len(os.listdir("/proc/self/fd")) - 1  # without the one that lists them
    except OSError:  # no Linux: what an interpreter with a few sockets has
        return 50
