from __future__ import annotations

import logging
import time
from typing import Any

import gevent
import pytest
from gevent import GreenletExit

from swarm import RescheduleTask, StopUser, events
from swarm.event import EventHook, Events
from swarm_stats.registry import Registry

HOOKS = sorted(
    {"request", "user_error", "report_to_master", "worker_report", "worker_connect", "spawning_complete"}
    | {"quitting", "quit", "init", "init_command_line_parser", "test_start", "test_stopping", "test_stop"}
    | {"reset_stats", "cpu_warning", "heartbeat_sent", "heartbeat_received", "usage_monitor"}
)


@pytest.fixture
def recorded() -> tuple[Events, Registry]:
    mine, stats = Events(), Registry(clock=time.time)
    mine.request.bind(stats)
    return mine, stats


def raising(error: BaseException) -> Any:
    def listener(**_kwargs: Any) -> None:
        raise error

    return listener


# hooks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOOKS)
def test_every_documented_hook_exists_on_the_module_instance(name: str) -> None:
    assert isinstance(getattr(events, name), EventHook)


def test_a_listener_gets_exactly_the_arguments_of_the_firing() -> None:
    hook, seen = EventHook(), []
    hook.add_listener(lambda **kwargs: seen.append(kwargs))
    hook.fire(environment=1, extra="x")
    assert seen == [{"environment": 1, "extra": "x"}]


def test_add_listener_is_a_decorator_that_leaves_the_function_as_it_is() -> None:
    hook = EventHook()

    @hook.add_listener
    def listener() -> str:
        return "mine"

    assert listener() == "mine"
    assert hook._handlers == [listener]


def test_listeners_run_in_the_order_added_and_in_reverse_when_asked() -> None:
    hook, order = EventHook(), []
    for name in "abc":
        hook.add_listener(lambda name=name: order.append(name))
    hook.fire()
    hook.fire(reverse=True)
    assert order == ["a", "b", "c", "c", "b", "a"]


def test_a_removed_listener_is_not_called() -> None:
    hook = EventHook()
    listener = raising(AssertionError())
    hook.add_listener(listener)
    hook.remove_listener(listener)
    hook.fire()
    assert hook.listener_errors == 0


def test_removing_a_stranger_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="not in list"):
        EventHook().remove_listener(print)


def test_a_listener_may_remove_itself_while_it_is_called() -> None:
    hook, order = EventHook(), []

    def once() -> None:
        order.append("once")
        hook.remove_listener(once)

    hook.add_listener(once)
    hook.add_listener(lambda: order.append("always"))
    hook.fire()
    hook.fire()
    assert order == ["once", "always", "always"]


def test_a_listener_that_raises_is_logged_with_its_traceback_and_counted_and_the_others_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mine, seen = Events(), []
    mine.test_start.add_listener(raising(KeyError("lost")))
    mine.test_start.add_listener(lambda **_: seen.append(True))
    mine.test_start.fire(environment=None)
    assert seen == [True]
    assert mine.listener_errors == 1
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "raising.<locals>.listener" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


def test_a_listener_without_room_for_all_arguments_is_logged_and_the_run_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hook = EventHook()
    hook.add_listener(lambda request_type, name, exception: None)
    hook.fire(request_type="GET", name="/")
    assert hook.listener_errors == 1
    assert "missing 1 required positional argument: 'exception'" in caplog.text


@pytest.mark.parametrize("error", [StopUser(), RescheduleTask()])
def test_what_steers_the_user_passes_once_all_listeners_were_called(error: Exception) -> None:
    hook, seen = EventHook(), []
    hook.add_listener(raising(error))
    hook.add_listener(lambda: seen.append(True))
    with pytest.raises(type(error)):
        hook.fire()
    assert seen == [True]
    assert hook.listener_errors == 0


# the collection ---------------------------------------------------------------------------------------------


def test_a_hook_of_ones_own_counts_among_the_listener_errors() -> None:
    mine = Events()
    mine.deployed = EventHook()
    mine.deployed.add_listener(raising(OSError()))
    mine.deployed.fire()
    assert mine.listener_errors == 1


@pytest.mark.parametrize("name", ["request_success", "request_failure"])
def test_the_old_request_hooks_say_which_one_took_their_place(name: str) -> None:
    with pytest.raises(AttributeError, match=r"listen to events\.request instead"):
        getattr(events, name)


def test_an_unknown_hook_says_how_to_add_one() -> None:
    with pytest.raises(AttributeError, match=r"events\.deployed = EventHook\(\)"):
        events.deployed  # noqa: B018  reading it is the test


# recording --------------------------------------------------------------------------------------------------


def test_fire_records_the_sample_and_calls_the_listeners(recorded: tuple[Events, Registry]) -> None:
    mine, stats = recorded
    seen: list[dict[str, Any]] = []
    mine.request.add_listener(lambda **kwargs: seen.append(kwargs))
    sample = {"request_type": "grpc", "name": "hello", "response_time": 12.345, "response_length": 10}
    mine.request.fire(**sample, exception=None)
    entry = stats.get("hello", "grpc")
    assert (entry.num_requests, entry.num_failures, entry.total_content_length) == (1, 0, 10)
    assert entry.total_response_time == pytest.approx(12.345)
    assert seen == [{**sample, "exception": None}]


