"""What locustfiles read of master and workers: each name, on each node."""

from __future__ import annotations

from collections.abc import Mapping

import gevent
import pytest

from swarm import runners
from swarm.runners import MasterRunner, WorkerNode, WorkerNodes, WorkerRunner, monitor
from tests.runner.runners.swarm_of_nodes import Idler, Nodes, Sampler, wait_until


@pytest.fixture
def swarm(nodes) -> Nodes:
    """A master and two workers with users of two classes."""
    swarm = nodes(Sampler, Idler)
    swarm.gather(2)
    return swarm


class TestTheMaster:
    def test_workers_by_their_names(self, swarm: Nodes) -> None:
        clients = swarm.master.clients
        ids = [worker.client_id for worker in swarm.workers]

        assert isinstance(clients, WorkerNodes)
        assert isinstance(clients, Mapping)
        assert sorted(clients) == sorted(clients.keys()) == sorted(ids)
        assert len(clients) == len(clients.all) == 2
        assert sorted(node.id for node in clients.values()) == sorted(ids)
        assert {identity: node.id for identity, node in clients.items()} == {each: each for each in ids}
        assert sorted(clients._worker_nodes) == sorted(ids)
        assert all(isinstance(node, WorkerNode) for node in clients._worker_nodes.values())
        assert clients.get("nobody") is None
        with pytest.raises(KeyError):
            clients["nobody"]

    def test_workers_by_their_states(self, swarm: Nodes) -> None:
        clients = swarm.master.clients
        assert [
            len(each) for each in (clients.ready, clients.spawning, clients.running, clients.missing)
        ] == [
            2,
            0,
            0,
            0,
        ]
        swarm.master.start(4, spawn_rate=100, wait=True)
        wait_until(lambda: len(clients.running) == 2)
        assert clients.ready == clients.missing == []
        assert clients.get_by_state(runners.STATE_RUNNING)[0].state == "running"
        swarm.workers[0].quit()
        wait_until(lambda: len(clients) == 1)
        swarm.master.stop()
        assert len(clients.ready) == len(clients.all) == 1

    def test_workers_that_start_users_are_spawning(self, swarm: Nodes) -> None:
        swarm.master.start(1000, spawn_rate=1)
        wait_until(lambda: len(swarm.master.clients.spawning) == 2)
        assert swarm.master.state == "spawning"

    def test_a_worker_that_is_silent_is_missing_and_its_users_are_not_counted(self, nodes) -> None:
        swarm = nodes(Sampler, Idler, final_deadline=0.5)
        swarm.gather(2)
        swarm.master.start(4, spawn_rate=100, wait=True)
        silent = swarm.workers[0]
        silent._swarm_clock.kill()
        silent._swarm_socket.close()

        wait_until(lambda: [node.id for node in swarm.master.clients.missing] == [silent.client_id])
        assert swarm.master.clients[silent.client_id].user_count == 0
        assert len(swarm.master.clients) == 2
        assert swarm.master.worker_count == 1
        assert swarm.master.lost_workers == {silent.client_id}
        swarm.workers.remove(silent)
        silent._give_up("the test is over")

    def test_a_node(self, swarm: Nodes) -> None:
        swarm.master.start(6, spawn_rate=100, wait=True)
        (node, other) = swarm.master.clients.all
        wait_until(lambda: node.user_count == other.user_count == 3)

        assert sum(node.user_classes_count.values()) == 3
        assert set(node.user_classes_count) == {"Sampler", "Idler"}
        assert node.cpu_usage >= 0
        wait_until(lambda: node.memory_usage > 1_000_000)
        assert node.id in repr(node)

    def test_indexes(self, swarm: Nodes) -> None:
        master = swarm.master
        indexes = {worker.client_id: master.get_worker_index(worker.client_id) for worker in swarm.workers}

        assert sorted(indexes.values()) == [0, 1]
        assert master.worker_indexes == indexes
        assert master.worker_index_max == 2
        assert master.get_worker_index("nobody") == -1
        (first, _) = swarm.workers
        first.quit()
        wait_until(lambda: len(master.clients) == 1)
        swarm.gather(1)
        assert master.get_worker_index(swarm.workers[-1].client_id) == indexes[first.client_id]
        assert master.worker_index_max == 2

    def test_targets_and_counts(self, swarm: Nodes) -> None:
        master = swarm.master
        assert (master.worker_count, master.user_count, master.target_user_count) == (2, 0, 0)
        master.start(5, spawn_rate=50, wait=True)

        assert master.target_user_count == 5
        assert sum(master.target_user_classes_count.values()) == 5
        assert master.spawn_rate == 50
        wait_until(lambda: master.user_classes_count == master.target_user_classes_count)
        assert master.reported_user_classes_count == master.user_classes_count
        assert master.user_count == 5
        assert master.rebalancing_enabled()
        assert set(master.user_classes_by_name) == {"Sampler", "Idler"}
        master.stop()
        assert (master.user_count, master.state) == (0, "stopped")

    def test_the_rest(self, swarm: Nodes) -> None:
        master = swarm.master
        master.register_message("mine", print)
        assert master.custom_messages["mine"] == (print, False)
        master.iterations_started = 0  # foreign attributes
        assert master.environment.runner is master
        assert master.stats is swarm.environment.stats
        assert master.errors is swarm.environment.stats.errors
        assert isinstance(master.greenlet, gevent.pool.Group)
        assert master.cpu_usage >= 0
        assert master.shape_greenlet is None
        master.start(2, spawn_rate=10)
        assert isinstance(master.spawning_greenlet, gevent.Greenlet)
        master.spawning_greenlet.join()
        assert master.state == "running"
        assert not isinstance(master, WorkerRunner)


