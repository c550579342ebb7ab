"""One greenlet sends to a chart; whoever asks gets the answer to what it asked."""

from __future__ import annotations

from collections.abc import Iterator

import gevent
import pytest
from gevent.event import Event

from swarm.control.instructions import FireTestStart, Instruction, Target
from swarm.control.lifecycle import LifecycleError
from swarm.runners.driver import LifecycleDriver, LifecycleEvent

START = LifecycleEvent("start", target=Target())


class Shell:
    """Carries instructions out as slowly as a test wants."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.starting = Event()
        self.go_on = Event()

    def carry_out(self, instruction: Instruction) -> None:
        if isinstance(instruction, FireTestStart):
            self.starting.set()
            self.go_on.wait()
        self.done.append(type(instruction).__name__)


@pytest.fixture
def shell() -> Shell:
    return Shell()


@pytest.fixture
def driver(shell: Shell) -> Iterator[LifecycleDriver]:
    driver = LifecycleDriver(shell.carry_out, lambda: None)
    yield driver
    gevent.killall(driver.greenlets)


def outcome(driver: LifecycleDriver, event: LifecycleEvent) -> str:
    try:
        driver.ask(event)
    except LifecycleError:
        return "refused"
    return "done"


def test_a_listener_that_ends_the_program_is_heard_by_the_main_greenlet_and_ends_no_driver(
    shell: Shell, driver: LifecycleDriver
) -> None:
    def exit_at(instruction: Instruction) -> None:
        if isinstance(instruction, FireTestStart):
            raise SystemExit(3)
        shell.done.append(type(instruction).__name__)

    driver._carry_out = exit_at
    driver.bring(START)
    with pytest.raises(SystemExit), gevent.Timeout(10):
        Event().wait()
    driver.ask(LifecycleEvent("stop"))
    assert shell.done[-1] == "StopUsers"


def test_a_timeout_that_a_listener_lets_through_is_an_error_and_ends_no_driver(
    shell: Shell, driver: LifecycleDriver
) -> None:
    def time_out(instruction: Instruction) -> None:
        if isinstance(instruction, FireTestStart):
            with gevent.Timeout(0.01):
                Event().wait()
        shell.done.append(type(instruction).__name__)

    driver._carry_out = time_out
    driver.ask(START)
    driver.ask(LifecycleEvent("stop"))
    assert shell.done[-1] == "StopUsers"
    assert driver.failed_instructions == 1


def test_a_refusal_reaches_the_one_who_asked_and_nobody_else(shell: Shell, driver: LifecycleDriver) -> None:
    shell.go_on.set()
    asked = [
        gevent.spawn(outcome, driver, event)
        for event in (LifecycleEvent("pause"), START, START, LifecycleEvent("stop"), LifecycleEvent("resume"))
    ]
    gevent.joinall(asked, timeout=10)
    assert [each.value for each in asked] == ["refused", "done", "refused", "done", "refused"]
    assert driver.lifecycle.state == "stopping"


def test_a_stop_is_heard_while_a_step_of_the_run_takes_its_time(
    shell: Shell, driver: LifecycleDriver
) -> None:
    start = gevent.spawn(driver.ask, START)
    assert shell.starting.wait(10)
    stop = gevent.spawn(driver.ask, LifecycleEvent("stop"))
    with gevent.Timeout(10):
        while driver.lifecycle.state != "stopping":
            gevent.sleep(0.001)
    shell.go_on.set()
    gevent.joinall([start, stop], timeout=10, raise_error=True)
    assert "Spawn" not in shell.done  # of the phase that is over
    assert shell.done.index("FireTestStart") < shell.done.index("FireTestStopping") < len(shell.done)


def test_nobody_waits_for_an_answer_of_a_run_that_has_quit(shell: Shell, driver: LifecycleDriver) -> None:
    shell.go_on.set()
    driver.ask(LifecycleEvent("quit"))
    assert outcome(driver, START) == "refused"
