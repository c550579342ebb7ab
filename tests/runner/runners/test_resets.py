"""The statistics are set to zero while a run goes on: exactly, on every node, and the account still closes."""

from __future__ import annotations

import pytest

from tests.runner.runners.swarm_of_nodes import Nodes, Sampler, wait_until


def listen(swarm: Nodes) -> list[str]:
    """Note the resets that the listeners of each node hear of."""
    heard: list[str] = []
    for node in swarm.all:
        node.environment.events.reset_stats.add_listener(lambda _id=node.node_id: heard.append(_id))
    return heard


def test_a_reset_counts_from_zero_on_every_node_and_no_sample_is_missing(nodes) -> None:
    swarm = nodes(Sampler)
    swarm.gather(2)
    heard = listen(swarm)
    swarm.master.start(4, spawn_rate=100, wait=True)
    wait_until(lambda: swarm.master.stats.num_requests > 50)
    before = swarm.master.stats.num_requests
    swarm.master.exceptions.log("somewhere", "before", "…")

    swarm.master.reset_stats()

    assert swarm.master.stats.num_requests < before
    assert not swarm.master.exceptions
    wait_until(lambda: sorted(heard) == sorted(node.node_id for node in swarm.all))
    wait_until(lambda: swarm.master.stats.num_requests > 50)
    swarm.master.stop()
    account = swarm.master.accounting
    assert account.merged == swarm.master.stats.num_requests
    assert account.reset >= before
    assert account.heard == account.merged + account.reset
    assert account.closed
    assert len(heard) == 3


def test_resets_in_quick_succession_lose_nothing(nodes) -> None:
    swarm = nodes(Sampler)
    swarm.gather(2)
    swarm.master.start(4, spawn_rate=100, wait=True)
    for _ in range(5):
        wait_until(lambda: swarm.master.stats.num_requests > 3)
        swarm.master.reset_stats()
        swarm.master.reset_stats()
    swarm.master.stop()

    account = swarm.master.accounting
    assert account.merged == swarm.master.stats.num_requests
    assert account.reset > 15
    assert account.closed


def test_a_reset_comes_before_the_listeners_of_spawning_complete(nodes) -> None:
    swarm = nodes(Sampler, reset_stats=True)
    swarm.gather(1)
    order: dict[str, list[str]] = {node.node_id: [] for node in swarm.all}
    for node in swarm.all:
        happened = order[node.node_id]
        node.environment.events.reset_stats.add_listener(lambda _to=happened: _to.append("reset"))
        node.environment.events.spawning_complete.add_listener(
            lambda user_count, _to=happened: _to.append("complete")
        )
    swarm.master.start(1, spawn_rate=1, wait=True)

    wait_until(lambda: all(len(happened) == 2 for happened in order.values()))
    assert set(map(tuple, order.values())) == {("reset", "complete")}


def test_a_reset_after_the_run_leaves_an_account_of_nothing(nodes) -> None:
    swarm = nodes(Sampler)
    swarm.gather(1)
    swarm.master.start(1, spawn_rate=10, wait=True)
    wait_until(lambda: swarm.master.stats.num_requests > 3)
    swarm.master.stop()
    counted = swarm.master.stats.num_requests
    swarm.master.reset_stats()

    assert swarm.master.stats.num_requests == 0
    assert (swarm.master.accounting.merged, swarm.master.accounting.reset) == (0, counted)
    assert swarm.master.accounting.closed


def test_a_worker_resets_nothing_by_itself(nodes) -> None:
    swarm = nodes(Sampler)
    swarm.gather(1, reset_stats=True)
    heard = listen(swarm)
    swarm.master.start(2, spawn_rate=100, wait=True)
    swarm.workers[0].reset_stats()
    wait_until(lambda: "spawning_complete" in swarm.fired["worker 0"])
    swarm.master.stop()

    assert not heard
    assert swarm.master.accounting.reset == 0
    assert swarm.master.accounting.merged == swarm.master.stats.num_requests


@pytest.mark.parametrize("when_complete", [True, False])
def test_a_local_run_is_reset_by_the_same_method(environments, until, when_complete: bool) -> None:
    environment = environments(Sampler, reset_stats=when_complete)
    heard: list[int] = []
    environment.events.reset_stats.add_listener(lambda: heard.append(environment.stats.num_requests))
    environment.runner.start(3, spawn_rate=2 if when_complete else 100)
    until(lambda: environment.stats.num_requests > 20)
    if not when_complete:
        environment.runner.reset_stats()
    until(lambda: heard)

    assert heard == [0]
