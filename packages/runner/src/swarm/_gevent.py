"""Makes the process cooperative: imported first by `swarm`, before anything that uses sockets.

`SWARM_SKIP_MONKEY_PATCH=1` (or Locust's `LOCUST_SKIP_MONKEY_PATCH`) leaves the process as it is.
"""

from __future__ import annotations

import os
import sys
import threading
import types
import warnings
from typing import TYPE_CHECKING, Any

from gevent import monkey

if TYPE_CHECKING:
    import queue


def _skipped() -> bool:
    return bool(os.environ.get("SWARM_SKIP_MONKEY_PATCH") or os.environ.get("LOCUST_SKIP_MONKEY_PATCH"))


def patch() -> None:
    """Patch the standard library once; warn when urllib3 or ssl was imported before.

    Their classes keep the blocking sockets that they found, and https then fails with a RecursionError.
    """
    if _skipped() or monkey.is_module_patched("socket"):
        return
    early = [name for name in ("urllib3", "ssl") if name in sys.modules]
    with warnings.catch_warnings():
        # gevent's own words on the same subject are longer and name no remedy.
        warnings.simplefilter("ignore", monkey.MonkeyPatchWarning)
        monkey.patch_all()
    if early:
        warnings.warn(
            f"{' and '.join(early)} {'were' if len(early) > 1 else 'was'} imported before swarm, "
            "and sockets made by what they hold block all users at once: "
            "put `import swarm` above `import requests` at the top of the file.",
            stacklevel=3,
        )


def statemachine_queue() -> None:
    """Give python-statemachine the standard library's own queue and lock.

    gevent replaces `queue.PriorityQueue` by a class without `.mutex`, on which the engine's constructor
    fails; the engine uses its queue within one greenlet, so the original serves. gevent's lock gives way to
    other greenlets whenever it is tried in vain, so that each transition would, too.
    """
    import statemachine.engines.base as base

    if monkey.is_module_patched("queue"):
        base.PriorityQueue = _native_queue  # type: ignore[attr-defined,assignment]  # the very name it looks up
    if monkey.is_module_patched("threading"):
        base.Lock = monkey.get_original("threading", "Lock")  # type: ignore[attr-defined]  # as above


def _native_queue() -> queue.PriorityQueue[Any]:
    """Make a queue of the standard library's, with locks of its own: `put` tries one that it holds itself."""
    made: queue.PriorityQueue[Any] = monkey.get_original("queue", "PriorityQueue")()
    made.mutex = monkey.get_original("threading", "Lock")()
    made.not_empty = threading.Condition(made.mutex)
    made.not_full = threading.Condition(made.mutex)
    made.all_tasks_done = threading.Condition(made.mutex)
    return made


def blocking_asyncio() -> None:
    """Give asyncio's event loops the selector of the operating system again.

    Over gevent's, a loop gives way to other greenlets, and `asyncio.run` in two of them fails, since asyncio
    knows threads only. So a task that runs asyncio blocks the process for as long as it takes.
    """
    if not monkey.is_module_patched("selectors"):
        return
    import asyncio.selector_events as loops
    import selectors

    loops.selectors = types.SimpleNamespace(  # type: ignore[assignment,attr-defined]  # all that it uses of the module
        DefaultSelector=monkey.get_original("selectors", "DefaultSelector"),
        EVENT_READ=selectors.EVENT_READ,
        EVENT_WRITE=selectors.EVENT_WRITE,
    )


GRPC_THREADS = 10_000
"""Calls of gRPC that may wait at once: each of them takes a thread of its own (some 85 KB) meanwhile."""
_GRPC_IDLE_S = 10


def cooperative_grpc() -> None:
    """Make gRPC's calls give way to other greenlets; without it, each of them blocks the whole process.

    grpcio waits for each call in a thread of the pool that the hub has at this moment. In gevent's own pool,
    whose ten threads also look up names, ten slow calls would hold up every other one, so that it gets
    another pool. What was made of grpcio before works, too. To call it again is harmless, and needed after a
    file's own `init_gevent()`, which takes gevent's pool. Does nothing in a process that was not patched.
    """
    if not monkey.is_module_patched("threading"):
        return
    import importlib

    from gevent import get_hub
    from gevent.threadpool import ThreadPool

    hub: Any = get_hub()
    pool = getattr(hub, "_swarm_grpc_pool", None)
    if pool is None:
        pool = ThreadPool(GRPC_THREADS, hub=hub, idle_task_timeout=_GRPC_IDLE_S)
        hub._swarm_grpc_pool = pool
    gevents_own = hub.threadpool
    hub.threadpool = pool
    try:
        importlib.import_module("grpc.experimental.gevent").init_gevent()
    finally:
        hub.threadpool = gevents_own


patch()
