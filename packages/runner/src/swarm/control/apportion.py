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


def users_per_worker(users: Mapping[str, int], held: Sequence[Mapping[str, int]]) -> list[dict[str, int]]:
    """Return what each worker gets of `users` (class to count), given what each of them has been given before.

    The classes of a worker and all of them together are balanced within one across the workers. What does not
    divide evenly stays where it is as far as the balance allows. Costs O(classes * workers).
    """
    workers = len(held)
    shares: list[dict[str, int]] = [{} for _ in held]
    ahead = [False] * workers  # who has one user more than the others so far
    for name, count in users.items():
        base, extra = divmod(count, workers)
        for share in shares:
            share[name] = base
        if extra:
            _place_extras(name, base, extra, shares, held, ahead)
    return shares


def _place_extras(
    name: str,
    base: int,
    extra: int,
    shares: list[dict[str, int]],
    held: Sequence[Mapping[str, int]],
    ahead: list[bool],
) -> None:
    """Give one user more to `extra` workers: those behind come first, and among equals those that have it."""
    ranks: tuple[list[int], ...] = ([], [], [], [])
    for place, had in enumerate(held):
        ranks[2 * ahead[place] + (had.get(name, 0) <= base)].append(place)
    behind = len(ranks[0]) + len(ranks[1])
    chosen = [place for rank in ranks for place in rank][:extra]
    for place in chosen:
        shares[place][name] = base + 1
    if extra < behind:
        for place in chosen:
            ahead[place] = True
    else:  # who was behind is level with who was ahead, and of those some have gained another
        gained = set(chosen[behind:])
        for place in range(len(ahead)):
            ahead[place] = place in gained


def changes(
    shares: Sequence[Mapping[str, int]], running: Sequence[Mapping[str, int]]
) -> tuple[list[int], list[int]]:
    """Return how many users each worker has to start, and how many to stop, to come to its share."""
    starts, stops = [], []
    for share, runs in zip(shares, running, strict=True):
        steps = [count - runs.get(name, 0) for name, count in share.items()]
        starts.append(sum(step for step in steps if step > 0))
        gone = sum(count for name, count in runs.items() if name not in share)
        stops.append(gone - sum(step for step in steps if step < 0))
    return starts, stops


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a worker goes towards its share: users a second, and seconds until its first step."""

    spawn_rate: float
    start_after: float = 0.0


def paces(
    shares: Sequence[Mapping[str, int]], running: Sequence[Mapping[str, int]], spawn_rate: float
) -> list[Pace | None]:
    """Split the swarm's spawn rate among the workers in proportion to what each has to change; None for nothing.

    So all of them arrive at the same time, and users start (and stop) no faster than `spawn_rate` in all. The
    first steps are spread over the time between two steps of one worker.
    """
    starts, stops = changes(shares, running)
    whole = max(sum(starts), sum(stops))
    if whole <= spawn_rate:  # all at once, as one worker would do it
        return [
            Pace(spawn_rate) if start or stop else None for start, stop in zip(starts, stops, strict=True)
        ]
    changing = sum(1 for start, stop in zip(starts, stops, strict=True) if start or stop)
    result: list[Pace | None] = []
    turn = 0
    for start, stop in zip(starts, stops, strict=True):
        if not start and not stop:
            result.append(None)
            continue
        rate = spawn_rate * (start + stop) / whole
        result.append(Pace(rate, turn / changing / rate))
        turn += 1
    return result


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
