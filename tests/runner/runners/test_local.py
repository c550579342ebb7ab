"""The run on one machine: its order of events, its ramps, and what it refuses."""

from __future__ import annotations

import asyncio
import time

import gevent
import pytest

from swarm import LoadTestShape, StopTest, User, constant, task
from swarm.exceptions import RPCSendError, RunnerAlreadyExistsError, SwarmError
from swarm.runners import LocalRunner, MasterRunner, WorkerRunner


def sleeper(name: str = "Sleeper", **attributes) -> type[User]:
    """Give a user class whose users sleep in their task."""

    def doze(user):
        time.sleep(1000)

    return type(name, (User,), {"tasks": [doze], "wait_time": constant(1), **attributes})


def recorded(environment) -> list[str]:
    """Give the list to which the environment's events write their names as they fire."""
    fired: list[str] = []
    for name in ("test_start", "spawning_complete", "test_stopping", "test_stop"):
        getattr(environment.events, name).add_listener(lambda _name=name, **_: fired.append(_name))
    return fired


def test_events_fire_in_the_order_of_the_lifecycle(environments, until):
    environment = environments(sleeper())
    fired = recorded(environment)
    environment.runner.start(3, spawn_rate=3)
    assert fired[0] == "test_start"
    until(lambda: environment.runner.state == "running")
    assert environment.runner.user_count == 3
    environment.runner.stop()
    assert environment.runner.state == "stopped"
    assert fired == ["test_start", "spawning_complete", "test_stopping", "test_stop"]
    assert environment.runner.user_count == 0


def test_start_with_wait_returns_when_all_users_are_there(environments):
    environment = environments(sleeper())
    environment.runner.start(25, spawn_rate=100, wait=True)
    assert environment.runner.user_count == 25


def test_a_large_change_is_spread_over_the_ramp(environments, until):
    environment = environments(sleeper())
    environment.runner.start(40, spawn_rate=20)
    seen = set()

    def ramped() -> bool:
        seen.add(environment.runner.user_count)
        return environment.runner.user_count == 40

    until(ramped)
    assert len(seen) > 10


def test_classes_keep_their_weights_and_fixed_counts(environments):
    environment = environments(
        sleeper("Web", weight=3), sleeper("App", weight=1), sleeper("Admin", fixed_count=1)
    )
    environment.runner.start(1001, spawn_rate=1001, wait=True)
    assert environment.runner.user_classes_count == {"Web": 750, "App": 250, "Admin": 1}
    assert environment.runner.target_user_classes_count == {"Web": 750, "App": 250, "Admin": 1}


def test_a_new_target_adds_and_removes_users_without_a_new_test_start(environments, until):
    environment = environments(sleeper())
    fired = recorded(environment)
    environment.runner.start(10, spawn_rate=10, wait=True)
    environment.runner.start(15, spawn_rate=100, wait=True)
    assert environment.runner.user_count == 15
    environment.runner.start(4, spawn_rate=100, wait=True)
    until(lambda: environment.runner.user_count == 4)
    until(lambda: fired.count("spawning_complete") == 3)
    assert fired.count("test_start") == 1


def test_a_target_that_changes_during_the_ramp_takes_over(environments, until):
    environment = environments(sleeper())
    environment.runner.start(1000, spawn_rate=1)
    until(lambda: environment.runner.user_count == 1)
    environment.runner.start(5, spawn_rate=100, wait=True)
    until(lambda: environment.runner.state == "running")
    assert environment.runner.user_count == 5


def test_a_target_restricted_to_classes_moves_the_users_there(environments, until):
    web, app = sleeper("Web"), sleeper("App")
    environment = environments(web, app)
    environment.runner.start(6, spawn_rate=100, wait=True)
    environment.runner.start(6, spawn_rate=100, wait=True, user_classes=[app])
    until(lambda: environment.runner.user_classes_count == {"Web": 0, "App": 6})


def test_a_run_can_be_started_again_and_forgets_the_first(environments):
    environment = environments(sleeper())
    environment.runner.start(2, spawn_rate=10, wait=True)
    environment.events.request.fire(
        request_type="x",
        name="y",
        response_time=1,
        response_length=0,
        response=None,
        context={},
        exception=None,
    )
    environment.runner.stop()
    assert environment.stats.total.num_requests == 1
    environment.runner.start(1, spawn_rate=10, wait=True)
    assert environment.stats.total.num_requests == 0
    assert environment.runner.user_count == 1


def test_what_the_state_does_not_allow_is_a_logged_no_op(environments, caplog):
    caplog.set_level("INFO")
    environment = environments(sleeper())
    environment.runner.stop()
    assert environment.runner.state == "ready"
    assert "A run that is ready cannot stop" in caplog.text
    environment.runner.quit()
    environment.runner.quit()
    environment.runner.start(1, spawn_rate=1)
    assert environment.runner.user_count == 0


