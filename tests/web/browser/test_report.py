"""The report: one file, from disk, with no network; and its summary where scripts may not run."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.web.browser.big_run import ODD, SLOWEST
from tests.web.browser.pages import Screen
from tests.web.browser.ui_process import UiProcess


@pytest.fixture(scope="module")
def report(big: UiProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    with urllib.request.urlopen(big.url + "api/v1/report.html", timeout=60) as answer:
        path.write_bytes(answer.read())
    return path


def test_it_is_small_and_names_nothing_outside(report: Path) -> None:
    text = report.read_text()

    assert len(text.encode()) < 500_000
    assert 'src="http' not in text
    assert 'href="http' not in text
    assert "<script>alert(1)" not in text


def test_it_works_from_disk_with_no_network(report: Path, browser: Browser) -> None:
    context = browser.new_context(offline=True)
    screen = Screen(context)
    page = screen.page
    page.goto(report.as_uri())
    expect(page.get_by_role("heading", name="Endpoints", exact=True)).to_be_visible()
    expect(page.get_by_text("1,000 of 1,000")).to_be_visible()
    expect(page.locator(".plot canvas")).not_to_have_count(0)
    expect(page.get_by_role("figure", name="Latency over throughput")).to_be_visible()
    expect(page.get_by_role("figure", name="Percentiles of the whole run")).to_contain_text("50,000 requests")
    page.get_by_role("button", name=SLOWEST).first.click()
    expect(page.get_by_role("region", name=f"GET {SLOWEST}")).to_be_visible()
    assert screen.complaints == []
    context.close()


def test_what_is_for_the_hand_is_not_printed(report: Path, browser: Browser) -> None:
    context = browser.new_context(offline=True)
    screen = Screen(context)
    page = screen.page
    page.goto(report.as_uri())
    spans = page.get_by_role("button", name="Percentiles", exact=True)
    expect(spans).to_be_visible()
    page.emulate_media(media="print")
    expect(spans).to_be_hidden()
    head = page.locator("header.top")
    for text in ("checkout-soak", "2026-", "http://127.0.0.1:8000", "figures valid"):
        expect(head).to_contain_text(text)
    expect(head.get_by_role("button")).to_be_hidden()
    expect(head.locator(".badge")).to_be_visible()
    expect(page.get_by_role("columnheader", name="pin")).to_be_hidden()
    expect(page.get_by_role("columnheader", name="p95 of late")).to_be_hidden()
    expect(page.get_by_role("group", name="Time range")).to_be_hidden()
    expect(page.get_by_role("figure", name="Latency over throughput")).to_be_visible()
    assert screen.complaints == []
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_its_print_fits_a_sheet(report: Path, browser: Browser, scripts: bool) -> None:
    context = browser.new_context(
        offline=True, java_script_enabled=scripts, viewport={"width": 718, "height": 1000}
    )
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto(report.as_uri())
    if scripts:
        expect(page.get_by_text("1,000 of 1,000")).to_be_attached()
        expect(page.locator(".plot canvas")).not_to_have_count(0)
    wide = page.locator("table").evaluate_all("all => all.map((each) => each.getBoundingClientRect().right)")
    assert len(wide) >= 3
    assert max(wide) <= 718
    assert page.locator("html").evaluate("html => html.scrollWidth") <= 718
    context.close()


def test_axe_finds_nothing_in_it(report: Path, browser: Browser) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
        screen = Screen(context)
        screen.page.goto(report.as_uri())
        expect(screen.page.get_by_role("heading", name="Endpoints", exact=True)).to_be_visible()
        assert screen.violations() == []
        context.close()


def test_without_scripts_it_is_a_summary(report: Path, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    summary = page.locator("#summary")
    for text in ("checkout-soak", SLOWEST, "HTTPError('500 Server Error')", "1,000 missing"):
        expect(summary).to_contain_text(text)
    assert ODD[0] not in page.locator("script").all_inner_texts()
    context.close()
