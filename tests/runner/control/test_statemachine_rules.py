"""What python-statemachine does under gevent, which is why hooks only append and one greenlet sends."""

from __future__ import annotations

import warnings

import gevent
import pytest
from gevent.event import Event
from statemachine import State, StateChart, StateMachine
from statemachine.exceptions import TransitionNotAllowed

from swarm import _gevent
from swarm.control.instructions import Target
from swarm.control.lifecycle import RunLifecycle

_gevent.statemachine_queue()


class Gate(StateMachine):
    """A chart with a hook that gives way, as ours never do."""

    shut = State(initial=True)
    opening = State()
    wide = State()
    locked = State(final=True)
    pull = shut.to(opening)
    fix = opening.to(wide)
    lock = wide.to(locked)

    def __init__(self) -> None:
        self.entering = Event()
        self.go_on = Event()
        self.entered = False
        super().__init__()

    def on_enter_opening(self) -> None:
        self.entering.set()
        self.go_on.wait()
        self.entered = True


@pytest.fixture
def gate() -> Gate:
    """A gate that one greenlet is about to open, and stands in the hook."""
    gate = Gate()
    gate.opener = gevent.spawn(gate.send, "pull")
    assert gate.entering.wait(10)
    return gate


def test_an_event_sent_while_another_greenlet_is_in_a_hook_has_no_answer_yet(gate: Gate) -> None:
    assert gate.send("fix") is None
    assert not gate.entered
    gate.go_on.set()
    gate.opener.get(timeout=10)
    assert gate.current_state_value == "wide"


def test_a_refusal_is_raised_in_the_greenlet_in_the_hook_and_what_is_queued_behind_is_lost(
    gate: Gate,
) -> None:
    gate.send("lock")
    gate.send("fix")
    gate.go_on.set()
    with pytest.raises(TransitionNotAllowed):
        gate.opener.get(timeout=10)
    assert gate.current_state_value == "opening"


def test_a_greenlet_killed_in_a_hook_leaves_its_state_half_entered(gate: Gate) -> None:
    gate.opener.kill()
    assert (gate.current_state_value, gate.entered) == ("opening", False)


def test_a_state_chart_ignores_what_its_state_does_not_allow() -> None:
    class Lax(StateChart):
        shut = State(initial=True)
        ajar = State()
        locked = State(final=True)
        pull = shut.to(ajar)
        lock = ajar.to(locked)

    lax = Lax()
    lax.send("lock")
    assert lax.current_state_value == "shut"
    assert not isinstance(RunLifecycle(), Lax)
    assert issubclass(RunLifecycle, StateMachine)


def test_a_run_reads_nothing_of_its_chart_that_is_deprecated() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chart = RunLifecycle()
        chart.handle("start", target=Target())
        chart.handle("stop")
        chart.handle("users_stopped", phase=chart.phase)
        chart.handle("quit")
    assert chart.state == "quit"


def test_hooks_of_the_run_give_way_to_nobody() -> None:
    """An event goes through the whole chart in one turn of the hub, whatever waits for a turn."""
    turns = []
    other = gevent.spawn(turns.append, "another greenlet")
    chart = RunLifecycle()
    for event in ("start", "retarget", "pause", "resume", "stop"):
        chart.handle(event, target=Target())
    chart.handle("users_stopped", phase=chart.phase)
    assert turns == []
    other.join()
