"""Finds out what this process is in the run, and connects its feeds accordingly."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from swarm.control.messages import Lease, LeaseProgress, LeaseRequest
from swarm.data.desk import LeaseDesk, LeasedFeeds
from swarm.data.feed import feeds, take_elsewhere

if TYPE_CHECKING:
    from swarm.control.effects import Forward
    from swarm.data.book import Said
    from swarm.runners.master import MasterRunner
    from swarm.runners.runner import Runner
    from swarm.runners.worker import WorkerRunner


def attach(runner: Runner | None) -> None:
    """Let the feeds of this process serve `runner`: read them here, lease them to workers, or have them leased.

    The command line does so by itself; a program that makes its runner itself calls it before it starts users.
    Raises FeedError when a feed that is read here cannot be read.
    """
    if _is_a(runner, "swarm.runners.worker", "WorkerRunner"):
        _attach_to_worker(runner)  # type: ignore[arg-type]  # it was looked at
        for feed in feeds():
            feed.prepare()
        return
    take_elsewhere(None)
    if _is_a(runner, "swarm.runners.master", "MasterRunner"):
        _attach_to_master(runner)  # type: ignore[arg-type]
    for feed in feeds():
        feed.check()
        if not _is_a(runner, "swarm.runners.master", "MasterRunner"):
            feed.prepare()


def on_init(runner: Runner | None = None, **_: Any) -> None:
    """Listen to the event `init`."""
    attach(runner)


def _attach_to_worker(runner: WorkerRunner) -> None:
    leased = LeasedFeeds(runner._say, lambda: runner._swarm_core.contact.session)

    def hear(effect: Forward) -> None:
        leased.hear(effect.message)  # type: ignore[arg-type]  # of the two types that are asked for

    runner._swarm_forwards[Lease] = runner._swarm_forwards[LeaseProgress] = hear
    runner.environment.events.test_stop.add_listener(lambda **_: leased.give_back())
    take_elsewhere(leased.source_of)


def _attach_to_master(runner: MasterRunner) -> None:
    ledger = runner._swarm_ledger
    duties, fleet = runner._swarm_duties, runner._swarm_core.fleet
    desk = LeaseDesk(lambda: runner.worker_count, None if ledger.journal is None else ledger)

    def send(said: Said) -> None:
        for worker, message in said:
            member = fleet.named(worker)
            if member is not None and member.peer is not None:  # what does not arrive is said again
                duties.send(member.peer, message)

    def serve(effect: Forward) -> None:
        send(desk.answer(effect.identity, effect.message))

    duties.forwards[LeaseRequest] = duties.forwards[LeaseProgress] = serve
    duties.worker_gone.append(lambda worker: send(desk.lose(worker)))
    duties.worker_back.append(desk.welcome_back)


def _is_a(runner: object, module: str, name: str) -> bool:
    """Without importing the module: a local run needs no ZeroMQ."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(runner, getattr(loaded, name))
