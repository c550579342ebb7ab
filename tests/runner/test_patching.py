"""How `swarm` patches a process, and what of gevent's and python-statemachine's ways it relies on."""

from __future__ import annotations

import subprocess
import sys

import pytest
from gevent import monkey
from statemachine import State, StateMachine
from statemachine.exceptions import TransitionNotAllowed

from swarm import _gevent

_gevent.statemachine_queue()


class Door(StateMachine):
    """A chart whose hooks note what they did, and may raise."""

    shut = State(initial=True)
    ajar = State()
    jammed = State(final=True)
    pull = shut.to(ajar)
    kick = ajar.to(jammed)

    def __init__(self) -> None:
        self.entered: list[str] = []
        super().__init__()

    def on_enter_ajar(self) -> None:
        self.entered.append("ajar")

    def on_enter_jammed(self) -> None:
        self.entered.append("jammed")
        raise LookupError("its own error")


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_state_machine_is_made_in_a_patched_process() -> None:
    assert monkey.is_module_patched("queue")
    door = Door()
    door.send("pull")
    assert (door.current_state_value, door.entered) == ("ajar", ["ajar"])


def test_an_event_that_the_state_does_not_allow_is_refused_and_changes_nothing() -> None:
    door = Door()
    with pytest.raises(TransitionNotAllowed):
        door.send("kick")
    assert (door.current_state_value, door.entered) == ("shut", [])


def test_a_hook_that_raises_gives_its_own_exception_and_rolls_the_state_back_with_its_effects_done() -> None:
    door = Door()
    door.send("pull")
    with pytest.raises(LookupError, match="its own error"):
        door.send("kick")
    assert door.current_state_value == "ajar"
    assert door.entered == ["ajar", "jammed"]


def test_without_the_original_queue_a_machine_cannot_be_made() -> None:
    """The reason for `statemachine_queue`; when this fails, it can go."""
    done = run(
        "import swarm\n"
        "from statemachine import State, StateMachine\n"
        "class Lamp(StateMachine):\n"
        "    off = State(initial=True)\n"
        "    on = State(final=True)\n"
        "    press = off.to(on)\n"
        "Lamp()\n"
    )
    assert done.returncode == 1
    assert "mutex" in done.stderr


def test_importing_swarm_patches_the_process_before_all_else() -> None:
    done = run("import swarm, gevent.monkey as m; print(m.is_module_patched('socket'))")
    assert (done.stdout.strip(), done.stderr) == ("True", "")


@pytest.mark.parametrize("early", ["requests", "ssl", "urllib3"])
def test_a_client_imported_before_swarm_is_warned_of_once_with_the_remedy(early: str) -> None:
    done = run(f"import {early}\nimport swarm\nimport swarm.exceptions\n")
    assert done.returncode == 0
    assert done.stderr.count("Warning: ") == 1
    assert "put `import swarm` above `import requests`" in done.stderr


@pytest.mark.parametrize("variable", ["SWARM_SKIP_MONKEY_PATCH", "LOCUST_SKIP_MONKEY_PATCH"])
def test_a_variable_leaves_the_process_as_it_is(variable: str) -> None:
    done = run(
        "import ssl, swarm, gevent.monkey as m; print(m.is_module_patched('socket'))", **{variable: "1"}
    )
    assert (done.stdout.strip(), done.stderr) == ("False", "")


def test_a_process_that_patched_itself_is_not_patched_again() -> None:
    done = run(
        "import gevent.monkey as m; m.patch_all(); import ssl, swarm; print(m.is_module_patched('ssl'))"
    )
    assert (done.stdout.strip(), done.stderr) == ("True", "")


def test_a_patched_process_with_a_thread_pool_exits() -> None:
    done = run(
        "import swarm\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "print(ThreadPoolExecutor(2).submit(lambda: 7).result())\n"
    )
    assert (done.returncode, done.stdout.strip()) == (0, "7")
