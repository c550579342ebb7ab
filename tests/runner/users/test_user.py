from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import gevent
import gevent.monkey
import pytest
from gevent import GreenletExit
from gevent.event import Event

from swarm import (
    Environment,
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
    TaskSet,
    User,
    constant,
    task,
)
from tests.runner.users.living import Life, until


class Visitor(User):
    """Logs what it does; ends with `stop_at` tasks done."""

    abstract = True
    stop_at = 3

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.log: list[str] = []

    def on_start(self) -> None:
        self.log.append("on_start")

    def on_stop(self) -> None:
        self.log.append("on_stop")

    def did(self, what: str) -> None:
        self.log.append(what)
        if self.log.count(what) >= self.stop_at:
            raise StopUser


# settings ---------------------------------------------------------------------------------------------------


def test_abstract_holds_for_the_class_itself_only() -> None:
    class Base(User):
        abstract = True

    class Real(Base):
        pass

    assert (User.abstract, Base.abstract, Real.abstract) == (True, True, False)


def test_a_class_tells_its_full_name_and_its_settings() -> None:
    class Shopper(User):
        host = "http://shop"
        weight = 3

        @task(2)
        def browse(self) -> None:
            pass

    assert Shopper.fullname() == f"{__name__}.{Shopper.__qualname__}"
    assert Shopper.json() == {
        "host": "http://shop",
        "weight": 3,
        "fixed_count": 0,
        "tasks": ["browse", "browse"],
    }


def test_the_environments_host_goes_before_that_of_the_class() -> None:
    class Shopper(User):
        host = "http://shop"

    assert Shopper(Environment()).host == "http://shop"
    assert Shopper(Environment(host="http://staging")).host == "http://staging"


def test_the_names_that_files_take_for_themselves_are_theirs() -> None:
    names = {
        "headers",
        "token",
        "user_id",
        "username",
        "session_id",
        "stub",
        "channel",
        "api",
        "config",
        "id",
    }
    names |= {"name", "model", "logger", "provider", "ws", "uuid", "node_id", "client", "data", "_config"}
    names |= {"_user", "_channel", "_running", "_requests", "_response", "_connections", "_state"}
    user = Visitor(Environment())
    for name in names:
        assert not hasattr(user, name)
        setattr(user, name, 1)


def test_a_weight_may_be_a_fraction_or_nothing() -> None:
    class Rare(User):
        weight = 0.5

    class Never(User):
        weight = 0

    assert (Rare.weight, Never.weight) == (0.5, 0)


def test_an_old_task_set_attribute_says_what_to_write(caplog: pytest.LogCaptureFixture) -> None:
    class Behaviour(TaskSet):
        pass

    class Old(User):
        task_set = Behaviour

    assert "Old.task_set is not used: write tasks = [Behaviour]." in caplog.text


def test_context_is_empty_until_a_file_fills_it() -> None:
    assert Visitor(Environment()).context() == {}


# a life -----------------------------------------------------------------------------------------------------


def test_a_user_starts_then_runs_tasks_then_stops(life: Life) -> None:
    class Shopper(Visitor):
        @task
        def browse(self) -> None:
            self.did("browse")

    assert life.lead(Shopper).log == ["on_start", "browse", "browse", "browse", "on_stop"]


def test_a_started_user_knows_its_greenlet_and_group(life: Life) -> None:
    class Sleeper(User):
        @task
        def sleep(self) -> None:
            gevent.sleep(60)

    user = Sleeper(life.environment)
    assert (user.greenlet, user.group) == (None, None)
    greenlet = user.start(life.group)
    assert user.greenlet is greenlet
    assert user.group is life.group
    assert greenlet in life.group


def test_users_whose_tasks_never_wait_do_not_starve_the_others(life: Life) -> None:
    class Busy(User):
        turns = 0

        @task
        def spin(self) -> None:
            self.turns += 1

    users = [life.start(Busy) for _ in range(3)]
    until(lambda: all(user.turns > 50 for user in users))


def test_a_wait_in_a_loop_of_the_users_own_does_not_starve_the_others(life: Life) -> None:
    class Waiting(User):
        turns = 0

        @task
        def loop(self) -> None:
            while True:
                self.turns += 1
                self.wait()

    users = [life.start(Waiting) for _ in range(2)]
    until(lambda: all(user.turns > 50 for user in users))


