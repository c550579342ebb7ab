"""`--show-task-ratio`: how often users of each class and their tasks are chosen, as text and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from swarm.users.ratio import task_ratio_json, task_ratio_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from swarm.users.user import User

RULE = "-" * 80


def as_text(user_classes: Sequence[type[User]], users: int | None) -> str:
    """Return the shares within each class and in total, for people; of `users`, or by weight when None."""
    shares = _shares(user_classes, users)
    per_class = task_ratio_lines(user_classes, shares, total=False)
    total = task_ratio_lines(user_classes, shares, total=True)
    return "\n".join(
        ["Task ratio per User class", RULE, *per_class, "", "Total task ratio", RULE, *total, ""]
    )


def as_json(user_classes: Sequence[type[User]], users: int | None) -> str:
    """Return the same as one JSON object with the keys per_class and total."""
    return json.dumps(task_ratio_json(user_classes, _shares(user_classes, users)), indent=4)


def _shares(user_classes: Sequence[type[User]], users: int | None) -> Mapping[str, float]:
    if not users:
        return {user_class.__name__: user_class.weight for user_class in user_classes}
    from swarm.control.apportion import ClassShare, users_per_class

    return users_per_class([ClassShare(c.__name__, c.weight, c.fixed_count) for c in user_classes], users)
