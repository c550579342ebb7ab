"""The suite runs as its users' code does: patched, under xdist too."""

from __future__ import annotations

from gevent import monkey

from tests import early


def test_the_process_that_runs_the_tests_is_patched() -> None:
    assert monkey.is_module_patched("socket")
    assert monkey.is_module_patched("threading")


def test_only_a_controller_of_xdist_stays_unpatched() -> None:
    assert early._distributes(["-q", "-n", "2"])
    assert early._distributes(["-n2", "tests"])
    assert early._distributes(["--numprocesses=auto"])
    assert not early._distributes(["-n", "0"])
    assert not early._distributes(["-n0", "tests/stats"])
    assert not early._distributes(["-n", "2", "-n", "0"])
    assert not early._distributes(["-q", "--no-header"])
