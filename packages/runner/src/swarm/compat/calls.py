"""Decorators of Locust's that remember a function's result, or try it again."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from swarm.log import get_logger

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

log = get_logger(__name__)


class Memoized(Protocol):
    """A function whose last result is kept; `clear_cache` forgets it."""

    clear_cache: Callable[[], None]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the kept result, or call the function."""


def memoize(timeout: float, dynamic_timeout: bool = False) -> Callable[[Callable[..., Any]], Memoized]:
    """Keep the last result of a function for `timeout` seconds, whatever it is called with.

    With `dynamic_timeout` a slow function is called more rarely still: its result is kept at least twice as
    long as making it took.
    """

    def decorate(function: Callable[..., Any]) -> Memoized:
        kept: list[Any] = []
        until = 0.0

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal until
            now = time.monotonic()
            if not kept or now >= until:
                kept[:] = [function(*args, **kwargs)]
                ready = time.monotonic()
                until = ready + (max(timeout, 2 * (ready - now)) if dynamic_timeout else timeout)
            return kept[0]

        call.clear_cache = kept.clear  # type: ignore[attr-defined]  # functions take attributes
        return cast("Memoized", call)

    return decorate


def retry(
    delays: tuple[float, ...] = (1, 3, 5), exception: type[BaseException] = Exception
) -> Callable[[FunctionT], FunctionT]:
    """Call a function again when it raised `exception`, after each of `delays` (seconds); the last error is raised."""

    def decorate(function: FunctionT) -> FunctionT:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            for delay in delays:
                try:
                    return function(*args, **kwargs)
                except exception as error:
                    log.warning(f"{function.__qualname__} raised {error!r}; it is tried again in {delay} s")
                    time.sleep(delay)
            return function(*args, **kwargs)

        return cast("FunctionT", call)

    return decorate
