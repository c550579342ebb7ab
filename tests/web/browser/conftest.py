"""Debian's Chromium, driven by Playwright, and processes that serve the UI to it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Playwright, expect, sync_playwright

from tests.system.cli_process import Cli
from tests.web.browser import big_run
from tests.web.browser.pages import Screen
from tests.web.browser.ui_process import UiProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def playwright() -> Playwright:
    """Playwright, whose driver ends when this process closes its pipe.

    `stop` is not called: it waits in its own event loop for the driver's end, of which a process that gevent has
    patched learns in gevent's hub, and the hub stands still meanwhile.
    """
    return sync_playwright().start()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if not CHROMIUM:
        pytest.skip("there is no Chromium (on Debian: apt-get install chromium, elsewhere CHROMIUM=/path)")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture
def screen(context: BrowserContext) -> Iterator[Screen]:
    """A page that has to end without an error in its console."""
    screen = Screen(context)
    yield screen
    assert screen.complaints == []


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """`swarm-cli` in an empty folder."""
    return Cli(tmp_path)


@pytest.fixture
def ui(cli: Cli) -> Iterator[UiProcess]:
    """The UI of a process with a locustfile, ready to run."""
    with UiProcess.of_locustfile(cli) as ui:
        yield ui


@pytest.fixture(scope="session")
def big_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of a run with 1,000 names and 100 workers that took 2 h."""
    path = tmp_path_factory.mktemp("recording") / "big.jsonl.gz"
    big_run.write(path)
    return path


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory, big_recording: Path) -> Iterator[UiProcess]:
    """The big run, as it ended, served again."""
    cli = Cli(tmp_path_factory.mktemp("big"))
    with UiProcess(cli, "replay", str(big_recording), "--web-port", "0") as ui:
        yield ui