def test_a_second_patch_all_and_a_coroutine_in_a_task_do_no_harm(life: Life) -> None:
    class Mixed(Visitor):
        @task
        def mix(self) -> None:
            gevent.monkey.patch_all()
            asyncio.run(asyncio.sleep(0.001))
            self.did("mix")

    assert life.lead(Mixed).log.count("mix") == 3
    assert life.runner.exceptions == []


def test_a_closed_workload_has_no_intended_start() -> None:
    assert Visitor(Environment())._swarm_intended_start is None


# stopping ---------------------------------------------------------------------------------------------------


class Waiter(Visitor):
    wait_time = constant(1000)

    @task
    def browse(self) -> None:
        self.log.append("browse")


@pytest.mark.parametrize("force", [True, False])
def test_a_stop_ends_a_wait_at_once(life: Life, force: bool) -> None:
    user = life.start(Waiter)
    until(lambda: user._swarm_state == "waiting")
    assert user.stop(force=force)
    assert life.group.join(timeout=20)
    assert user.log == ["on_start", "browse", "on_stop"]


class Worker(Visitor):
    """Its task takes until `finish` is set."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.finish = Event()

    @task
    def work(self) -> None:
        self.log.append("begin")
        self.finish.wait()
        self.log.append("end")


def test_without_force_the_running_task_finishes(life: Life) -> None:
    user = life.start(Worker)
    until(lambda: "begin" in user.log)
    assert not user.stop()
    user.finish.set()
    assert life.group.join(timeout=20)
    assert user.log == ["on_start", "begin", "end", "on_stop"]


def test_with_force_the_running_task_is_cut(life: Life) -> None:
    user = life.start(Worker)
    until(lambda: "begin" in user.log)
    assert user.stop(force=True)
    assert life.group.join(timeout=20)
    assert user.log == ["on_start", "begin", "on_stop"]


def test_a_user_may_stop_itself_at_once_from_its_task(life: Life) -> None:
    class Quitter(Visitor):
        @task
        def leave(self) -> None:
            self.log.append("leave")
            self.stop(True)
            self.log.append("still here")

    assert life.lead(Quitter).log == ["on_start", "leave", "on_stop"]


def test_a_user_that_stops_itself_without_force_ends_after_the_task(life: Life) -> None:
    class Quitter(Visitor):
        @task
        def leave(self) -> None:
            assert not self.stop()
            self.log.append("last words")

    assert life.lead(Quitter).log == ["on_start", "last words", "on_stop"]


def test_a_kill_ends_the_user_with_its_on_stop(life: Life) -> None:
    user = life.start(Worker)
    until(lambda: "begin" in user.log)
    user.greenlet.kill()
    assert user.log == ["on_start", "begin", "on_stop"]


def test_a_user_stopped_in_its_on_start_still_gets_its_on_stop(life: Life) -> None:
    class Slow(Visitor):
        def on_start(self) -> None:
            super().on_start()
            gevent.sleep(1000)

        @task
        def never(self) -> None:
            self.log.append("never")

    user = life.start(Slow)
    until(lambda: user.log)
    user.stop(force=True)
    assert life.group.join(timeout=20)
    assert user.log == ["on_start", "on_stop"]


def test_a_stop_while_on_start_runs_lets_it_finish_and_runs_no_task(life: Life) -> None:
    class Slow(Visitor):
        def __init__(self, environment: Environment) -> None:
            super().__init__(environment)
            self.ready = Event()

        def on_start(self) -> None:
            super().on_start()
            self.ready.wait()
            self.log.append("ready")

        @task
        def never(self) -> None:
            self.log.append("never")

    user = life.start(Slow)
    until(lambda: user.log)
    user.stop()
    user.ready.set()
    assert life.group.join(timeout=20)
    assert user.log == ["on_start", "ready", "on_stop"]


def test_a_user_that_never_ran_has_no_on_stop(life: Life) -> None:
    user = life.start(Waiter)
    user.greenlet.kill()
    assert user.log == []


def test_a_task_that_swallows_the_kill_is_the_last_one(life: Life) -> None:
    class Stubborn(Visitor):
        @task
        def hold(self) -> None:
            self.log.append("hold")
            try:
                gevent.sleep(1000)
            except GreenletExit:
                self.log.append("swallowed")

    user = life.start(Stubborn)
    until(lambda: "hold" in user.log)
    user.stop(force=True)
    assert life.group.join(timeout=20)
    assert user.log == ["on_start", "hold", "swallowed", "on_stop"]


class Closer(Visitor):
    """Its on_stop takes until `closed` is set, and sees whether requests are halted."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.closed = Event()
        self.halted: bool | None = None

    @task
    def work(self) -> None:
        gevent.sleep(1000)

    def on_stop(self) -> None:
        self.halted = self._swarm_halt
        self.log.append("closing")
        self.closed.wait()
        self.log.append("closed")


