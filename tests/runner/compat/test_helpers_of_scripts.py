"""What scripts import from Locust's smaller modules: dates, rounding, memoize, retry, keys, chains, hooks."""

from __future__ import annotations

import logging
import os
import pty
import sys
import time
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

import swarm.compat.locust  # noqa: F401
from swarm import MarkovTaskSet, User, tag, task, transition
from swarm.event import Events
from swarm.stats import RequestStats


def test_times_read_as_in_reports() -> None:
    from locust.util.date import format_duration, format_safe_timestamp, format_utc_timestamp

    assert format_utc_timestamp(1_700_000_000.7) == "2023-11-14T22:13:20Z"
    assert format_safe_timestamp(1_700_000_000) == time.strftime(
        "%Y-%m-%d-%Hh%M", time.localtime(1_700_000_000)
    )
    assert format_duration(0, 3725) == "1 hour, 2 minutes and 5 seconds"
    assert format_duration(10, 71) == "1 minute and 1 second"
    assert format_duration(10, 13.9) == "3 seconds"
    assert format_duration(10, 10) == "0 seconds"


@pytest.mark.parametrize(
    ("value", "digits", "rounded"), [(0.5, 0, 1), (2.5, 0, 3), (-2.5, 0, -3), (1.25, 1, 1.3), (0.4, 0, 0)]
)
def test_halves_are_rounded_up(value: float, digits: int, rounded: float) -> None:
    from locust.util.rounding import proper_round

    assert proper_round(value, digits) == rounded


@pytest.mark.parametrize(("text", "seconds"), [("300s", 300), ("20m", 1200), ("1h30m", 5400), ("45", 45)])
def test_durations_are_parsed(text: str, seconds: int) -> None:
    from locust.util.timespan import parse_timespan

    assert parse_timespan(text) == seconds


def test_a_result_is_remembered_until_it_is_forgotten() -> None:
    from locust.util.cache import memoize

    calls = []

    @memoize(timeout=1000)
    def figures() -> int:
        calls.append(1)
        return len(calls)

    assert [figures(), figures()] == [1, 1]
    figures.clear_cache()
    assert figures() == 2


def test_a_result_is_made_anew_when_its_time_is_over() -> None:
    from locust.util.cache import memoize

    made = iter(range(10))
    now = memoize(timeout=0)(lambda: next(made))
    assert [now(), now()] == [0, 1]


def test_a_slow_result_is_kept_longer_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from swarm.compat import calls

    now = [100.0]
    monkeypatch.setattr(calls, "time", SimpleNamespace(monotonic=lambda: now[0]))
    made = iter(range(10))

    @calls.memoize(timeout=1, dynamic_timeout=True)
    def slow() -> int:
        now[0] += 5
        return next(made)

    assert slow() == 0
    now[0] += 9
    assert slow() == 0
    now[0] += 2
    assert slow() == 1


def test_what_raised_is_called_again_and_at_last_its_error_is_raised() -> None:
    from locust.util.exception_handler import retry

    calls = []

    @retry(delays=(0, 0), exception=OSError)
    def unsteady(succeeds_at: int) -> str:
        calls.append(1)
        if len(calls) < succeeds_at:
            raise OSError("away")
        return "there"

    assert unsteady(3) == "there"
    calls.clear()
    with pytest.raises(OSError, match="away"):
        unsteady(4)
    assert len(calls) == 3


def test_an_error_of_another_kind_is_raised_at_once() -> None:
    from locust.util.exception_handler import retry

    calls = []

    @retry(delays=(0, 0), exception=OSError)
    def wrong() -> None:
        calls.append(1)
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        wrong()
    assert len(calls) == 1


def test_a_deprecated_hook_warns_its_listeners_and_fires(caplog: pytest.LogCaptureFixture) -> None:
    from locust.event import DeprecatedEventHook

    heard: list[Any] = []
    hook = DeprecatedEventHook("listen to request")
    with caplog.at_level(logging.WARNING):
        hook.add_listener(lambda **kwargs: heard.append(kwargs))
    hook.fire(name="/")

    assert "listen to request" in caplog.text
    assert heard == [{"name": "/"}]


def test_keys_of_a_terminal_reach_their_functions_and_the_terminal_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import termios

    from locust.input_events import get_poller, input_listener

    ours, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    with os.fdopen(terminal, "r", closefd=False) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
        poller = get_poller()
        assert poller.poll() is None
        os.write(ours, b"q")
        with gevent.Timeout(20):
            while (key := poller.poll()) is None:
                gevent.sleep(0.01)
        poller.cleanup()
        assert key == "q"

        pressed: list[str] = []
        listening = gevent.spawn(input_listener({"w": lambda: pressed.append("w")}))
        os.write(ours, b"xw")
        with gevent.Timeout(20):
            while not pressed:
                gevent.sleep(0.01)
        listening.kill()
        assert termios.tcgetattr(terminal)[:6] == before[:6]
    os.close(ours)
    os.close(terminal)


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    from locust.input_events import InitError, WindowsKeyPoller, get_poller, input_listener

    with open(os.devnull) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(InitError, match="no terminal"):
            get_poller()
        input_listener({"w": print})()
    with pytest.raises(InitError, match="Windows"):
        WindowsKeyPoller()


class Chain(MarkovTaskSet):
    @transition("second", weight=2)
    def first(self) -> None: ...

    @transition("first")
    def second(self) -> None: ...


