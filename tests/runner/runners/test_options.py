"""The master's options on its workers: which of them get there, and what they do there."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from swarm import Environment, User, constant, tag, task
from swarm.runners.options import SharedOptions, take_over, to_share
from tests.runner.runners.swarm_of_nodes import Idler, wait_until


def tagged() -> type[User]:
    """Make a class of its own for a node, with tasks that tags tell apart."""

    class Tagged(User):
        wait_time = constant(0.01)

        @tag("slow")
        @task
        def slow(self) -> None:
            self.count("slow")

        @tag("slow", "broken")
        @task
        def broken(self) -> None:
            self.count("broken")

        @task
        def fast(self) -> None:
            self.count("fast")

        def count(self, name: str) -> None:
            self.environment.events.request.fire(
                request_type="GET", name=name, response_time=1, response_length=0
            )

    return Tagged


def test_tags_of_the_master_choose_the_tasks_on_its_workers(nodes) -> None:
    swarm = nodes(tagged(), shared={"tags": ["slow"], "exclude_tags": ["broken"]})
    swarm.gather(1, user_classes=[tagged()])
    swarm.master.start(2, spawn_rate=10, wait=True)
    wait_until(lambda: swarm.master.stats.num_requests > 10)

    assert {name for name, _ in swarm.master.stats.entries} == {"slow"}
    assert swarm.workers[0].environment.tags == ["slow"]


def test_options_are_there_before_test_start_and_new_ones_with_the_next_run(nodes) -> None:
    options = Namespace(tier="gold", sizes=[1, 2], num_users=5, run_time=None)
    swarm = nodes(Idler, parsed_options=options, shared=to_share(options))
    swarm.gather(1, parsed_options=Namespace(tier="iron", own=7))
    seen: list[object] = []
    worker = swarm.workers[0].environment
    worker.events.test_start.add_listener(
        lambda environment, **_: seen.append(environment.parsed_options.tier)
    )
    swarm.master.start(1, spawn_rate=10, wait=True)
    assert seen == ["gold"]
    assert (worker.parsed_options.sizes, worker.parsed_options.own) == ([1, 2], 7)

    options.tier = "silver"  # as a browser UI does
    options.sizes.append(3)
    swarm.master.start(2, spawn_rate=10)
    wait_until(lambda: worker.parsed_options.tier == "silver")
    assert worker.parsed_options.sizes == [1, 2, 3]
    swarm.master.stop()
    options.tier = "wood"
    swarm.master.start(1, spawn_rate=10, wait=True)

    assert seen == ["gold", "wood"]


def test_a_library_shares_what_is_plain_data_and_not_one_nodes_own() -> None:
    options = Namespace(tier="gold", where=Path("x"), logfile="run.log", secret_file="swarm.secret")
    assert to_share(options) == {"tier": "gold"}
    assert to_share(None) == {}


def test_what_was_given_stays_unless_it_is_assigned_anew() -> None:
    options = Namespace(tier="gold", files=["settings.json"], secret="sesame")
    shared = SharedOptions(options, {"tier": "gold", "files": ["{}"]})
    assert shared.now() == {"tier": "gold", "files": ["{}"]}
    options.tier, options.secret, options.later = "silver", "open", 1
    assert shared.now() == {"tier": "silver", "files": ["{}"]}


def test_the_masters_user_classes_are_chosen_of_those_that_a_worker_has(nodes) -> None:
    class Other(Idler):
        pass

    known = {"Idler": Idler, "Other": Other}
    swarm = nodes(Idler, Other, shared={"user_classes": []})
    swarm.gather(1, user_classes=[Other], available_user_classes=known)
    swarm.master.start(4, spawn_rate=100, wait=True)

    assert swarm.workers[0].user_classes_count == {"Idler": 2, "Other": 2}


def test_any_class_of_the_workers_file_may_be_asked_for(nodes) -> None:
    class Other(Idler):
        pass

    swarm = nodes(Idler, Other)
    swarm.gather(1, user_classes=[Idler], available_user_classes={"Idler": Idler, "Other": Other})
    swarm.master.start(2, spawn_rate=100, wait=True, user_classes=[Other])

    wait_until(lambda: swarm.master.user_classes_count == {"Idler": 0, "Other": 2})


def test_a_class_that_a_worker_does_not_have_is_said_and_the_run_goes_on(nodes) -> None:
    class Other(Idler):
        pass

    swarm = nodes(Idler, Other)
    swarm.gather(1, user_classes=[Idler])
    swarm.master.start(4, spawn_rate=100, wait=True)

    assert swarm.master.state == "running"
    assert swarm.workers[0].internal_errors > 0
    swarm.master.stop()


@pytest.mark.parametrize(("given", "holds"), [(None, "http://own"), ("http://masters", "http://masters")])
def test_a_host_of_the_masters_takes_the_place_of_a_workers_own(nodes, given: str | None, holds: str) -> None:
    swarm = nodes(Idler, host=given, shared={"host": given})
    swarm.gather(1, host="http://own", parsed_options=Namespace(host="http://own"))
    swarm.master.start(1, spawn_rate=10, wait=True)

    assert swarm.workers[0].environment.host == holds
    assert swarm.workers[0].environment.parsed_options.host == holds


def test_the_stop_timeout_is_the_masters_whatever_a_worker_was_given(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(1, stop_timeout=30)
    swarm.master.start(1, spawn_rate=10, wait=True)

    assert swarm.workers[0].environment.stop_timeout is None


def test_equal_weights_and_the_reset_hold_on_a_worker() -> None:
    class Heavy(Idler):
        weight = 5

    environment = Environment(user_classes=[Heavy])
    take_over(environment, {"equal_weights": True, "reset_stats": True})

    assert Heavy.weight == 1
    assert environment.reset_stats


def test_tags_that_leave_a_class_no_task_are_said(caplog: pytest.LogCaptureFixture) -> None:
    take_over(Environment(user_classes=[tagged()]), {"tags": ["none"], "exclude_tags": None})

    assert "the master's tags: Tagged has no task left with --tags none" in caplog.text
