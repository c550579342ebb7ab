"""A worker that is let go while the run goes on, and a stop of the swarm that is forced, over real sockets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from swarm import FastHttpUser, User, constant, task
from swarm.control.lifecycle import LifecycleError
from swarm.control.records import RunRecord, WorkerRecord
from swarm.exceptions import RPCSendError
from swarm.runners.ledger import Ledger
from swarm_stats import Exceptions, Registry
from tests.runner.runners.swarm_of_nodes import Idler, Nodes, Sampler, wait_until
from tests.runner.runners.test_stopping import SlowServer

if TYPE_CHECKING:
    from pathlib import Path


def sampling(nodes, workers: int = 3) -> Nodes:
    """Return a swarm in which users count requests."""
    swarm = nodes(Sampler)
    swarm.gather(workers)
    swarm.master.start(6, spawn_rate=100, wait=True)
    wait_until(lambda: swarm.master.stats.num_requests > 50)
    return swarm


def test_a_drained_workers_users_are_on_the_others_and_all_that_it_measured_is_merged(nodes) -> None:
    swarm = sampling(nodes)
    gone = swarm.workers[0]
    swarm.master.drain(gone.client_id)
    gone.greenlet.join()

    assert (gone.end_reason, gone.user_count) == ("", 0)
    wait_until(lambda: gone.client_id in swarm.master.drained_workers)
    wait_until(lambda: [worker.user_count for worker in swarm.workers[1:]] == [3, 3])
    assert gone.client_id not in swarm.master.clients
    assert (swarm.master.state, swarm.master.worker_count) == ("running", 2)
    assert not swarm.master.lost_workers

    swarm.master.stop()
    accounting = swarm.master.accounting
    assert (len(accounting.workers), accounting.closed, accounting.missing) == (3, True, 0)
    assert accounting.merged == swarm.master.stats.num_requests


def test_while_it_drains_it_is_stopping_in_locusts_words_and_counts_no_longer(nodes) -> None:
    swarm = nodes(Stayer, stop_timeout=30)
    swarm.gather(2)
    swarm.master.start(2, spawn_rate=10, wait=True)
    draining = swarm.workers[0]
    swarm.master.drain(draining.client_id)
    assert swarm.master.clients[draining.client_id].state == "stopping"
    assert swarm.master.worker_count == 1
    with pytest.raises(LifecycleError, match="draining already"):
        swarm.master.drain(draining.client_id)
    with pytest.raises(LifecycleError, match="last worker"):
        swarm.master.drain(swarm.workers[1].client_id)
    Stayer.may_go.set()
    draining.greenlet.join()
    Stayer.may_go.clear()


def test_what_a_listener_of_test_stop_says_arrives_before_its_worker_leaves(nodes) -> None:
    swarm = sampling(nodes, 2)
    gone, heard = swarm.workers[0], []
    swarm.master.register_message("results", lambda environment, msg: heard.append(msg.data))

    def tell(**_: object) -> None:
        # It may go by now, and its goodbye waits for this listener.
        wait_until(lambda: gone._swarm_driver._pending > 1 or gone._swarm_core.state == "quit")
        gone.send_message("results", "all of them")

    gone.environment.events.test_stop.add_listener(tell)
    swarm.master.drain(gone.client_id)
    gone.greenlet.join()
    wait_until(lambda: heard == ["all of them"])


class Stayer(User):
    """Has a task that lasts until it may go."""

    wait_time = constant(1000)
    may_go = gevent.event.Event()

    @task
    def stay(self) -> None:
        self.may_go.wait()


def test_a_worker_that_nobody_needs_may_be_drained_without_a_run(nodes) -> None:
    swarm = nodes(Idler)
    swarm.gather(1)
    swarm.master.drain(swarm.workers[0].client_id)
    swarm.workers[0].greenlet.join()
    wait_until(lambda: swarm.master.worker_count == 0)
    assert swarm.workers[0].end_reason == ""


def test_a_forced_stop_cuts_off_what_drains_on_every_worker(nodes) -> None:
    server = SlowServer()

    class Shopper(FastHttpUser):
        host = server.url

        @task
        def look(self) -> None:
            self.client.get("/look")

    swarm = nodes(Shopper, stop_timeout=1000)
    swarm.gather(2)
    swarm.master.start(4, spawn_rate=100)
    wait_until(lambda: server.asked == 4)
    stop = gevent.spawn(swarm.master.stop)
    wait_until(lambda: all(worker.state == "stopping" for worker in swarm.workers))
    assert len(swarm.master.awaited_now()[0]) == 2
    with gevent.Timeout(60, AssertionError("users were waited for")):
        swarm.master.force_stop()
        stop.join()
    assert swarm.master.state == "stopped"
    assert (swarm.master.stats.interrupted, swarm.master.stats.num_requests) == (4, 0)
    assert swarm.master.accounting.closed
    server.answer.set()
    server.stop()


def weighted(name: str = "Weighted") -> type[User]:
    """Make a class of a node's own."""
    return type(name, (Idler,), {"fee": 1})