class TestAWorker:
    def test_its_name_and_number(self, swarm: Nodes) -> None:
        for worker in swarm.workers:
            wait_until(lambda each=worker: each.worker_index >= 0)
        assert sorted(worker.worker_index for worker in swarm.workers) == [0, 1]
        for worker in swarm.workers:
            assert worker.client_id in swarm.master.clients
            assert worker.worker_index == swarm.master.get_worker_index(worker.client_id)
            assert worker.node_id == worker.client_id
            assert not isinstance(worker, MasterRunner)

    def test_before_it_is_taken_in_it_has_no_number(self, nodes) -> None:
        swarm = nodes(Idler)
        assert swarm.worker(serve=False).worker_index == -1

    def test_its_users_and_state(self, swarm: Nodes) -> None:
        worker = swarm.workers[0]
        assert (worker.state, worker.user_count) == ("ready", 0)
        swarm.master.start(4, spawn_rate=100, wait=True)

        wait_until(lambda: worker.state == "running")
        assert worker.user_count == worker.target_user_count == 2
        assert worker.user_classes_count == {"Sampler": 1, "Idler": 1}
        assert len(worker.user_greenlets) == 2
        swarm.master.stop()
        wait_until(lambda: worker.state == "stopped")

    def test_the_rest(self, swarm: Nodes) -> None:
        worker = swarm.workers[0]
        worker.register_message("mine", print, concurrent=True)
        assert worker.custom_messages["mine"] == (print, True)
        worker.iteration_target_reached = False  # foreign attributes
        assert worker.environment.runner is worker
        assert worker.stats is worker.environment.stats
        worker._send_stats()  # nothing runs yet
        swarm.master.start(2, spawn_rate=10, wait=True)
        worker._send_stats()