def test_requests_of_on_stop_are_not_halted_and_a_second_stop_leaves_it_alone(life: Life) -> None:
    user = life.start(Closer)
    until(lambda: user.log)
    user._swarm_halt = True
    user.stop(force=True)
    until(lambda: "closing" in user.log)
    assert user.halted is False
    assert not user.stop(force=True)
    gevent.sleep(0)
    user.closed.set()
    assert life.group.join(timeout=20)
    assert user.log == ["on_start", "closing", "closed"]
    assert user._swarm_halt  # whatever greenlet the user left behind ends at its next request


def test_a_kill_during_on_stop_ends_it(life: Life) -> None:
    user = life.start(Closer)
    until(lambda: user.log)
    user.greenlet.kill(block=False)
    until(lambda: "closing" in user.log)
    user.greenlet.kill()
    assert user.log == ["on_start", "closing"]


def test_a_stop_that_meets_the_end_of_a_wait_does_not_cut_off_on_stop(life: Life) -> None:
    class Racer(Visitor):
        wait_time = constant(0.005)

        @task
        def work(self) -> None:
            if self._swarm_halt:  # what a session does before a request
                raise GreenletExit

        def on_stop(self) -> None:
            self.log.append("closing")
            gevent.sleep(0.01)
            self.log.append("closed")

    users = [life.start(Racer) for _ in range(50)]
    until(lambda: all(user._swarm_state == "waiting" for user in users))
    began = time.perf_counter()
    while time.perf_counter() - began < 0.02:
        pass  # the hub is busy, so that waits end in the same turn in which the users are stopped
    for user in users:
        user.stop(force=True)
    assert life.group.join(timeout=20)
    assert all(user.log == ["on_start", "closing", "closed"] for user in users)


def test_the_sessions_of_a_user_are_closed_after_its_on_stop(life: Life) -> None:
    class Session:
        def __init__(self, user: Any) -> None:
            self.user = user
            user._swarm_sessions.append(self)

        def close(self) -> None:
            self.user.log.append("close")

    class Shopper(Visitor):
        def __init__(self, environment: Environment) -> None:
            Session(self)  # may come before the constructor of ours
            super().__init__(environment)
            Session(self)

        @task
        def leave(self) -> None:
            raise StopUser

    assert life.lead(Shopper).log == ["on_start", "on_stop", "close", "close"]


def test_a_held_user_begins_no_task_until_it_is_released(life: Life) -> None:
    class Shopper(Visitor):
        @task
        def browse(self) -> None:
            self.log.append("browse")
            gevent.sleep(0.001)

    user = life.start(Shopper)
    until(lambda: "browse" in user.log)
    gate = user._swarm_gate = Event()
    until(lambda: user._swarm_state == "waiting")
    done = len(user.log)
    gevent.sleep(0.02)
    assert len(user.log) == done
    user._swarm_gate = None
    gate.set()
    until(lambda: len(user.log) > done)


def test_a_held_user_stops_at_once(life: Life) -> None:
    user = Worker(life.environment)
    user._swarm_gate = Event()
    user.start(life.group)
    until(lambda: user._swarm_state == "waiting")
    assert user.stop()
    assert life.group.join(timeout=20)
    assert user.log == ["on_start", "on_stop"]


# what a task may raise --------------------------------------------------------------------------------------


def test_stop_user_from_on_start_ends_the_user_with_its_on_stop(life: Life) -> None:
    class Shy(Visitor):
        def on_start(self) -> None:
            super().on_start()
            raise StopUser

    assert life.lead(Shy).log == ["on_start", "on_stop"]
    assert life.runner.exceptions == []


