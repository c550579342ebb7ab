"""The log of requests: its rows, its files, and that it is complete when the run quits."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from swarm import Environment
from swarm.contrib import csv_request_logger
from swarm.contrib.csv_request_logger import CSV_COLUMNS, CsvRequestLogger
from swarm.runners import MasterRunner, WorkerRunner
from tests.runner.contrib.bench import until


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == CSV_COLUMNS
        return list(reader)


def fire(environment: Environment, name: str = "/a", **more: Any) -> None:
    request: dict[str, Any] = {
        "request_type": "GET",
        "name": name,
        "response_time": 1.23456,
        "response_length": 3,
    }
    environment.events.request.fire(**request | {"exception": None, "context": {}} | more)


@pytest.fixture
def environment() -> Environment:
    return Environment()


def test_each_request_is_a_row(environment: Environment, tmp_path: Path) -> None:
    path = tmp_path / "new" / "requests.csv"
    CsvRequestLogger(str(path)).register(environment)
    fire(environment, response=SimpleNamespace(status_code=201), start_time=5.5)
    fire(
        environment,
        'with, "quotes"',
        exception=ValueError("wrong\nlength"),
        response_time=None,
        start_time=6.0,
    )
    environment.events.quitting.fire(environment=environment)
    first, second = rows_of(path)
    assert first == {
        "timestamp": "5.5",
        "request_type": "GET",
        "name": "/a",
        "response_time_ms": "1.23",
        "response_length": "3",
        "status_code": "201",
        "exception": "",
    }
    assert (second["name"], second["response_time_ms"], second["exception"]) == (
        'with, "quotes"',
        "",
        "wrong\nlength",
    )
    assert second["status_code"] == "0"


def test_the_file_is_made_anew_when_it_is_registered(environment: Environment, tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    path.write_text("of an earlier run")
    logger = CsvRequestLogger(str(path))
    logger.register(environment)
    assert path.read_text() == ",".join(CSV_COLUMNS) + "\n"
    logger.close()


def test_a_request_after_the_end_is_not_logged(environment: Environment, tmp_path: Path) -> None:
    logger = CsvRequestLogger(str(tmp_path / "requests.csv"))
    logger.register(environment)
    fire(environment)
    logger.close()
    logger.close()
    fire(environment)
    assert len(rows_of(tmp_path / "requests.csv")) == 1


def test_rows_are_written_together_soon_after(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_request_logger, "WRITE_INTERVAL_S", 0.02)
    logger = CsvRequestLogger(str(tmp_path / "requests.csv"))
    logger.register(environment)
    for _ in range(50):
        fire(environment)
    assert rows_of(tmp_path / "requests.csv") == []
    until(lambda: len(rows_of(tmp_path / "requests.csv")) == 50)
    logger.close()


def test_so_many_rows_are_written_at_once(environment: Environment, tmp_path: Path) -> None:
    logger = CsvRequestLogger(str(tmp_path / "requests.csv"), flush_interval=2)
    logger.register(environment)
    fire(environment)
    assert rows_of(tmp_path / "requests.csv") == []
    fire(environment)
    assert len(rows_of(tmp_path / "requests.csv")) == 2
    logger.close()


def test_each_worker_has_a_file_of_its_own_and_the_master_none(tmp_path: Path) -> None:
    for runner_class, index in ((WorkerRunner, 0), (WorkerRunner, 1), (MasterRunner, None)):
        environment: Any = Environment()
        environment.runner = runner_class.__new__(runner_class)
        logger = CsvRequestLogger(str(tmp_path / "requests.csv"))
        logger.register(environment)
        if index is not None:
            environment.runner.worker_index = index  # known when the master has taken it in
            fire(environment, f"/{index}")
        logger.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["requests-0.csv", "requests-1.csv"]
    assert [row["name"] for row in rows_of(tmp_path / "requests-1.csv")] == ["/1"]
