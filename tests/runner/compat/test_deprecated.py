"""Names and settings of releases long gone: what still works, and the message that says what to write instead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import swarm.compat.locust  # noqa: F401
from swarm import TaskSet, User
from swarm.event import Events
from swarm.event import events as events_of_the_process


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("from locust import HttpLocust", "use HttpUser"),
        ("from locust import Locust", "use User"),
        ("from locust.contrib.fasthttp import FastHttpLocust", "use FastHttpUser"),
        ("from locust import TaskSequence", "use SequentialTaskSet"),
        ("from locust import seq_task", "use SequentialTaskSet"),
        ("from locust.exception import StopLocust", "use StopUser"),
        ("from locust.runners import LocalLocustRunner", "use LocalRunner"),
        ("from locust.runners import MasterLocustRunner", "use MasterRunner"),
        ("from locust.runners import SlaveLocustRunner", "use WorkerRunner"),
        ("from locust.runners import locust_runner", r"use environment\.runner"),
        ("from locust.wait_time import between", "import the wait times from locust"),
        ("from locust.core import TaskSet", "import from locust"),
        ("from locust.stats import global_stats", r"use environment\.stats"),
        ("from locust.web import app", r"use environment\.web_ui\.app"),
    ],
)
def test_a_name_of_before_1_0_is_an_import_error_that_names_its_successor(statement: str, said: str) -> None:
    with pytest.raises(ImportError, match=said):
        exec(statement, {})  # noqa: S102


@pytest.mark.parametrize(
    ("event", "successor"),
    [
        ("request_success", "request"),
        ("request_failure", "request"),
        ("locust_error", "user_error"),
        ("hatch_complete", "spawning_complete"),
        ("slave_report", "worker_report"),
        ("locust_start_hatching", "test_start"),
        ("locust_stop_hatching", "test_stop"),
    ],
)
@pytest.mark.parametrize("events", [Events(), events_of_the_process], ids=["made", "imported"])
def test_an_event_that_went_names_its_successor(events: Any, event: str, successor: str) -> None:
    with pytest.raises(AttributeError, match=rf"listen to events\.{successor} instead"):
        getattr(events, event)


def test_waits_in_milliseconds_work_and_warn(caplog: pytest.LogCaptureFixture) -> None:
    class Old(User):
        min_wait = 2000
        max_wait = 3000

    class OldSteps(TaskSet):
        wait_function = lambda self: 500  # noqa: E731  as it was written

    assert 2 <= Old.wait_time(None) <= 3
    assert OldSteps(User.__new__(Old)).wait_time() == 0.5
    assert "Old sets its wait in ms by an old name: write wait_time = between(2, 3)" in caplog.text
    assert "OldSteps sets its wait in ms by an old name" in caplog.text


def test_a_task_set_attribute_says_what_to_write(caplog: pytest.LogCaptureFixture) -> None:
    class Steps(TaskSet):
        pass

    class Old(User):
        task_set = Steps

    assert "Old.task_set is not used: write tasks = [Steps]" in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from locust import HttpLocust\n", "locust.HttpLocust was renamed in Locust 1.0: use HttpUser"),
        (
            "from locust import events\nevents.request_success += print\n",
            "events.request_success does not exist any more: listen to events.request instead",
        ),
    ],
)
def test_an_old_file_ends_with_exit_code_1_and_the_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "locustfile.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "swarm_cli", "--headless", "-t", "1"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "locustfile.py" in done.stderr
    assert "Traceback" not in done.stderr
