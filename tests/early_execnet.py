"""Lets a pytest-xdist worker be patched: execnet's locks stay those of the operating system.

execnet, by which a worker talks to its controller, reads in a native thread and waits in the main one. What
the two share must be native; after `patch_all()` it would be gevent's, and the wait ends in a LoopExit.
"""

from __future__ import annotations

import _thread
import gc
import threading
from typing import Any

from execnet import gateway_base

_new_lock, _new_rlock = _thread.allocate_lock, _thread.RLock


class _Condition:
    """As much of `threading.Condition` as `threading.Event` calls, over native locks."""

    def __init__(self) -> None:
        self._lock = _new_lock()
        self._waiters: list[_thread.LockType] = []

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exc: object) -> None:
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        waiter = _new_lock()
        waiter.acquire()
        self._waiters.append(waiter)
        self._lock.release()
        try:
            return waiter.acquire(True, -1 if timeout is None else timeout)
        finally:
            self._lock.acquire()

    def notify_all(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.release()


class _Event(threading.Event):
    def __init__(self) -> None:
        self._cond: Any = _Condition()
        self._flag = False


def keep_native() -> None:
    """Give execnet native events and locks, those that it has made already included; call before patching."""
    for made in gc.get_objects():
        if type(made) is threading.Event:
            vars(made)["_cond"] = _Condition()
    model: Any = gateway_base.ThreadExecModel
    model.Event = lambda _self: _Event()
    model.Lock = model.RLock = lambda _self: _new_rlock()
