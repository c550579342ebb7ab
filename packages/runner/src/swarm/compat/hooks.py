"""Locust's hook for events that have a successor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from swarm.event import EventHook

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("swarm.event")


class DeprecatedEventHook(EventHook):
    """An event hook that warns whoever listens to it; `message` says what to listen to instead."""

    def __init__(self, message: str = "") -> None:
        super().__init__()
        self.message = message

    def add_listener(self, handler: Callable[..., Any]) -> Any:
        """Call `handler` at each firing, and warn."""
        logger.warning("This event is deprecated and may go: %s", self.message or "see its successor")
        return super().add_listener(handler)
