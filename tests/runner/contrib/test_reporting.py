"""How a client's calls are reported, whatever the protocol."""

from __future__ import annotations

import gevent
import pytest
from gevent import GreenletExit

from swarm import Environment, StopUser, User, task
from swarm.contrib.reporting import Reporter
from swarm.event import EventHook
from tests.runner.contrib.bench import Bench, until


class WithContext(User):
    abstract = True

    def context(self) -> dict[str, object]:
        return {"user": 7, "where": "user"}


def reporter_of(user: User, **options: object) -> Reporter:
    return Reporter(None, user, **options)  # type: ignore[arg-type]


def test_a_call_is_counted_with_what_was_said_of_it(bench: Bench) -> None:
    user = bench.user(WithContext)
    with reporter_of(user).call("X", "ask", {"where": "call"}) as request:
        request["response_length"] = 12
    (event,) = bench.events
    assert (event["request_type"], event["name"], event["response_length"]) == ("X", "ask", 12)
    assert event["context"] == {"user": 7, "where": "call"}
    assert event["exception"] is None
    assert bench.counted == {"X ask": 1}


def test_an_error_is_the_calls_failure_and_goes_no_further(bench: Bench) -> None:
    reporter = reporter_of(bench.user(User))
    with reporter.call("X", "ask"):
        raise OSError("no answer")
    assert "no answer" in bench.failed["X ask"]
    assert reporter.in_flight == 0


@pytest.mark.parametrize("steering", [StopUser(), gevent.Timeout(1)])
def test_what_steers_the_user_passes(bench: Bench, steering: BaseException) -> None:
    reporter = reporter_of(bench.user(User))
    with pytest.raises(type(steering)), reporter.call("X", "ask"):
        raise steering
    assert bench.counted == {"X ask": 1}


def test_a_call_that_is_cut_off_counts_as_interrupted(bench: Bench) -> None:
    def ask(user: User) -> None:
        with reporter_of(user).call("X", "ask"):
            gevent.sleep(1e6)

    (user,) = bench.running(User, 1, ask)
    until(lambda: user._swarm_sessions and user._swarm_sessions[0].in_flight == 1)
    bench.stop()
    assert bench.interrupted == 1
    assert bench.counted == {}


def test_no_call_begins_once_the_run_stops_and_the_one_under_way_ends_its_user(bench: Bench) -> None:
    user = bench.user(User)
    reporter = reporter_of(user)
    with pytest.raises(GreenletExit), reporter.call("X", "under way"):
        user._swarm_halt = True
    with pytest.raises(GreenletExit), reporter.call("X", "too late"):
        pytest.fail("it began")
    assert bench.counted == {"X under way": 1}


def test_a_call_may_end_in_another_greenlet_and_ends_once(bench: Bench) -> None:
    reporter = reporter_of(bench.user(User))
    call = reporter.begin("X", "later")
    assert reporter.in_flight == 1
    gevent.spawn(call.end, OSError("refused")).join()
    call.end()
    call.cut()
    assert reporter.in_flight == 0
    assert "refused" in bench.failed["X later"]
    assert bench.counted == {"X later": 1}
    assert bench.interrupted == 0


def test_closing_cuts_what_is_under_way_and_closes_the_client(bench: Bench) -> None:
    closed: list[bool] = []

    def close() -> None:
        closed.append(True)
        raise OSError("it was closed already")

    reporter = reporter_of(bench.user(User), close=close)
    reporter.begin("X", "later")
    reporter.close()
    assert closed == [True]
    assert bench.interrupted == 1


def test_something_without_a_duration_is_told_at_once(bench: Bench) -> None:
    reporter_of(bench.user(WithContext)).tell("X", "pushed", response_length=3)
    (event,) = bench.events
    assert (event["response_time"], event["response_length"], event["context"]["user"]) == (0, 3, 7)


def test_a_client_without_a_user_reports_to_the_hook_that_it_was_given() -> None:
    told: list[str] = []
    hook = EventHook()
    hook.add_listener(lambda name, **_: told.append(name))
    with Reporter(hook).call("X", "alone"):
        pass
    assert told == ["alone"]


def test_the_end_of_a_run_waits_for_calls_that_end_soon_and_cuts_the_others() -> None:
    calls: list[str] = []

    class Asker(User):
        @task
        def ask(self) -> None:
            name = "short" if not calls else "long"
            calls.append(name)
            with Reporter(user=self).call("X", name):
                while name == "long" or not self._swarm_halt:
                    gevent.sleep(0.005)

    environment = Environment(user_classes=[Asker])
    runner = environment.create_local_runner()
    try:
        runner.start(2, spawn_rate=100)
        until(lambda: len(calls) == 2)
        runner.stop()
        short = environment.stats.get("short", "X")
        assert (short.num_requests, short.num_failures) == (1, 0)
        assert environment.stats.get("long", "X").num_requests == 0
        assert environment.stats.interrupted == 1
        assert calls == ["short", "long"]
    finally:
        runner.quit()