class TestEvents:
    @pytest.fixture(autouse=True)
    def often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let what comes every few seconds come at once."""
        monkeypatch.setattr(runners, "CPU_MONITOR_INTERVAL", 0.05)
        monkeypatch.setattr(monitor, "CPU_INTERVAL_S", 0.05)
        monkeypatch.setattr(runners, "CPU_WARNING_THRESHOLD", -1)

    def test_each_has_its_arguments_on_its_node(self, nodes) -> None:
        swarm = nodes(Sampler)
        names = [
            *("worker_connect", "report_to_master", "worker_report", "heartbeat_sent", "heartbeat_received"),
            *(
                "usage_monitor",
                "cpu_warning",
                "test_start",
                "test_stopping",
                "test_stop",
                "spawning_complete",
            ),
        ]
        calls: dict[str, dict[str, list[dict[str, object]]]] = {}

        def listen(role: str, environment) -> None:
            heard = calls.setdefault(role, {name: [] for name in names})
            for name in names:
                getattr(environment.events, name).add_listener(
                    lambda _to=heard[name], **arguments: _to.append(arguments)
                )

        listen("master", swarm.environment)
        swarm.master.serve()
        worker = swarm.worker(serve=False)
        listen("worker", worker.environment)
        worker.serve()
        wait_until(lambda: swarm.master.worker_count == 1)
        swarm.master.start(3, spawn_rate=100, wait=True)
        of_master, of_worker = calls["master"], calls["worker"]
        wait_until(lambda: of_master["worker_report"] and of_master["heartbeat_sent"])
        wait_until(lambda: of_worker["report_to_master"] and of_worker["heartbeat_received"])
        wait_until(lambda: of_worker["spawning_complete"])
        for heard in (of_master, of_worker):
            wait_until(lambda each=heard: each["usage_monitor"] and each["cpu_warning"])
        swarm.master.stop()

        identity = worker.client_id
        assert of_master["worker_connect"] == [{"client_id": identity}]
        for name, heard in (("worker_report", of_master), ("report_to_master", of_worker)):
            assert {frozenset(call) for call in heard[name]} == {frozenset({"client_id", "data"})}
            assert heard[name][0]["client_id"] == identity
            assert set(heard[name][0]["data"]) >= {"user_count", "user_classes_count"}
        for name, heard in (("heartbeat_sent", of_master), ("heartbeat_received", of_worker)):
            assert set(heard[name][0]) == {"client_id", "timestamp"}
            assert heard[name][0]["client_id"] == identity
            assert heard[name][0]["timestamp"] > 1_700_000_000
        for node, heard in ((swarm.master, of_master), (worker, of_worker)):
            assert set(heard["usage_monitor"][0]) == {"environment", "cpu_usage", "memory_usage"}
            assert heard["usage_monitor"][0]["memory_usage"] > 1_000_000
            assert heard["cpu_warning"][0].keys() == {"environment", "cpu_usage"}
            for name in ("test_start", "test_stopping", "test_stop"):
                assert heard[name] == [{"environment": node.environment}]
            assert heard["spawning_complete"] == [{"user_count": 3}]
        for name, heard in (
            *((name, of_worker) for name in ("worker_connect", "worker_report", "heartbeat_sent")),
            *((name, of_master) for name in ("report_to_master", "heartbeat_received")),
        ):
            assert not heard[name], name

    def test_a_late_worker_hears_that_all_users_are_there_when_its_own_are(self, nodes) -> None:
        swarm = nodes(Idler)
        swarm.gather(1)
        swarm.master.start(6, spawn_rate=100, wait=True)
        late = swarm.worker(serve=False)
        heard: list[tuple[int, int]] = []
        late.environment.events.spawning_complete.add_listener(
            lambda user_count, **_: heard.append((user_count, late.user_count))
        )
        late.serve()

        wait_until(lambda: heard)
        assert heard == [(6, 3)]
        assert swarm.fired["worker 0"].count("spawning_complete") == 1


def test_when_all_users_are_there_the_master_knows_how_many_each_worker_has(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(2)
    found: list[list[int]] = []
    swarm.environment.events.spawning_complete.add_listener(
        lambda **_: found.append([node.user_count for node in swarm.master.clients.running])
    )
    swarm.master.start(8, spawn_rate=100, wait=True)
    swarm.master.start(4, spawn_rate=100, wait=True)
    wait_until(lambda: len(found) == 2)

    assert found == [[4, 4], [2, 2]]
