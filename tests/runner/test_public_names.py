"""What a locustfile imports from `swarm`."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import swarm


@pytest.mark.parametrize("name", sorted(set(swarm.__all__) - {"__version__"}))
def test_each_public_name_is_the_object_of_its_module(name: str) -> None:
    assert getattr(swarm, name) is getattr(importlib.import_module(swarm._HOME[name]), name)


def test_the_names_of_a_locustfile_are_all_there() -> None:
    needed = (
        "User HttpUser FastHttpUser HttpSession FastHttpSession task tag TaskSet SequentialTaskSet MarkovTaskSet "
        "transition transitions constant between constant_throughput constant_pacing poisson RescheduleTask "
        "RescheduleTaskImmediately InterruptTaskSet StopUser StopTest CatchResponseError ResponseError events "
        "LoadTestShape Environment stats_printer stats_history setup_logging run_single_user"
    )
    assert set(needed.split()) <= set(swarm.__all__)


def test_an_unknown_name_is_an_attribute_error_with_its_name() -> None:
    with pytest.raises(AttributeError, match="'Usr'"):
        swarm.Usr  # noqa: B018


def test_importing_swarm_brings_in_no_client_and_no_user() -> None:
    clients = ("requests", "httptools", "swarm.users", "rich", "zmq")
    code = f"import swarm, sys; print(*(name for name in {clients} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
