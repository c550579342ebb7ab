"""`--show-task-ratio`: how often users of each class and their tasks are chosen, as text and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from swarm.users.ratio import shares, task_ratio_json, task_ratio_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swarm.users.user import User

RULE = "-" * 80


def as_text(user_classes: Sequence[type[User]], users: int | None) -> str:
    """Return the shares within each class and in total, for people; of `users`, or by weight when None."""
    counts = shares(user_classes, users)
    per_class = task_ratio_lines(user_classes, counts, total=False)
    total = task_ratio_lines(user_classes, counts, total=True)
    return "\n".join(
        ["Task ratio per User class", RULE, *per_class, "", "Total task ratio", RULE, *total, ""]
    )


def as_json(user_classes: Sequence[type[User]], users: int | None) -> str:
    """Return the same as one JSON object with the keys per_class and total."""
    return json.dumps(task_ratio_json(user_classes, shares(user_classes, users)), indent=4)
