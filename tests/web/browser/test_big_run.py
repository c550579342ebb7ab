"""A run of 1,000 names on 100 workers: all of it is there, and only what is in sight is in the document."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.web.browser.big_run import NAMES, ODD, SLOWEST, WORKERS
from tests.web.browser.pages import Screen
from tests.web.browser.ui_process import UiProcess


def test_all_names_can_be_reached_and_few_are_in_the_document(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url, "endpoints")
    expect(page.get_by_text("1,000 of 1,000")).to_be_visible()
    table = page.get_by_role("table")
    expect(table).to_have_attribute("aria-rowcount", str(NAMES + 2))
    rows = table.locator("tbody tr[aria-rowindex]")
    expect(rows.first).to_contain_text("Aggregated5,000,00060")
    expect(rows.nth(1)).to_contain_text(SLOWEST)  # the failing ones first
    assert rows.count() < 80

    table.get_by_role("button", name="p95 ms").click()
    expect(rows.first).to_contain_text("Aggregated")
    expect(rows.nth(2)).to_contain_text("/item/0999")
    page.get_by_role("region", name="Endpoints").evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(table.locator(f"tr[aria-rowindex='{NAMES + 2}']")).to_contain_text(ODD[0])
    assert rows.count() < 80

    page.get_by_label("Filter").fill("section-07 0047")
    expect(page.get_by_text("1 of 1,000")).to_be_visible()
    expect(rows).to_have_count(1 + 1)
    expect(rows.first.get_by_role("button")).to_have_count(0)  # nothing to open, and no pin
    page.get_by_label("Filter").fill("")
    page.get_by_label("tree").check()
    expect(rows).to_have_count(1 + 1 + len(ODD))
    page.get_by_role("button", name="/catalogue/").click()
    expect(table).to_have_attribute("aria-rowcount", str(1 + 1 + 1 + len(ODD) + 40))
    page.get_by_label("tree").uncheck()
    page.get_by_label("all rows").check()
    expect(rows).to_have_count(1 + NAMES)


def test_a_name_has_its_own_charts(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url, "endpoints", "?range=all")
    row = page.get_by_role("button", name=SLOWEST).first
    row.click()
    drawer = page.get_by_role("region", name=f"GET {SLOWEST}")
    expect(drawer.get_by_role("figure", name="Latency (ms)")).to_contain_text("p95")
    expect(drawer).to_contain_text("HTTPError('500 Server Error')")
    expect(drawer).to_contain_text("60 times")
    assert "open=" in page.url
    page.keyboard.press("Escape")
    expect(row).to_be_focused()
    page.keyboard.press("Enter")

    page.reload()
    expect(page.get_by_role("region", name=f"GET {SLOWEST}")).to_be_visible()


def test_charts_can_be_read_without_seeing_them(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url, "live", "?range=all")
    chart = page.get_by_role("figure", name="Throughput (/s)").get_by_role("img")
    expect(chart).to_have_attribute(
        "aria-label", re.compile("^Throughput: requests 5,000 /s, failures 0 /s at ")
    )

    chart.focus()
    page.keyboard.press("Home")
    expect(page.get_by_role("figure", name="Throughput (/s)").get_by_role("status")).to_contain_text(
        "requests 1 /s"
    )
    page.keyboard.press("d")
    expect(page.get_by_role("region", name="Throughput, rows").get_by_role("row")).to_have_count(26)


def test_each_worker_is_seen_and_the_worst_come_first(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url, "workers")
    rows = page.get_by_role("region", name="Workers", exact=True).locator("tbody tr[aria-rowindex]")
    expect(rows.first).to_contain_text("host-8_088")
    expect(rows.first).to_contain_text("49,000 of 50,000")
    expect(rows.nth(1)).to_contain_text("host-1_017")
    expect(page.locator(".worker-grid li")).to_have_count(WORKERS)
    expect(page.locator("main")).to_contain_text("at least 1,000 missing")


def test_a_recording_cannot_be_steered(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url)
    expect(page.get_by_text("recorded", exact=True)).to_be_visible()
    for action in ("Stop", "Pause", "Adjust", "Reset"):
        expect(page.get_by_role("button", name=action, exact=True)).to_have_count(0)
