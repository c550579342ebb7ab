"""The words for what a user is doing, as Locust's users know them."""

from __future__ import annotations

RUNNING = "running"
"""In a task, in `on_start` or in `on_stop`."""
WAITING = "waiting"
"""In its wait between two tasks."""
STOPPING = "stopping"
"""Asked to stop: it ends with the task that runs."""
KILLED = "killed"
"""Cut off in its `on_stop`: nothing more of it is run."""