@pytest.mark.parametrize(("users", "rate"), [(1, 0), (1, -2), (-1, 1)])
def test_a_target_that_cannot_be_is_refused(environments, users, rate):
    environment = environments(sleeper())
    with pytest.raises(SwarmError, match="must"):
        environment.runner.start(users, spawn_rate=rate)
    assert environment.runner.state == "ready"


def test_quit_ends_the_runners_greenlets(environments):
    environment = environments(sleeper())
    environment.runner.start(2, spawn_rate=10, wait=True)
    gevent.spawn_later(0, environment.runner.quit)
    environment.runner.greenlet.join(timeout=10)
    assert not environment.runner.greenlet.greenlets
    assert environment.runner.user_count == 0


def test_a_task_may_quit_the_runner_that_runs_it(environments):
    stopped = []

    class Quitter(User):
        @task
        def leave(self):
            self.environment.runner.quit()

        def on_stop(self):
            stopped.append(self)

    environment = environments(Quitter)
    fired = recorded(environment)
    environment.runner.start(1, spawn_rate=1)
    environment.runner.greenlet.join(timeout=10)
    assert not environment.runner.greenlet.greenlets
    assert len(stopped) == 1
    assert fired[-1] == "test_stop"


def test_a_listener_may_stop_the_run_that_called_it(environments, until):
    environment = environments(sleeper())
    environment.events.spawning_complete.add_listener(lambda **_: environment.runner.quit())
    environment.runner.start(1, spawn_rate=1)
    environment.runner.greenlet.join(timeout=10)
    assert environment.runner.state == "stopped"


def test_stop_test_raised_by_a_listener_ends_the_run(environments, until):
    environment = environments(sleeper())

    @environment.events.spawning_complete.add_listener
    def enough(**_):
        raise StopTest

    environment.runner.start(1, spawn_rate=1)
    until(lambda: environment.runner.state == "stopped")


def test_a_stop_during_a_slow_listener_is_heard_and_comes_after_it(environments, until):
    environment = environments(sleeper())
    fired = recorded(environment)
    go_on = gevent.event.Event()
    environment.events.test_start.add_listener(lambda **_: go_on.wait())
    gevent.spawn(environment.runner.start, 5, 5)
    until(lambda: environment.runner.state == "spawning")
    stop = gevent.spawn(environment.runner.stop)
    until(lambda: environment.runner.state == "stopping")
    go_on.set()
    stop.join()
    assert environment.runner.user_count == 0
    assert fired == ["test_start", "test_stopping", "test_stop"]


def test_a_user_that_cannot_be_made_ends_the_ramp_and_is_counted(environments, until, caplog):
    class Broken(User):
        tasks = [lambda user: None]

        def __init__(self, environment):
            super().__init__(environment)
            raise RuntimeError("no token")

    environment = environments(Broken)
    environment.runner.start(10, spawn_rate=100, wait=True)
    assert environment.runner.user_count == 0
    assert environment.runner.internal_errors == 1
    assert "no token" in caplog.text


def test_statistics_are_reset_after_the_ramp_when_asked_for(environments, until):
    environment = environments(sleeper(), reset_stats=True)
    environment.events.test_start.add_listener(
        lambda **_: environment.stats.log_request("GET", "/warm-up", 5, 0)
    )
    environment.runner.start(1, spawn_rate=1)
    until(lambda: environment.runner.state == "running")
    until(lambda: environment.stats.total.num_requests == 0)


def test_a_pause_holds_users_between_tasks_and_they_keep_their_state(environments, until):
    class Counter(User):
        done = 0

        @task
        def count(self):
            self.done += 1
            gevent.sleep(0.001)

    environment = environments(Counter)
    runner = environment.runner
    runner.start(3, spawn_rate=10, wait=True)
    users = runner._swarm_pool.users()
    until(lambda: all(user.done > 2 for user in users))
    runner.pause()
    assert runner.lifecycle.state == "paused"
    assert runner.state == "running"
    until(lambda: all(user._swarm_state == "waiting" for user in users))
    held = [user.done for user in users]
    gevent.sleep(0.05)  # long enough for fifty tasks of each
    assert [user.done for user in users] == held
    runner.resume()
    until(lambda: all(user.done > before for user, before in zip(users, held, strict=True)))
    assert runner._swarm_pool.users() == users


