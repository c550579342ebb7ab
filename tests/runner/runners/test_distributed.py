"""Master and workers in one process, over real sockets: what a locustfile sees of them on each node."""

from __future__ import annotations

import time
from contextlib import suppress

import gevent
import pytest

from swarm import Environment, User, constant, task
from swarm.exceptions import RPCSendError, RunnerAlreadyExistsError
from swarm.runners import DistributedRunner, LocalRunner, MasterRunner, WorkerNode, WorkerRunner
from tests.runner.runners.swarm_of_nodes import BEAT_S, EVENTS, Idler, Sampler, wait_until


def test_the_roles_are_told_apart(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(1)

    assert isinstance(swarm.master, DistributedRunner)
    assert isinstance(swarm.workers[0], DistributedRunner)
    assert not isinstance(swarm.master, WorkerRunner | LocalRunner)
    assert not isinstance(swarm.workers[0], MasterRunner | LocalRunner)
    assert swarm.environment.runner is swarm.master
    with pytest.raises(RunnerAlreadyExistsError):
        swarm.environment.create_local_runner()


def test_the_master_lists_its_workers(nodes) -> None:
    swarm = nodes(Idler)
    assert len(swarm.master.clients) == 0
    swarm.gather(2)
    master, ids = swarm.master, [worker.client_id for worker in swarm.workers]

    assert sorted(master.clients) == sorted(ids)
    assert len(master.clients.ready) == len(master.clients.all) == 2
    assert master.clients.running == master.clients.missing == []
    node = master.clients[ids[0]]
    assert isinstance(node, WorkerNode)
    assert (node.id, node.state, node.user_count) == (ids[0], "ready", 0)
    assert sorted(master.get_worker_index(each) for each in ids) == [0, 1]
    wait_until(lambda: all(worker.worker_index >= 0 for worker in swarm.workers))  # the welcome has arrived
    assert [master.get_worker_index(each) for each in ids] == [each.worker_index for each in swarm.workers]
    assert master.get_worker_index("nobody") == -1
    assert "nobody" not in master.clients
    wait_until(lambda: master.clients[ids[0]].memory_usage > 1_000_000)


def test_users_are_spread_and_every_node_hears_of_the_run(nodes) -> None:
    swarm = nodes(Sampler, Idler)
    swarm.gather(2)
    master = swarm.master
    complete: list[int] = []
    for environment in (swarm.environment, *(worker.environment for worker in swarm.workers)):
        environment.events.spawning_complete.add_listener(lambda user_count, **_: complete.append(user_count))

    master.start(7, spawn_rate=100, wait=True)

    assert master.state == "running"
    wait_until(lambda: master.user_count == 7)
    assert master.target_user_count == 7
    assert sum(master.user_classes_count.values()) == 7
    assert master.user_classes_count == master.target_user_classes_count
    assert sorted(worker.user_count for worker in swarm.workers) == [3, 4]
    assert sorted(node.user_count for node in master.clients.running) == [3, 4]
    wait_until(lambda: complete == [7, 7, 7])
    wait_until(lambda: master.stats.num_requests > 20)

    master.stop()

    assert master.state == "stopped"
    assert master.user_count == 0
    assert all(fired == list(EVENTS) for fired in swarm.fired.values()), swarm.fired
    assert master.accounting is not None
    assert master.accounting.missing == 0
    assert master.accounting.closed
    assert master.accounting.merged == master.stats.num_requests
    assert master.stats.get("/", "GET").avg_response_time == pytest.approx(1.5)


def test_a_second_run_begins_with_empty_statistics(nodes) -> None:
    swarm = nodes(Sampler)
    swarm.gather(1)
    swarm.master.start(2, spawn_rate=10)
    wait_until(lambda: swarm.master.stats.num_requests > 100)
    swarm.master.stop()
    swarm.master.start(1, spawn_rate=10)
    wait_until(lambda: swarm.master.stats.num_requests > 5)
    swarm.master.stop()

    assert swarm.master.accounting.merged == swarm.master.stats.num_requests
    assert swarm.fired["worker 0"] == [*EVENTS, *EVENTS]


def test_a_new_target_changes_the_users_and_no_event_of_the_run_is_repeated(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(2)
    swarm.master.start(4, spawn_rate=100, wait=True)
    swarm.master.start(10, spawn_rate=100, wait=True)
    wait_until(lambda: [worker.user_count for worker in swarm.workers] == [5, 5])
    swarm.master.start(1, spawn_rate=100, wait=True)
    wait_until(lambda: swarm.master.user_count == 1)

    assert swarm.fired["master"].count("test_start") == 1
    assert swarm.fired["master"].count("spawning_complete") == 3


def test_a_pause_holds_the_users_of_all_workers(nodes) -> None:
    swarm = nodes(Sampler)
    swarm.gather(2)
    swarm.master.start(4, spawn_rate=100, wait=True)
    wait_until(lambda: swarm.master.stats.num_requests > 20)
    swarm.master.pause()
    assert swarm.master.state == "running"
    wait_until(lambda: [worker._swarm_core.state for worker in swarm.workers] == ["paused", "paused"])
    gevent.sleep(3 * BEAT_S)
    held = swarm.master.stats.num_requests
    gevent.sleep(5 * BEAT_S)
    assert swarm.master.stats.num_requests == held
    assert sum(worker.user_count for worker in swarm.workers) == 4

    swarm.master.resume()

    wait_until(lambda: swarm.master.stats.num_requests > held + 20)


def test_messages_go_both_ways_in_their_order(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(2)
    got: dict[str, list[object]] = {}
    back: list[tuple[str, object]] = []
    for worker in swarm.workers:
        got[worker.client_id] = []

        def take(environment, msg, **_: object) -> None:
            got[environment.runner.client_id].append(msg.data)
            environment.runner.send_message("back", {"n": msg.data})

        worker.register_message("count", take)
    swarm.master.register_message(
        "back", lambda environment, msg, **_: back.append((msg.node_id, msg.data["n"])), concurrent=True
    )
    first = swarm.workers[0].client_id

    for number in range(200):
        swarm.master.send_message("count", number)
    swarm.master.send_message("count", b"\0", client_id=first)
    mutable = ["as it was"]
    swarm.master.send_message("count", mutable, client_id=first)
    mutable.append("changed afterwards")

    wait_until(lambda: len(back) == 402)
    assert got[first] == [*range(200), b"\0", ["as it was"]]
    assert got[swarm.workers[1].client_id] == [*range(200)]
    assert [n for node, n in back if node != first] == [*range(200)]


def test_what_cannot_be_sent_is_named(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(1)
    for runner in (swarm.master, swarm.workers[0]):
        with pytest.raises(RPCSendError, match=r"'users' cannot be sent: data.*object"):
            runner.send_message("users", [1, {"a": object()}])
    with pytest.raises(RPCSendError, match="no worker 'nobody'"):
        swarm.master.send_message("users", 1, client_id="nobody")


def test_a_message_without_a_listener_does_no_harm(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(1)
    heard: list[object] = []
    swarm.workers[0].register_message("known", lambda msg, **_: heard.append(msg.data))
    swarm.master.send_message("unknown", 1)
    swarm.master.send_message("known", 2)

    wait_until(lambda: heard == [2])


def test_reports_carry_what_listeners_add(nodes) -> None:
    swarm = nodes(Sampler)
    reports: list[tuple[str, dict[str, object]]] = []
    joined: list[str] = []
    swarm.environment.events.worker_report.add_listener(
        lambda client_id, data, **_: reports.append((client_id, data))
    )
    swarm.environment.events.worker_connect.add_listener(lambda client_id, **_: joined.append(client_id))
    swarm.gather(1)
    worker = swarm.workers[0]

    def add(client_id: str, data: dict[str, object], **_: object) -> None:
        data["own"] = client_id

    worker.environment.events.report_to_master.add_listener(add)
    swarm.master.start(1, spawn_rate=10)

    wait_until(lambda: reports)
    assert joined == [worker.client_id]
    assert reports[0][0] == worker.client_id
    assert reports[-1][1]["own"] == worker.client_id
    assert "user_count" in reports[-1][1]


def test_a_report_that_cannot_be_sent_goes_without_what_was_added(nodes) -> None:
    swarm = nodes(Sampler)
    swarm.gather(1)
    worker = swarm.workers[0]
    worker.environment.events.report_to_master.add_listener(lambda data, **_: data.update(bad=object()))
    swarm.master.start(1, spawn_rate=10)

    wait_until(lambda: swarm.master.stats.num_requests > 10)
    assert worker.internal_errors > 0


def test_heartbeats_are_events(nodes) -> None:
    swarm = nodes(Idler)
    sent: list[str] = []
    received: list[float] = []
    swarm.environment.events.heartbeat_sent.add_listener(lambda client_id, timestamp: sent.append(client_id))
    swarm.gather(1)
    worker = swarm.workers[0]
    worker.environment.events.heartbeat_received.add_listener(
        lambda client_id, timestamp: received.append(timestamp)
    )

    wait_until(lambda: sent and received)
    assert sent[0] == worker.client_id
    assert abs(received[0] - time.time()) < 60


def test_exceptions_of_users_are_the_masters_with_the_nodes_name(nodes) -> None:
    class Raiser(User):
        wait_time = constant(0.01)

        @task
        def fail(self) -> None:
            raise ValueError("broken")

    swarm = nodes(Raiser)
    swarm.gather(1)
    swarm.master.start(1, spawn_rate=10)
    wait_until(lambda: swarm.master.exceptions)
    (row, *_) = swarm.master.exceptions.values()

    assert row["msg"] == "broken"
    assert row["nodes"] == {swarm.workers[0].client_id}


def test_a_worker_that_leaves_hands_over_its_users_and_all_of_its_samples(nodes) -> None:
    swarm = nodes(Sampler)
    swarm.gather(2)
    swarm.master.start(4, spawn_rate=100, wait=True)
    swarm.workers[0].quit()
    wait_until(lambda: swarm.workers[1].user_count == 4)
    assert len(swarm.master.clients) == 1
    swarm.master.stop()

    assert swarm.master.accounting.closed
    assert swarm.master.accounting.merged == swarm.master.stats.num_requests
    assert not swarm.master.lost_workers
    assert swarm.workers[0].end_reason == ""


def test_a_late_worker_takes_its_share(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(1)
    swarm.master.start(6, spawn_rate=100, wait=True)
    swarm.gather(1)

    wait_until(lambda: [worker.user_count for worker in swarm.workers] == [3, 3])
    assert swarm.fired["worker 1"][0] == "test_start"


def test_users_start_after_the_masters_listeners_of_test_start_and_nobody_is_lost_meanwhile(nodes) -> None:
    swarm = nodes(Sampler)
    swarm.gather(1)
    prepared: list[int] = []

    def prepare(environment: Environment, **_: object) -> None:
        gevent.sleep(10 * BEAT_S)
        prepared.append(swarm.workers[0].user_count)

    swarm.environment.events.test_start.add_listener(prepare)
    swarm.master.start(1, spawn_rate=10)

    assert prepared == [0]
    assert not swarm.master.lost_workers
    wait_until(lambda: swarm.workers[0].user_count == 1)


def test_a_worker_neither_starts_nor_stops_by_itself(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(1)
    worker = swarm.workers[0]
    worker.start(5, spawn_rate=5)
    assert worker.user_count == 0
    swarm.master.start(2, spawn_rate=10, wait=True)
    worker.stop()

    wait_until(lambda: worker.user_count == 2)
    assert worker.target_user_count == 2


def test_statistics_are_sent_at_once_when_asked(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(1)
    worker = swarm.workers[0]
    swarm.master.start(1, spawn_rate=10, wait=True)
    worker.stats.log_request("GET", "/now", 5, 0)
    worker._send_stats()

    wait_until(lambda: swarm.master.stats.get("/now", "GET").num_requests == 1)


def test_the_host_and_the_stop_timeout_are_the_masters(nodes) -> None:
    swarm = nodes(Idler)
    swarm.environment.host = "http://shop.example"
    swarm.environment.stop_timeout = 0.5
    swarm.gather(1)
    swarm.master.start(1, spawn_rate=10, wait=True)

    assert swarm.workers[0].environment.host == "http://shop.example"
    assert swarm.workers[0].environment.stop_timeout == 0.5


def test_statistics_are_reset_when_all_users_are_there(nodes) -> None:
    swarm = nodes(Sampler, reset_stats=True)
    swarm.gather(1)
    swarm.master.start(3, spawn_rate=2)
    wait_until(lambda: swarm.master.stats.num_requests > 10)
    wait_until(lambda: swarm.master.state == "running")
    wait_until(lambda: swarm.master.stats.num_requests > 0)
    swarm.master.stop()

    account = swarm.master.accounting
    assert swarm.master.stats.num_requests == account.merged
    assert account.reset > 10
    assert account.closed


def test_calls_without_meaning_are_ignored(nodes) -> None:
    swarm = nodes(Idler)
    swarm.master.serve()
    swarm.master.stop()
    swarm.master.resume()
    assert swarm.master.state == "ready"
    swarm.master.start(1, spawn_rate=1)
    assert swarm.master.state == "spawning"
    swarm.master.quit()
    swarm.master.quit()
    with suppress(RPCSendError):
        swarm.master.send_message("late", 1)
    assert swarm.master.state == "stopped"