def test_a_chain_is_checked_by_hand() -> None:
    from locust.user import markov_taskset as checks

    body = dict(vars(Chain))
    tasks = checks.get_markov_tasks(body)
    assert [each.__name__ for each in tasks] == ["first", "second"]
    assert checks.is_markov_task(body["first"])
    assert not checks.is_markov_task(test_a_chain_is_checked_by_hand)
    assert checks.to_weighted_list({"first": 1, "second": 2}) == ["first", "second", "second"]
    checks.validate_markov_chain(tasks, body, "Chain")


def test_each_fault_of_a_chain_is_named(caplog: pytest.LogCaptureFixture) -> None:
    from locust.user import markov_taskset as checks

    @transition("gone")
    def astray() -> None: ...

    @transition("plain")
    def to_the_end() -> None: ...

    @tag("slow")
    @transition("astray")
    def tagged() -> None: ...

    @transition("alone")
    def alone() -> None: ...

    with pytest.raises(checks.NoMarkovTasksError, match="Chain"):
        checks.validate_has_markov_tasks([], "Chain")
    with pytest.raises(checks.InvalidTransitionError, match="gone"):
        checks.validate_transitions([astray], {"astray": astray}, "Chain")
    with pytest.raises(checks.NonMarkovTaskTransitionError, match="plain"):
        checks.validate_transitions([to_the_end], {"plain": print}, "Chain")
    with pytest.raises(checks.MarkovTaskTagError, match="tagged"):
        checks.validate_no_tags(tagged, "Chain")
    checks.validate_no_unreachable_tasks([alone, tagged], {"alone": alone, "tagged": tagged}, "Chain")
    assert "no transition leads to tagged" in caplog.text


def test_a_task_named_like_a_hook_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    class Twice(User):
        @task
        def on_start(self) -> None: ...

    assert "on_start is run at a user's start anyhow" in caplog.text


def test_the_tasks_of_a_class_come_from_its_bases_and_its_body() -> None:
    from locust.user.task import get_tasks_from_base_classes

    class Base(User):
        tasks = [len]

    assert get_tasks_from_base_classes((Base,), {"tasks": {print: 2}}) == [len, print, print]


def test_statistics_of_a_scripts_own_travel_with_the_reports() -> None:
    from locust.stats import setup_distributed_stats_event_listeners

    worker, master = Events(), Events()
    measured, gathered = RequestStats(), RequestStats()
    setup_distributed_stats_event_listeners(worker, measured)
    setup_distributed_stats_event_listeners(master, gathered)
    for count in (2, 3):
        for _ in range(count):
            measured.log_request("GET", "/", 10, 100)
        measured.log_error("GET", "/", ValueError("no"))
        data: dict[str, Any] = {}
        worker.report_to_master.fire(client_id="w", data=data)
        master.worker_report.fire(client_id="w", data=data)

    assert (gathered.total.num_requests, gathered.total.num_failures) == (5, 2)
    assert gathered.get("/", "GET").num_requests == 5
    assert [each.occurrences for each in gathered.errors.values()] == [2]
    assert measured.total.num_requests == 0
    assert not worker.report_to_master.listener_errors
    assert not master.worker_report.listener_errors


def test_a_runs_own_statistics_travel_anyhow() -> None:
    from locust.stats import setup_distributed_stats_event_listeners

    events, stats = Events(), RequestStats()
    events.request.bind(stats)
    setup_distributed_stats_event_listeners(events, stats)
    assert not events.report_to_master._handlers


def test_entries_are_made_when_they_are_asked_for() -> None:
    from locust.stats import EntriesDict

    entries = EntriesDict(RequestStats())
    entries["/", "GET"].log(5, 10)
    assert entries["/", "GET"].num_requests == 1
    assert list(entries) == [("/", "GET")]


def test_an_entry_reads_as_its_line_of_the_tables() -> None:
    stats = RequestStats()
    stats.log_request("GET", "/", 12, 100)
    entry = stats.get("/", "GET")

    assert entry.to_string().split()[:5] == ["GET", "/", "1", "0(0.00%)", "12"]
    assert entry.percentile().split() == ["GET", "/", *["12"] * 11, "1"]
    with pytest.raises(ValueError, match="no response times"):
        stats.get("/other", "GET").percentile()


def test_widths_of_columns_are_those_that_a_file_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    from locust import stats as settings

    stats = RequestStats()
    stats.log_request("GET", "/a/rather/long/name/of/a/request", 12, 100)
    monkeypatch.setattr(swarm_settings(), "STATS_AUTORESIZE", False)
    monkeypatch.setattr(swarm_settings(), "STATS_NAME_WIDTH", 20)
    monkeypatch.setattr(swarm_settings(), "STATS_TYPE_WIDTH", 12)

    assert settings.STATS_NAME_WIDTH == 20
    row = settings.get_stats_summary(stats)[2]
    assert row.startswith("GET" + " " * 11 + "/a/rathe")
    assert "..." in row


def test_the_width_of_names_follows_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from locust.stats import resize_handler

    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setattr(swarm_settings(), "STATS_NAME_WIDTH", 80)
    resize_handler(28, None)
    assert swarm_settings().STATS_NAME_WIDTH == 60
    monkeypatch.setattr(swarm_settings(), "STATS_AUTORESIZE", False)
    monkeypatch.setenv("COLUMNS", "200")
    resize_handler(28, None)
    assert swarm_settings().STATS_NAME_WIDTH == 60


def test_a_message_is_bytes_and_back() -> None:
    from locust.rpc.protocol import Message

    message = Message("greeting", {"to": [1, None, "ü"], 5: True}, "worker_1")
    assert Message.unserialize(message.serialize()) == message


def swarm_settings() -> Any:
    from swarm import stats

    return stats
