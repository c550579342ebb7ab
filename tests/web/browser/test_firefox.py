"""The report works from disk in Firefox, too."""

from __future__ import annotations

import os
import shutil
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.system.swarm_of import until
from tests.web.browser.big_run import SLOWEST
from tests.web.browser.firefox import Firefox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.browser.ui_process import UiProcess

FIREFOX = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox") or ""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        not FIREFOX,
        reason="there is no Firefox (on Debian: apt-get install firefox-esr, elsewhere FIREFOX=/path)",
    ),
]


def test_the_report_works_from_disk_in_firefox(big: UiProcess, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with urllib.request.urlopen(big.url + "api/v1/report.html", timeout=60) as answer:
        path.write_bytes(answer.read())
    profile = tmp_path / "profile"
    profile.mkdir()
    with Firefox(FIREFOX, profile) as firefox:
        firefox.open(path.as_uri())
        text = "document.body.innerText"
        until(lambda: "1,000 of 1,000" in firefox.evaluate(text), "the report shows its names")
        shown = firefox.evaluate(text)
        canvases = firefox.evaluate("document.querySelectorAll('canvas').length")
        title = firefox.evaluate("document.title")
        firefox.evaluate(
            f"[...document.querySelectorAll('button')].find((each) => each.title === '{SLOWEST}').click()"
        )
        until(lambda: firefox.evaluate("!!document.querySelector('.drawer canvas')"), "the drawer is open")
        firefox.evaluate("document.querySelector('.heatmap button[aria-expanded]').click()")
        until(lambda: "heat map's buckets" in firefox.evaluate(text), "a span's percentiles are shown")

    assert "checkout-soak" in title
    assert canvases >= 6
    for heading in (
        "Throughput",
        "Latency over throughput",
        "Percentiles of the whole run",
        "Errors",
        "Timeline",
    ):
        assert heading in shown
    assert firefox.said == []