def test_notify_calls_the_listeners_and_records_nothing(recorded: tuple[Events, Registry]) -> None:
    mine, stats = recorded
    seen = []
    mine.request.add_listener(lambda **kwargs: seen.append(kwargs["name"]))
    mine.request.notify(request_type="GET", name="/", response_time=1, response_length=0)
    assert seen == ["/"]
    assert stats.total.num_requests == 0


@pytest.mark.parametrize("exception", [ValueError("no"), "no"])
def test_an_exception_or_a_text_is_a_failure(recorded: tuple[Events, Registry], exception: Any) -> None:
    mine, stats = recorded
    mine.request.fire(
        request_type="x", name="y", response_time=1, response_length=0, exception=exception, context={}
    )
    [failure] = stats.errors.values()
    assert "no" in failure.to_name() + str(failure.error)
    assert stats.total.num_failures == 1


def test_a_request_without_time_is_counted_as_such(recorded: tuple[Events, Registry]) -> None:
    mine, stats = recorded
    mine.request.fire(request_type="x", name="y", response_time=None, response_length=None, exception=None)
    assert (stats.total.num_requests, stats.total.num_none_requests) == (1, 1)


def test_exception_and_length_may_be_left_out(recorded: tuple[Events, Registry]) -> None:
    mine, stats = recorded
    mine.request.fire(request_type="x", name="y", response_time=0.5, request_method="own", user=None)
    assert (stats.total.num_requests, stats.total.num_failures) == (1, 0)


def test_arguments_that_make_no_sample_are_logged_and_the_run_goes_on(
    recorded: tuple[Events, Registry], caplog: pytest.LogCaptureFixture
) -> None:
    mine, stats = recorded
    seen = []
    mine.request.add_listener(lambda **kwargs: seen.append(kwargs))
    mine.request.fire(request_type="x", response_time=1)
    mine.request.fire(request_type="x", name="y", response_time="soon")
    assert len(seen) == 2
    assert mine.listener_errors == 2
    assert stats.total.num_requests == 0
    assert "arguments that make no sample" in caplog.text


# measure ----------------------------------------------------------------------------------------------------


def test_measure_times_the_block_and_fires_what_it_filled_in(recorded: tuple[Events, Registry]) -> None:
    mine, stats = recorded
    seen: list[dict[str, Any]] = []
    mine.request.add_listener(lambda **kwargs: seen.append(kwargs))
    with mine.request.measure("sql", "select", context={"db": 1}) as meta:
        meta["response_length"] = 3
        meta["response"] = ["row"]
    [fired] = seen
    assert (fired["request_type"], fired["name"], fired["exception"]) == ("sql", "select", None)
    assert (fired["response"], fired["context"]) == (["row"], {"db": 1})
    assert fired["response_time"] > 0
    assert stats.get("select", "sql").total_content_length == 3


def test_an_error_in_a_measured_block_is_its_failure_and_the_task_goes_on(
    recorded: tuple[Events, Registry],
) -> None:
    mine, stats = recorded
    with mine.request.measure("sql", "select"):
        raise LookupError("no such table")
    [failure] = stats.errors.values()
    assert "no such table" in str(failure.error)
    assert stats.total.num_requests == 1


def test_a_block_may_name_its_failure_and_its_time_itself(recorded: tuple[Events, Registry]) -> None:
    mine, stats = recorded
    with mine.request.measure("mqtt", "publish") as meta:
        meta |= {"exception": "not acknowledged", "response_time": 250.0, "name": "publish qos 1"}
    entry = stats.get("publish qos 1", "mqtt")
    assert (entry.num_failures, entry.total_response_time) == (1, 250.0)


def test_what_steers_the_user_passes_a_measured_block_and_is_no_failure(
    recorded: tuple[Events, Registry],
) -> None:
    mine, stats = recorded
    with pytest.raises(StopUser), mine.request.measure("a", "b"):
        raise StopUser
    assert (stats.total.num_requests, stats.total.num_failures) == (1, 0)


def test_a_users_own_timeout_in_a_measured_block_is_a_failure_and_reaches_the_user(
    recorded: tuple[Events, Registry],
) -> None:
    mine, stats = recorded
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.001), mine.request.measure("a", "b"):
        gevent.sleep(30)
    assert (stats.total.num_requests, stats.total.num_failures) == (1, 1)


def test_a_measured_block_that_is_cut_off_counts_as_interrupted(recorded: tuple[Events, Registry]) -> None:
    mine, stats = recorded
    with pytest.raises(GreenletExit), mine.request.measure("a", "b"):
        raise GreenletExit
    assert (stats.total.num_requests, stats.interrupted) == (0, 1)