def test_reschedule_task_waits_and_reschedule_immediately_does_not(life: Life) -> None:
    class Chooser(Visitor):
        def wait_time(self) -> float:
            self.log.append("wait")
            return 0.0

        @task
        def choose(self) -> None:
            steps = self.log.count("task")
            self.log.append("task")
            if steps == 0:
                raise RescheduleTaskImmediately
            if steps == 1:
                raise RescheduleTask
            raise StopUser

    assert life.lead(Chooser).log == ["on_start", "task", "task", "wait", "task", "on_stop"]


def test_stop_test_ends_the_run(life: Life) -> None:
    class Judge(Visitor):
        @task
        def end(self) -> None:
            raise StopTest

    assert life.lead(Judge).log == ["on_start", "on_stop"]
    until(lambda: life.runner.quits == 1)
    assert life.runner.exceptions == []


@pytest.mark.parametrize(("code", "process"), [(7, 7), (None, None), ("no licence", 1), (0, 0)])
def test_sys_exit_in_a_task_ends_the_run_with_that_exit_code(life: Life, code: Any, process: Any) -> None:
    class Leaver(Visitor):
        @task
        def leave(self) -> None:
            raise SystemExit(code)

    assert life.lead(Leaver).log == ["on_start", "on_stop"]
    until(lambda: life.runner.quits == 1)
    assert life.environment.process_exit_code == process


