"""Every documented name of Locust's is there with its members, or stands among those that are not, with a reason.

`locust_names.toml` has the names: by module each class with its members, each function with parameters that
callers name, each dictionary type with its keys, and constants.
"""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import swarm.compat.locust  # noqa: F401
from swarm import Environment, FastHttpUser, HttpUser, User
from swarm.compat.absent import GONE, MISSING
from swarm.contrib.socketio import SocketIOUser
from swarm.http.response import FastRequest
from swarm.transport.secret import Secret
from swarm.users.taskset import TaskSet

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("locust_names.toml").read_text(encoding="utf-8")
)
VERDICT = re.compile(r"\| (same|better|not)\b[^|]*\|$|\| in Swarm \|$|^\|[-|]+\|$")
PAGE = Path(__file__).parents[3] / "docs" / "locust.md"


NOT_THERE = {
    # Loops and steps of Locust's own runners: here a chart, a driver and a pure core do that work.
    *(
        f"locust.runners.Runner.{name}"
        for name in (
            "update_state",
            "spawn_users",
            "stop_users",
            "monitor_cpu_and_memory",
            "shape_worker",
        )
    ),
    *(
        f"locust.runners.MasterRunner.{name}"
        for name in (
            "check_stopped",
            "heartbeat_worker",
            "reset_connection",
            "client_listener",
            "handle_message",
        )
    ),
    *(
        f"locust.runners.WorkerRunner.{name}"
        for name in (
            "spawning_complete",
            "start_worker",
            "heartbeat",
            "heartbeat_timeout_checker",
            "reset_connection",
            "worker",
            "handle_message",
            "stats_reporter",
            "logs_reporter",
            "connect_to_master",
        )
    ),
    "locust.HttpLocust",
    "locust.Locust",
    "locust.clients.ResponseContextManager.wrap_response",
    "locust.html.render_template_from",
    "locust.runners.locust_exception_handler",
    "locust.runners.FALLBACK_INTERVAL",
    "locust.runners.HEARTBEAT_DEAD_INTERNAL",
}
"""What is not there, and told so in docs/locust.md."""


def names() -> list[tuple[str, str]]:
    return [
        (module, name) for module, its in NAMES.items() for name in its if f"{module}.{name}" not in NOT_THERE
    ]


@pytest.mark.parametrize("module", NAMES)
def test_each_module_is_there(module: str) -> None:
    assert importlib.import_module(module).__name__ == module


class Plain(User):
    tasks = [print]


class Requesting(HttpUser):
    host = "http://127.0.0.1:1"
    tasks = [print]


class Fast(FastHttpUser):
    host = "http://127.0.0.1:1"
    tasks = [print]


class Chatting(SocketIOUser):
    tasks = [print]


@pytest.fixture(scope="module")
def instances() -> Iterator[dict[str, Any]]:
    """One object of each class whose members are attributes of its instances, by Locust's name of the class."""
    secret = Secret.new()
    local, master, worker = (Environment(user_classes=[Plain]) for _ in range(3))
    listening = master.create_master_runner(master_bind_port=0, secret=secret, serve=False)
    made: dict[str, Any] = {
        "Environment": local,
        "Events": local.events,
        "EventHook": local.events.quit,
        "RequestStats": local.stats,
        "StatsEntry": local.stats.total,
        "Runner": local.create_local_runner(),
        "MasterRunner": listening,
        "WorkerRunner": worker.create_worker_runner("127.0.0.1", listening.port, secret=secret, serve=False),
        "User": Plain(local),
        "TaskSet": TaskSet(Plain(local)),
        "HttpSession": Requesting(local).client,
        "FastHttpSession": Fast(local).client,
        "LocustUserAgent": Fast(local).client.client,
        "SocketIOUser": Chatting(local),
        "FastRequest": FastRequest(SimpleNamespace(method="GET", url="/"), b"", b""),
    }
    yield made
    for name in ("Runner", "MasterRunner", "WorkerRunner"):
        made[name].quit()


@pytest.mark.parametrize(("module", "name"), names(), ids=str)
def test_each_name_is_there_with_its_members(module: str, name: str, instances: dict[str, Any]) -> None:
    found = getattr(importlib.import_module(module), name)
    lacking = [
        member
        for member in NAMES[module][name]
        if not has(found, instances.get(name), member) and f"{module}.{name}.{member}" not in NOT_THERE
    ]
    assert not lacking


@pytest.mark.parametrize("path", sorted(NOT_THERE))
def test_what_is_not_there_is_told(path: str) -> None:
    owner_path, _, name = path.rpartition(".")
    if owner_path in NAMES:
        owner: Any = importlib.import_module(owner_path)
        assert path in MISSING | GONE
    else:
        module, _, class_name = owner_path.rpartition(".")
        owner = getattr(importlib.import_module(module), class_name)
    assert not hasattr(owner, name)
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")


def has(found: Any, instance: Any, member: str) -> bool:
    if not inspect.isclass(found):
        return member in inspect.signature(found).parameters
    annotated = {each for cls in found.__mro__ for each in inspect.get_annotations(cls)}
    return hasattr(found, member) or member in annotated or hasattr(instance, member)


def test_the_page_has_every_name_and_no_empty_row() -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = set(re.findall(r"[\w.]+", " ".join(re.findall(r"`([^`]*)`", page))))
    told |= {name.rpartition(".")[2] for name in told}
    assert {name for its in NAMES.values() for name in its} - told == set()
    assert {module for module in NAMES if not any(module in each for each in told)} == set()
    empty = [line for line in page.splitlines() if line.startswith("|") and not VERDICT.search(line)]
    assert empty == []
