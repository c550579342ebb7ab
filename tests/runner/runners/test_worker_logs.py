"""The workers' logs on the master: new lines come every few seconds, bounded, and none when they are not wanted."""

from __future__ import annotations

import logging

import gevent
import pytest

from swarm import Environment, runners
from swarm.runners import worker_logs
from tests.runner.runners.swarm_of_nodes import Idler, wait_until


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new lines come at once."""
    monkeypatch.setattr(runners, "WORKER_LOG_REPORT_INTERVAL", 0.05)


def lines_of(swarm, worker) -> str:
    return "\n".join(swarm.environment.worker_logs.get(worker.client_id, ()))


def test_what_a_worker_logs_is_the_masters_to_read(nodes, soon: None) -> None:
    swarm = nodes(Idler)
    swarm.gather(1)
    (worker,) = swarm.workers
    logging.getLogger("shop").warning("the first line")
    wait_until(lambda: "the first line" in lines_of(swarm, worker))
    logging.getLogger("shop").warning("the second line")
    wait_until(lambda: "the second line" in lines_of(swarm, worker))

    text = lines_of(swarm, worker)
    assert f"] {worker.client_id}/WARNING/shop: the first line" in text
    assert text.count("the first line") == 1


def test_an_exception_comes_with_its_traceback(nodes, soon: None) -> None:
    swarm = nodes(Idler)
    swarm.gather(1)
    logging.getLogger("shop").error("it failed", exc_info=ValueError("broken"))

    wait_until(lambda: "ValueError: broken" in lines_of(swarm, swarm.workers[0]))


@pytest.mark.parametrize("interval", [0, -1])
def test_none_are_sent_when_the_interval_is_not_above_zero(
    nodes, monkeypatch: pytest.MonkeyPatch, interval: float
) -> None:
    monkeypatch.setattr(runners, "WORKER_LOG_REPORT_INTERVAL", interval)
    swarm = nodes(Idler)
    swarm.gather(1)
    heard: list[object] = []
    swarm.master.register_message("mark", lambda msg, **_: heard.append(msg.data))
    worker_logs.collect_texts(swarm.master)  # a master that asks all the same
    logging.getLogger("shop").warning("a line")
    swarm.workers[0].send_message("mark", 1)

    wait_until(lambda: heard)
    gevent.sleep(0.3)
    assert swarm.environment.worker_logs == {}


def test_who_shows_them_may_have_them_sooner(nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "WORKER_LOG_REPORT_INTERVAL", 3600.0)
    swarm = nodes(Idler)
    swarm.gather(1)
    wait_until(lambda: swarm.workers[0].is_connected)
    got: list[tuple[str, list[object]]] = []
    worker_logs.collect(swarm.master, lambda worker, lines: got.append((worker, lines)), 0.05)
    logging.getLogger("shop").warning("a line")

    wait_until(lambda: any("a line" in str(lines) for _, lines in got))
    assert {worker for worker, _ in got} == {swarm.workers[0].client_id}


def test_a_worker_holds_its_newest_lines_and_says_how_many_it_left_out(nodes, soon: None) -> None:
    swarm = nodes(Idler)
    swarm.gather(1)
    (worker,) = swarm.workers
    logger = logging.getLogger("shop")
    for number in range(worker_logs.HELD + 30):
        logger.warning("line %d!", number)
    logger.warning("x" * 10_000)

    wait_until(lambda: "x" * worker_logs.TEXT_LIMIT in lines_of(swarm, worker))
    text = lines_of(swarm, worker)
    assert f"line {worker_logs.HELD + 29}!" in text
    assert "line 3!" not in text
    assert "lines were left out here" in text
    assert max(map(len, swarm.environment.worker_logs[worker.client_id])) < worker_logs.TEXT_LIMIT + 300
    assert len(swarm.environment.worker_logs[worker.client_id]) <= worker_logs.KEPT


def test_a_master_keeps_so_many_lines_of_a_worker_and_of_all() -> None:
    environment = Environment()
    for number in range(3):
        worker_logs.keep(environment, "one", [f"{number} {n}" for n in range(400)])
    assert len(environment.worker_logs["one"]) == worker_logs.KEPT
    assert environment.worker_logs["one"][-1] == "2 399"
    for number in range(1000):
        worker_logs.keep(environment, f"worker {number}", ["a line"] * 500)
    assert len(environment.worker_logs["worker 999"]) < 60


def test_lines_that_are_none_are_left_out() -> None:
    good = ["INFO", "shop", "text", 1_700_000_000.0]
    wrong = [None, 7, [], good[:3], ["INFO", "shop", "text", "now"], ["INFO", "shop", "text", 1e300]]
    (text,) = worker_logs.as_texts("one", [*wrong, ["INFO", "shop", "text", float("nan")], good])
    assert text.endswith("one/INFO/shop: text")


def test_a_worker_that_has_ended_listens_to_no_log(nodes, soon: None) -> None:
    before = logging.getLogger().handlers[:]
    swarm = nodes(Idler)
    swarm.gather(1)
    assert len(logging.getLogger().handlers) == len(before) + 1
    swarm.end()

    assert logging.getLogger().handlers == before