def test_a_paused_run_can_be_stopped(environments, until):
    stopped = []

    class Busy(User):
        @task
        def work(self):
            gevent.sleep(0.001)

        def on_stop(self):
            stopped.append(self)

    environment = environments(Busy)
    environment.runner.start(3, spawn_rate=10, wait=True)
    environment.runner.pause()
    environment.runner.stop()
    assert len(stopped) == 3


def test_a_shape_changes_the_target_while_spawning_and_ends_the_run(environments, until):
    class Steps(LoadTestShape):
        steps = [(3, 1), (6, 100), (2, 100), None]

        def tick(self):
            return self.steps.pop(0)

    environment = environments(sleeper(), shape_class=Steps())
    seen = []
    environment.events.spawning_complete.add_listener(lambda user_count, **_: seen.append(user_count))
    environment.runner.start_shape()
    environment.runner.greenlet.join(timeout=20)
    assert not environment.runner.greenlet.greenlets
    assert seen == [6, 2]


def test_a_shape_that_raises_ends_the_run_and_is_counted(environments, caplog):
    class Broken(LoadTestShape):
        def tick(self):
            raise ZeroDivisionError

    environment = environments(sleeper(), shape_class=Broken())
    environment.runner.start_shape()
    environment.runner.greenlet.join(timeout=20)
    assert environment.runner.internal_errors == 1
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("step", [5, (5,), (5, "ten"), (1, 2, [], 4), "12"])
def test_a_shape_that_returns_what_is_no_step_is_told_what_it_returns(environments, caplog, step):
    class Odd(LoadTestShape):
        def tick(self):
            return step

    environment = environments(sleeper(), shape_class=Odd())
    environment.runner.start_shape()
    environment.runner.greenlet.join(timeout=20)
    assert environment.runner.internal_errors == 1
    assert f"Odd.tick() returned {step!r}; it returns (users, spawn_rate)" in caplog.text
    assert "Traceback" not in caplog.text


def test_messages_loop_back_on_a_local_runner(environments, until):
    environment = environments(sleeper())
    heard = []
    environment.runner.register_message(
        "users", lambda environment, msg, **_: heard.append((msg.type, msg.data))
    )
    environment.runner.register_message("later", lambda msg, **_: heard.append(msg.data), concurrent=True)
    environment.runner.send_message("users", [{"name": "Ada"}])
    assert heard == [("users", [{"name": "Ada"}])]
    environment.runner.send_message("later", 1)
    until(lambda: heard[-1] == 1)


def test_a_message_arrives_on_a_local_runner_as_it_would_on_another_node(environments):
    environment = environments(sleeper())
    heard = []
    environment.runner.register_message("users", lambda msg, **_: heard.append(msg.data))
    environment.runner.send_message("users", ("Ada", {"age": 36}))
    assert heard == [["Ada", {"age": 36}]]
    with pytest.raises(RPCSendError, match=r"'users' cannot be sent.*object"):
        environment.runner.send_message("users", [object()])
    assert len(heard) == 1


def test_a_message_listener_that_raises_is_logged_and_counted(environments, caplog):
    environment = environments(sleeper())

    def broken(**_):
        raise KeyError("name")

    environment.runner.register_message("users", broken)
    environment.runner.send_message("users")
    assert environment.runner.internal_errors == 1
    assert "KeyError" in caplog.text


def test_a_second_runner_for_an_environment_is_refused(environments):
    environment = environments(sleeper())
    with pytest.raises(RunnerAlreadyExistsError):
        environment.create_local_runner()


def test_a_local_runner_is_neither_master_nor_worker(environments):
    runner = environments(sleeper()).runner
    assert isinstance(runner, LocalRunner)
    assert not isinstance(runner, MasterRunner | WorkerRunner)


def test_exceptions_are_counted_by_text_and_traceback(environments):
    runner = environments(sleeper()).runner
    for _ in range(3):
        runner.log_exception("local", "KeyError('x')", "tb")
    runner.log_exception("local", "ValueError()", "tb")
    assert sorted(row["count"] for row in runner.exceptions.values()) == [1, 3]


def test_foreign_attributes_may_be_set_on_runner_and_environment(environments):
    environment = environments(sleeper())
    environment.cache_conn = environment.runner.iterations_started = 0
    assert environment.cache_conn == 0


def test_tasks_of_several_users_may_run_asyncio(environments, until):
    class Async(User):
        @task
        def work(self):
            self.environment.stats.log_request("async", asyncio.run(self.answer()), 1, 0)
            gevent.sleep(0.001)

        async def answer(self):
            await asyncio.sleep(0.001)
            return "answered"

    environment = environments(Async)
    environment.runner.start(5, spawn_rate=5)
    until(lambda: environment.stats.total.num_requests > 20)
    assert not environment.runner.exceptions