def test_settings_of_a_class_reach_the_workers_of_the_run_and_those_that_come_later(nodes) -> None:
    swarm = nodes(weighted())
    swarm.gather(1, user_classes=[weighted()])
    first = swarm.workers[0].environment.user_classes[0]
    swarm.master.share_user_settings({"user_class_name": "Weighted", "fee": 2})
    swarm.master.start(2, spawn_rate=10, wait=True)
    assert first.fee == 2

    swarm.master.share_user_settings({"user_class_name": "Weighted", "weight": 7})
    swarm.master.share_user_settings({"user_class_name": "Weighted", "fee": 3})
    wait_until(lambda: (first.fee, first.weight) == (3, 7))
    assert (swarm.master.state, swarm.fired["worker 0"].count("spawning_complete")) == ("running", 1)

    swarm.gather(1, user_classes=[weighted()])
    late = swarm.workers[1].environment.user_classes[0]
    wait_until(lambda: (late.fee, late.weight) == (3, 7))


def test_settings_that_cannot_be_sent_change_nothing(nodes) -> None:
    swarm = nodes(weighted())
    swarm.gather(1, user_classes=[weighted()])
    with pytest.raises(RPCSendError):
        swarm.master.share_user_settings({"user_class_name": "Weighted", "fee": 2**80})
    swarm.master.start(1, spawn_rate=10, wait=True)
    assert swarm.workers[0].environment.user_classes[0].fee == 1


def test_settings_of_a_class_that_a_worker_does_not_have_are_said(nodes, caplog) -> None:
    swarm = nodes(weighted())
    swarm.gather(1, user_classes=[weighted("Other")])
    swarm.master.share_user_settings({"user_class_name": "Weighted", "fee": 2})
    swarm.master.start(1, spawn_rate=10)
    wait_until(lambda: "settings of a user class do not hold here" in caplog.text)


def ledger_of(path: Path) -> Ledger:
    """Open the books of a master."""
    runner: Any = SimpleNamespace(stats=Registry(lambda: 1_700_000_000.0), exceptions=Exceptions())
    return Ledger(runner, path, lambda _: None)


def test_a_journal_knows_who_drains_and_that_a_stop_is_forced(tmp_path: Path) -> None:
    books = ledger_of(tmp_path / "run.journal")
    books.remember(RunRecord(1, "stopping", {"Shopper": 2}, forced=True))
    workers = [WorkerRecord("a", 1, 0), WorkerRecord("b", 2, 1, draining=True)]
    for worker in workers:
        books.remember_worker(worker)
    books.flush()
    books.close()

    again = ledger_of(tmp_path / "run.journal")
    restored = again.restored()
    assert restored is not None
    assert restored.run.forced
    assert list(restored.workers) == workers
    again.close()


def test_a_journal_from_before_there_was_draining_is_gone_on_with(tmp_path: Path) -> None:
    books = ledger_of(tmp_path / "run.journal")
    assert books.journal is not None
    books.journal.begin(1, {"state": "running", "users": {"Shopper": 2}, "workers": [["a", 1, 0]]})
    books.close()

    again = ledger_of(tmp_path / "run.journal")
    restored = again.restored()
    assert restored is not None
    assert (restored.run.forced, list(restored.workers)) == (False, [WorkerRecord("a", 1, 0)])
    again.close()