def test_the_end_of_the_run_is_logged_once_for_all_users(
    life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    class Leaver(Visitor):
        @task
        def leave(self) -> None:
            raise SystemExit(7)

    for _ in range(5):
        life.start(Leaver)
    assert life.group.join(timeout=20)
    assert [record.getMessage() for record in caplog.records] == ["A user called sys.exit(7): the run ends."]


def test_without_a_runner_sys_exit_is_raised(life: Life) -> None:
    class Leaver(Visitor):
        @task
        def leave(self) -> None:
            raise SystemExit(7)

    with pytest.raises(SystemExit):
        Leaver(Environment()).run()


def test_keyboard_interrupt_is_raised_at_once() -> None:
    class Typist(Visitor):
        @task
        def type(self) -> None:
            raise KeyboardInterrupt

    user = Typist(Environment())
    with pytest.raises(KeyboardInterrupt):
        user.run()
    assert user.log == ["on_start"]


def test_a_listener_may_stop_the_user_that_made_the_request(life: Life) -> None:
    @life.environment.events.request.add_listener
    def enough(**_kwargs: Any) -> None:
        raise StopUser

    class Shopper(Visitor):
        @task
        def browse(self) -> None:
            self.log.append("browse")
            self.environment.events.request.fire(request_type="x", name="y", response_time=1)

    assert life.lead(Shopper).log == ["on_start", "browse", "on_stop"]
    assert life.environment.stats.total.num_requests == 1


# errors -----------------------------------------------------------------------------------------------------


def boom(text: str) -> None:
    raise ValueError(text)


def test_an_error_in_a_task_is_counted_logged_and_told_and_the_user_goes_on(
    life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[dict[str, Any]] = []
    life.environment.events.user_error.add_listener(lambda **kwargs: told.append(kwargs))

    class Clumsy(Visitor):
        @task
        def fall(self) -> None:
            self.did("fall")
            boom("ouch")

    user = life.lead(Clumsy)
    assert user.log == ["on_start", "fall", "fall", "fall", "on_stop"]
    assert [(node, text) for node, text, _ in life.runner.exceptions] == [("local", "ouch")] * 2
    assert life.runner.exceptions[0][2].splitlines()[-1] == "ValueError: ouch"  # what reports name it by
    assert told[0]["user_instance"] is user
    assert isinstance(told[0]["exception"], ValueError)
    assert told[0]["tb"] is told[0]["exception"].__traceback__
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "Clumsy raised an error in a task" in record.getMessage()
    assert record.getMessage().endswith("ValueError: ouch")
    assert "in boom" in record.getMessage()


def test_an_error_of_many_lines_is_named_in_one(life: Life) -> None:
    class Wordy(Visitor):
        @task
        def fall(self) -> None:
            self.did("fall")
            boom("first line\n\n  second line")

    life.lead(Wordy)
    _, message, trace = life.runner.exceptions[0]
    assert message == "first line\n\n  second line"
    assert trace.splitlines()[-1] == "ValueError: first line second line"


def test_the_traceback_begins_in_the_users_own_code(life: Life) -> None:
    class Clumsy(Visitor):
        stop_at = 2

        @task
        def fall(self) -> None:
            self.did("fall")
            boom("ouch")

    life.lead(Clumsy)
    [(_, _, formatted)] = life.runner.exceptions
    assert formatted.count("File ") == 2
    assert "taskset.py" not in formatted


def test_a_task_that_raises_every_time_is_logged_once_and_leaves_the_others_their_turn(
    life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(User):
        tries = 0

        @task
        def fail(self) -> None:
            self.tries += 1
            raise RuntimeError(f"attempt {self.tries}")

    class Fine(User):
        turns = 0

        @task
        def work(self) -> None:
            self.turns += 1

    broken, fine = life.start(Broken), life.start(Fine)
    until(lambda: broken.tries >= 3)
    assert fine.turns > broken.tries
    assert sum("Broken" in record.getMessage() for record in caplog.records) == 1


@pytest.mark.parametrize("error", [gevent.Timeout(5), BaseException("odd")])
def test_a_timeout_that_the_task_does_not_catch_ends_the_task_only(life: Life, error: BaseException) -> None:
    class Impatient(Visitor):
        @task
        def hurry(self) -> None:
            self.did("hurry")
            raise error

    assert life.lead(Impatient).log == ["on_start", "hurry", "hurry", "hurry", "on_stop"]


def test_an_error_in_on_start_ends_the_user_without_its_on_stop(
    life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    class Locked(Visitor):
        def on_start(self) -> None:
            super().on_start()
            boom("wrong password")

        @task
        def never(self) -> None:
            self.log.append("never")

    assert life.lead(Locked).log == ["on_start"]
    assert [text for _, text, _ in life.runner.exceptions] == ["wrong password"]
    assert "Locked raised an error in its on_start, and ends" in caplog.text


def test_an_error_in_on_stop_is_reported(life: Life) -> None:
    class Messy(Visitor):
        def on_stop(self) -> None:
            boom("left open")

        @task
        def leave(self) -> None:
            raise StopUser

    life.lead(Messy)
    assert [text for _, text, _ in life.runner.exceptions] == ["left open"]


def test_an_error_without_a_text_is_counted_under_its_type(life: Life) -> None:
    class Asserting(Visitor):
        stop_at = 2

        @task
        def check(self) -> None:
            self.did("check")
            raise AssertionError

    life.lead(Asserting)
    assert [text for _, text, _ in life.runner.exceptions] == ["AssertionError()"]


def test_without_catch_exceptions_the_error_is_raised_where_the_user_runs() -> None:
    told: list[Any] = []
    environment = Environment(catch_exceptions=False)
    environment.events.user_error.add_listener(lambda **kwargs: told.append(kwargs))

    class Clumsy(Visitor):
        @task
        def fall(self) -> None:
            boom("ouch")

    with pytest.raises(ValueError, match="ouch"):
        Clumsy(environment).run()
    assert len(told) == 1


def test_a_user_without_tasks_says_how_to_give_it_some(life: Life) -> None:
    class Idle(User):
        pass

    life.start(Idle)
    until(lambda: life.runner.exceptions)
    assert life.runner.exceptions[0][1] == (
        "Idle has no tasks: decorate its methods with @task, or set its `tasks` attribute."
    )


def test_interrupting_the_user_itself_is_a_clear_error_and_the_user_goes_on(life: Life) -> None:
    class Lost(Visitor):
        @task
        def out(self) -> None:
            self.did("out")
            raise InterruptTaskSet

    assert life.lead(Lost).log.count("out") == 3
    assert "there is nothing to go back to" in life.runner.exceptions[0][1]


@pytest.mark.parametrize("answer", [None, "soon"])
def test_a_wait_time_that_returns_no_number_says_so(life: Life, answer: Any) -> None:
    class Vague(User):
        def wait_time(self) -> Any:
            return answer

        @task
        def browse(self) -> None:
            pass

    life.start(Vague)
    until(lambda: life.runner.exceptions)
    assert f"wait_time of Vague returned {answer!r}; it must return seconds." == life.runner.exceptions[0][1]
