"""Who runs which users: arithmetic on counts, whatever the number of users."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class ClassShare:
    """A user class as the plan sees it: its name, its weight beside the others, or how many it is to have."""

    name: str
    weight: float = 1
    fixed_count: int = 0


def users_per_class(shares: Sequence[ClassShare], user_count: int) -> dict[str, int]:
    """Return how many users each class gets out of `user_count`.

    Classes with a `fixed_count` come first and get exactly it; with fewer users than that they share them.
    The rest goes to the others by weight. A class of weight 0 gets none.

    Raises SwarmError for a negative count or weight, and when users are left that no class takes.
    """
    if user_count < 0:
        raise SwarmError(f"The number of users is {user_count}; it must not be negative.")
    for share in shares:
        if share.weight < 0 or share.fixed_count < 0:
            raise SwarmError(f"User class {share.name}: weight and fixed_count must not be negative.")
    fixed = {share.name: share.fixed_count for share in shares if share.fixed_count}
    fixed_total = sum(fixed.values())
    counts = {share.name: 0 for share in shares}
    if user_count <= fixed_total:
        counts.update(largest_remainder(fixed, user_count))
        return counts
    counts.update(fixed)
    weights = {share.name: share.weight for share in shares if share.weight and not share.fixed_count}
    if weights:
        counts.update(largest_remainder(weights, user_count - fixed_total))
    return counts


def largest_remainder(weights: Mapping[str, float], total: int) -> dict[str, int]:
    """Split `total` by weight into whole numbers that add up to it.

    Each share is its exact part rounded down, and what is left goes to the largest fractions, among equals to
    the heavier and then the earlier. Source: the largest remainder method (Hamilton).
    """
    if not total:
        return dict.fromkeys(weights, 0)
    whole = sum(weights.values())
    exact = {name: total * weight / whole for name, weight in weights.items()}
    counts = {name: int(share) for name, share in exact.items()}
    left = total - sum(counts.values())
    ranked = sorted(weights, key=lambda name: (counts[name] - exact[name], -weights[name]))
    for name in ranked[:left]:
        counts[name] += 1
    return counts


def interleaved(counts: Mapping[str, int]) -> Iterator[str]:
    """Yield each class's name as often as its count says, the classes mixed evenly from the first to the last."""
    queue = [
        (0.5 / count, position, 0, name) for position, (name, count) in enumerate(counts.items()) if count > 0
    ]
    heapq.heapify(queue)
    while queue:
        _, position, done, name = queue[0]
        yield name
        done += 1
        if done < counts[name]:
            heapq.heapreplace(queue, ((done + 0.5) / counts[name], position, done, name))
        else:
            heapq.heappop(queue)
