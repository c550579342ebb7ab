"""Fires the two events in which an error is fatal: nothing may run on a half-made set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.exceptions import SwarmError
from swarm_cli.errors import LocustfileError
from swarm_cli.load_errors import reason

if TYPE_CHECKING:
    from swarm.event import EventHook


def fire_strictly(hook: EventHook, name: str, **kwargs: Any) -> None:
    """Call the listeners of `hook`; raises LocustfileError, with the user's frames, when one raises."""
    for listener in list(hook._handlers):
        try:
            listener(**kwargs)
        except SwarmError as error:
            if not str(getattr(listener, "__module__", "")).startswith("swarm."):
                raise LocustfileError(f"a listener of {name} failed: {reason(error)}") from error
            raise LocustfileError(str(error)) from error  # of Swarm's own: its text is for people
        except Exception as error:
            raise LocustfileError(f"a listener of {name} failed: {reason(error)}") from error
