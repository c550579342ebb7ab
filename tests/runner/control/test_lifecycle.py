"""The lifecycle chart: which states lead where, and what each asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from swarm import _gevent
from swarm.control import instructions as do
from swarm.control.instructions import Target
from swarm.control.lifecycle import LifecycleError, RunLifecycle

_gevent.statemachine_queue()

TEN = Target({"Shopper": 10}, 5)
TWENTY = Target({"Shopper": 20}, 5)


def at(state: str) -> RunLifecycle:
    """Return a chart that has come to `state` in the ordinary way."""
    chart = RunLifecycle()
    steps = {
        "ready": [],
        "spawning": ["start"],
        "running": ["start", "spawned"],
        "paused": ["start", "spawned", "pause"],
        "stopping": ["start", "spawned", "stop"],
        "stopped": ["start", "spawned", "stop", "users_stopped"],
        "quit": ["quit"],
    }[state]
    for step in steps:
        chart.handle(step, target=TEN if step == "start" else None)
    assert chart.state == state
    return chart


def test_a_new_run_clears_fires_test_start_and_spawns_in_that_order():
    assert at("ready").handle("start", target=TEN) == [
        do.ClearStatistics(),
        do.FireTestStart(),
        do.Spawn(1, TEN),
    ]


def test_reaching_the_target_fires_spawning_complete_with_its_count():
    chart = at("spawning")
    assert chart.handle("spawned", phase=chart.phase) == [do.FireSpawningComplete(10)]
    assert chart.state == "running"


def test_a_stop_is_forced_once_and_the_state_stays():
    chart = at("stopping")
    assert chart.handle("force") == [do.CutUsers(chart.phase)]
    assert chart.handle("force") == []
    assert (chart.state, chart.forced) == ("stopping", True)
    chart.handle("users_stopped", phase=chart.phase)
    with pytest.raises(LifecycleError):
        chart.handle("force")


@pytest.mark.parametrize("state", ["spawning", "running", "paused"])
def test_a_new_target_spawns_without_a_new_test_start(state):
    chart = at(state)
    asked = chart.handle("retarget", target=TWENTY)
    assert asked[-1] == do.Spawn(chart.phase, TWENTY)
    assert do.FireTestStart() not in asked
    assert chart.state == "spawning"
    assert chart.target == TWENTY


@pytest.mark.parametrize("state", ["spawning", "running", "paused"])
def test_a_stop_announces_itself_before_users_are_stopped(state):
    chart = at(state)
    asked = chart.handle("stop")
    assert asked[-2:] == [do.FireTestStopping(), do.StopUsers(chart.phase)]
    assert chart.state == "stopping"


def test_test_stop_is_fired_when_the_users_have_stopped():
    chart = at("stopping")
    assert chart.handle("users_stopped", phase=chart.phase) == [do.FireTestStop()]
    assert chart.state == "stopped"


def test_a_stopped_run_starts_again_as_a_new_one():
    assert do.FireTestStart() in at("stopped").handle("start", target=TWENTY)


def test_the_report_of_an_earlier_phase_changes_nothing():
    chart = at("spawning")
    overtaken = chart.phase
    chart.handle("retarget", target=TWENTY)
    assert chart.handle("spawned", phase=overtaken) == []
    assert chart.state == "spawning"


def test_a_pause_in_a_ramp_goes_on_with_the_ramp():
    chart = at("spawning")
    assert chart.handle("pause") == [do.HoldUsers()]
    assert chart.handle("resume") == [do.ReleaseUsers(), do.Spawn(chart.phase, TEN)]
    assert chart.state == "spawning"


def test_a_pause_at_the_target_goes_back_to_running():
    chart = at("paused")
    assert chart.handle("resume") == [do.ReleaseUsers()]
    assert chart.state == "running"


def test_held_users_are_released_before_they_are_stopped():
    assert at("paused").handle("stop")[0] == do.ReleaseUsers()


@pytest.mark.parametrize("state", ["ready", "spawning", "running", "paused", "stopping", "stopped"])
def test_every_state_can_quit(state):
    chart = at(state)
    assert chart.handle("quit")[-1] == do.Shutdown()
    assert chart.state == "quit"


@pytest.mark.parametrize(
    ("state", "event"),
    [
        ("ready", "stop"),
        ("ready", "retarget"),
        ("ready", "pause"),
        ("spawning", "start"),
        ("running", "resume"),
        ("stopping", "start"),
        ("stopping", "retarget"),
        ("stopped", "stop"),
        ("quit", "start"),
        ("quit", "quit"),
    ],
)
def test_what_the_state_does_not_allow_is_refused_and_changes_nothing(state, event):
    chart = at(state)
    before = (chart.state, chart.phase, chart.target)
    with pytest.raises(LifecycleError, match=f"A run that is {state} cannot {event}"):
        chart.handle(event, target=TWENTY)
    assert (chart.state, chart.phase, chart.target) == before


def test_a_refused_event_leaves_no_instruction_behind():
    chart = at("ready")
    with pytest.raises(LifecycleError):
        chart.handle("stop")
    assert chart.handle("start", target=TEN)[0] == do.ClearStatistics()


def test_the_drawing_in_the_docs_is_current():
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, root / "scripts" / "draw-lifecycle", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
