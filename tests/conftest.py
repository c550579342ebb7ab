"""The suite's own rules: soak tests only when asked for, and no test skipped in CI."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator

# How long one example takes says how busy the machine is, not whether the code is right.
settings.register_profile("swarm", deadline=None)
settings.load_profile("swarm")

# A shell has what it starts in the background ignore Ctrl-C, and so would all processes that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the soak tests (minutes long), and only those")


WHOLE_PROCESSES = ("tests/system/", "tests/web/", "tests/runner/control/")
"""Where the long tests are. They come first, so that short ones are left when a process of several has no more."""
BROWSER = "tests/web/browser/"
"""Its tests come last: Playwright's event loop stays in the process, and asyncio runs one loop at a time."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: (item.nodeid.startswith(BROWSER), not item.nodeid.startswith(WHOLE_PROCESSES))
    )
    wanted = bool(config.getoption("--soak"))
    dropped = [item for item in items if bool(item.get_closest_marker("soak")) is not wanted]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in set(dropped)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _refuse_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:
        _refuse_in_ci(report)
    return report


def _refuse_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    """In CI everything that a test needs is there, so that a skipped test is one that was lost."""
    if os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, and CI skips nothing: {reason}"
