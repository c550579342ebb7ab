"""The browser's pure modules, in the browser."""

from __future__ import annotations

from pathlib import Path

from tests.web.browser.pages import Screen
from tests.web.browser.ui_process import UiProcess

UNITS = Path(__file__).with_name("units.js").read_text()


def test_the_modules_do_what_they_say(screen: Screen, ui: UiProcess) -> None:
    screen.open(ui.url)
    base = screen.page.locator("script[type=module]").evaluate("script => script.src.replace('/app.js', '')")

    assert screen.page.evaluate(UNITS, base) == []
