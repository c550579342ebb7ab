"""Heat map, percentile curves, latency over throughput, and what the tables and charts tell beyond their figures."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.system.cli_process import Cli
from tests.web.browser import big_run
from tests.web.browser.big_run import END, SECONDS, SLOWEST
from tests.web.browser.pages import PAGES, Screen
from tests.web.browser.ui_process import UiProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINES = 2_000


def _alter(snapshot: dict[str, Any], details: dict[str, Any]) -> None:
    """The big run with late requests, a generator that was too slow, workers that came and went, and a long log."""
    names = snapshot["names"]
    names["late"] = [7 if name == SLOWEST else 0 for name in names["name"]]
    names["p95_intent_run"] = [1_234.0 if name == SLOWEST else None for name in names["name"]]
    names["name"][-1] = "http://other.example/catalogue/a"
    names["name"][-2] = "http://other.example/catalogue/b"
    snapshot["run"] |= {
        "late": 7,
        "verdict": {"valid": False, "reasons": ["the event loop was late by 40 ms at p99"]},
    }
    worker = {"kind": "worker", "worker": "host-8_088"}
    snapshot["events"] = [
        {"id": 1, "time": END - SECONDS, "text": "host-8_088 has joined", "change": "joined", **worker},
        {"id": 2, "time": END - 600, "text": "host-8_088 is missing", "change": "missing", **worker},
        {"id": 3, "time": END - 300, "kind": "verdict", "text": "the loop was late", "valid": False},
        {"id": 4, "time": END - 1, "kind": "state", "text": "stopped", "state": "stopped"},
    ]
    heat = details["heatmaps"]["\x1fAggregated"]
    later = [[n + (at % 2 == 0) for at, n in enumerate(column)] for column in heat["columns"]]
    details["heatmaps_intent"] = {"\x1fAggregated": {**heat, "columns": later}}
    snapshot["log"] = LINES
    details["logs"] = [
        {
            "id": n,
            "time": END - LINES + n,
            "node": "master",
            "level": "INFO",
            "logger": "swarm",
            "text": f"line {n}" + "\n  more of it" * (n % 3),
            "times": 1,
        }
        for n in range(1, LINES + 1)
    ]


@contextmanager
def altered(factory: pytest.TempPathFactory, alter: Callable[..., None]) -> Iterator[UiProcess]:
    """Serve the big run, altered."""
    folder = factory.mktemp("altered")
    big_run.write(folder / "run.jsonl", alter)
    with UiProcess(Cli(folder), "replay", "run.jsonl", "--web-port", "0") as ui:
        yield ui


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UiProcess]:
    """The big run, altered by `_alter`."""
    with altered(tmp_path_factory, _alter) as ui:
        yield ui


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UiProcess]:
    """The big run, of which a worker did not deliver its last report; its ids are long."""
    with altered(tmp_path_factory, _fall_silent) as ui:
        yield ui


def _fall_silent(snapshot: dict[str, Any], details: dict[str, Any]) -> None:
    ids = snapshot["workers"]["id"]
    ids[:] = [f"vm_{n:08x}4fd5a9463ca58ce724e81ab3" for n in range(len(ids))]
    snapshot["total"] |= {"rps_run": 777.0}
    snapshot["run"]["accounting"] = {
        "heard": 5_000_000,
        "merged": 5_000_000,
        "missing": 0,
        "closed": False,
        "complete": False,
        "open": [ids[88]],
        "text": f"100 workers: 5,000,000 samples merged. 1 worker did not deliver its last report: {ids[88]}.",
    }
    details["errors"]["failures"][0]["error"] = "HTTPError('500 Server Error, and much more that is said')"
    details["errors"]["exceptions"] = [
        {"id": name, "count": 1, "msg": name, "traceback": f"Traceback\n{name}: 'x'", "nodes": ids[:1]}
        | {"first_seen": END - 9, "last_seen": END - 9}
        for name in ("KeyError", "ValueError")
    ]
    snapshot["errors"]["exceptions"] = 2


def test_a_worker_that_did_not_deliver_all_is_told_loudly(screen: Screen, silent: UiProcess) -> None:
    page = screen.page
    screen.open(silent.url)
    samples = page.locator(".tiles .bad", has_text="Samples")
    expect(samples).to_contain_text("not all known1 worker did not deliver the last report")
    for name in ("workers", "report"):
        screen.open_page(name)
        expect(page.locator(".notice.warn", has_text="did not deliver its last report")).to_be_visible()


def test_the_rate_of_the_whole_run_is_the_servers(screen: Screen, silent: UiProcess, big: UiProcess) -> None:
    for ui, rate in ((silent, "777"), (big, "694")):  # an older recording has none: requests by seconds
        screen.open(ui.url)
        expect(screen.page.locator(".tiles > div", has_text="Requests/s")).to_contain_text(rate)


def test_long_ids_of_workers_are_cut(screen: Screen, silent: UiProcess) -> None:
    page = screen.page
    screen.open(silent.url, "workers")
    whole = "vm_000000584fd5a9463ca58ce724e81ab3"
    rows = page.get_by_role("region", name="Workers", exact=True).locator("tbody tr[aria-rowindex]")
    expect(rows.first.locator("bdi")).to_have_text("vm_00000058…")
    expect(rows.first.locator("bdi")).to_have_attribute("title", whole)
    expect(page.locator(".worker-grid li.missing")).to_have_attribute("title", f"{whole} is missing")
    expect(page.locator(".workers-card p")).to_contain_text("vm_00000058… is missing")
    page.set_viewport_size({"width": 1280, "height": 800})
    box = page.locator(".windowed")
    assert box.evaluate("box => box.scrollWidth - box.clientWidth") == 0


def test_the_filter_of_errors_is_for_exceptions_too(screen: Screen, silent: UiProcess) -> None:
    page = screen.page
    screen.open(silent.url, "errors")
    expect(page.locator(".groups li")).to_have_count(2)
    page.get_by_label("Filter").fill("keyerror")
    expect(page.locator(".groups li")).to_have_count(1)
    page.get_by_label("Filter").fill("neither")
    expect(page.get_by_text("None has these words.")).to_be_visible()


def test_a_long_message_is_cut_with_an_ellipsis(screen: Screen, silent: UiProcess) -> None:
    page = screen.page
    page.set_viewport_size({"width": 360, "height": 700})
    screen.open(silent.url, "errors")
    message = page.locator(".message")
    expect(message).to_be_visible()
    cut, inside = message.evaluate("""each => [
        each.scrollWidth > each.clientWidth,
        each.getBoundingClientRect().right <= each.closest('td').getBoundingClientRect().right,
    ]""")
    assert cut
    assert inside


def test_no_card_ends_before_the_one_beside_it(screen: Screen, big: UiProcess) -> None:
    screen.page.set_viewport_size({"width": 1500, "height": 900})
    screen.open(big.url, "live", "?range=all")
    expect(screen.page.get_by_role("figure", name="Latency over throughput")).to_be_visible()
    ends = screen.page.locator(".two > div > :last-child").evaluate_all(
        "all => all.map((each) => Math.round(each.getBoundingClientRect().bottom))"
    )
    assert len(set(ends)) == 1


def test_latency_over_throughput_tells_of_the_last_dot(screen: Screen, big: UiProcess) -> None:
    screen.open(big.url, "live", "?range=all")
    chart = screen.page.get_by_role("figure", name="Latency over throughput")
    label = chart.get_by_role("img").get_attribute("aria-label") or ""
    at = re.search(r"req/s, (\S+)\.", label)
    assert at
    last = screen.page.evaluate("t => new Date(t * 1000).toTimeString().slice(0, 8)", END - 10)
    assert at[1] == last


def _drag(screen: Screen, over: Locator, begin: float, end: float) -> None:
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    screen.page.mouse.move(box["x"] + begin * box["width"], y)
    screen.page.mouse.down()
    screen.page.mouse.move(box["x"] + end * box["width"], y, steps=4)
    screen.page.mouse.up()


def test_a_span_of_the_heat_map_has_its_percentiles(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url, "live", "?range=all")
    curve = page.get_by_role("figure", name=re.compile("^Percentiles from "))
    heat = page.locator(".heatmap")
    heat_map = heat.get_by_role("img", name=re.compile("^Latency heat map"))
    expect(heat_map).to_have_attribute("aria-label", re.compile("requests in one cell"))

    _drag(screen, heat.locator(".map"), 0.3, 0.5)
    expect(curve).to_contain_text("from the heat map's buckets, ±12 %")
    for label in ("p50", "p90", "p99", "p99.9"):
        expect(heat.locator("dt", has_text=re.compile(f"^{re.escape(label)}$"))).to_be_visible()
    page.get_by_role("button", name="Close the percentiles").click()
    expect(curve).to_have_count(0)

    heat_map.focus()
    page.keyboard.press("ArrowLeft")
    expect(heat.get_by_role("status").first).to_contain_text("requests took")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowLeft")
    expect(curve).to_be_visible()
    page.keyboard.press("Escape")
    expect(curve).to_have_count(0)

    page.get_by_role("button", name="Percentiles", exact=True).click()
    curve.get_by_role("img").focus()
    page.keyboard.press("Home")
    expect(curve.get_by_role("status")).to_contain_text("0 %: service")


def test_latencies_from_the_intended_start_are_offered_when_there_are_late_requests(
    screen: Screen, big: UiProcess, late: UiProcess
) -> None:
    page = screen.page
    screen.open(big.url, "live", "?range=all")
    expect(page.get_by_role("button", name="Percentiles", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="intended start")).to_have_count(0)

    screen.open(late.url, "live", "?range=all")
    page.get_by_role("button", name="intended start").click()
    page.get_by_role("button", name="Percentiles", exact=True).click()
    expect(page.get_by_role("figure", name=re.compile("^Percentiles from "))).to_contain_text(
        "from the intended start"
    )
    page.get_by_role("button", name="difference").click()
    expect(page.locator(".heatmap > figcaption")).to_contain_text("more from the intended start")
    page.locator(".heatmap .map canvas").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".heatmap > .hint")).to_contain_text(re.compile("(fewer|more) took"))

    screen.open(late.url, "endpoints")
    slowest = page.get_by_role("table").locator("tbody tr[aria-rowindex]").nth(1)
    expect(slowest).to_contain_text(SLOWEST)
    expect(slowest).to_contain_text("1,234")
    screen.open(big.url, "endpoints")
    expect(page.get_by_role("columnheader", name="late", exact=True)).to_have_count(0)


def test_the_percentile_curve_of_a_name_and_of_the_run_is_exact(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url, "endpoints", f"?range=all&open=GET%20{SLOWEST}")
    for place in ("drawer", "report"):
        if place == "report":
            screen.open(big.url, "report")
        curve = page.get_by_role("figure", name="Percentiles of the whole run")
        expect(curve).to_contain_text("50,000 requests")
        expect(page.locator(".percentiles .facts")).to_contain_text("p99.9900 msmax2,000 ms")


def test_the_report_is_previewed(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url, "report")
    page.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_role("figure", name="Latency over throughput")).to_be_visible()
    expect(preview.get_by_text("1,000 of 1,000")).to_be_visible()


def test_latency_over_throughput_is_read_dot_by_dot(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url, "live", "?range=all")
    chart = page.get_by_role("figure", name="Latency over throughput")
    chart.get_by_role("img").focus()
    page.keyboard.press("End")
    expect(chart.get_by_role("status")).to_contain_text(re.compile(r"req/s, \d\d:\d\d:\d\d: p95"))
    screen.open(big.url, "live", f"?range={END - 15}-{END}")
    expect(page.get_by_role("figure", name="Throughput (/s)")).to_be_visible()
    expect(chart).to_have_count(0)


def test_suspect_measurements_are_said_so_on_every_page(screen: Screen, late: UiProcess) -> None:
    page = screen.page
    screen.open(late.url, "live", "?range=all")
    expect(page.locator("main")).to_contain_text(re.compile(r"Measurements suspect since \d\d:\d\d:\d\d"))
    for name in list(PAGES)[1:]:  # there is no new run of a recording
        screen.open_page(name)
        assert page.evaluate("getComputedStyle(document.body, '::after').borderTopWidth") == "4px"


def test_a_worker_that_joins_is_quiet_and_one_that_is_missing_is_loud(
    screen: Screen, late: UiProcess
) -> None:
    page = screen.page
    screen.open(late.url, "live", "?range=all")
    timeline = page.get_by_role("region", name="Timeline")
    expect(timeline.locator(".loud")).to_have_count(2)
    expect(timeline.locator(".loud", has_text="is missing")).to_be_visible()
    expect(timeline.locator(".loud", has_text="has joined")).to_have_count(0)


def test_what_happened_is_told_at_the_charts_cursor(screen: Screen, late: UiProcess) -> None:
    page = screen.page
    screen.open(late.url, "live", "?range=all")
    chart = page.get_by_role("figure", name="Throughput (/s)")
    chart.get_by_role("img").focus()
    page.keyboard.press("End")
    expect(chart.get_by_role("status")).to_contain_text(". stopped")
    expect(chart.locator(".tip")).to_contain_text("stopped")
    page.keyboard.press("Home")
    expect(chart.get_by_role("status")).not_to_contain_text("joined")


def test_the_time_range_takes_no_row_of_its_own(screen: Screen, big: UiProcess) -> None:
    screen.open(big.url, "live")
    picker = screen.page.get_by_role("group", name="Time range").bounding_box()
    chart = screen.page.get_by_role("figure", name="Latency, last").bounding_box()
    assert picker
    assert chart
    assert chart["y"] <= picker["y"]
    assert picker["y"] + picker["height"] <= chart["y"] + chart["height"]


def test_a_failure_tells_all_of_its_message_and_where_it_happened(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url, "errors")
    row = page.get_by_role("table").locator("tbody tr[aria-rowindex]").first
    expect(row.locator("td").nth(4)).to_have_text("30")
    row.get_by_role("button", name="HTTPError").click()
    detail = page.get_by_role("region", name="The failure")
    expect(detail.locator("pre")).to_have_text("HTTPError('500 Server Error')")
    expect(detail).to_contain_text("host-0_019 and 10 more")
    page.reload()
    expect(detail).to_be_visible()
    page.keyboard.press("Escape")
    expect(detail).to_have_count(0)


def test_columns_are_chosen_and_the_address_keeps_them(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    screen.open(big.url, "endpoints")
    head = page.get_by_role("columnheader", name="mean size")
    expect(head).to_be_visible()
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("mean size").uncheck()
    expect(head).to_have_count(0)
    page.reload()
    expect(page.get_by_text("1,000 of 1,000")).to_be_visible()
    expect(head).to_have_count(0)


def test_hosts_are_the_first_level_of_the_tree(screen: Screen, late: UiProcess) -> None:
    page = screen.page
    screen.open(late.url, "endpoints", "?tree=1&filter=catalogue")
    page.get_by_role("button", name="http://other.example/").click()
    page.get_by_role("button", name="http://other.example/catalogue/ 2 names").click()
    expect(page.get_by_role("button", name="http://other.example/catalogue/b").first).to_be_visible()


def test_a_long_log_is_windowed(screen: Screen, late: UiProcess) -> None:
    page = screen.page
    screen.open(late.url, "logs")
    log = page.get_by_role("region", name="Log lines")
    expect(log.get_by_role("table")).to_have_attribute("aria-rowcount", "501")
    expect(
        log.get_by_text(f"line {LINES}", exact=True).or_(log.get_by_text(f"line {LINES}\n"))
    ).to_be_visible()
    assert log.locator("tr[aria-rowindex]").count() < 250

    log.evaluate("element => element.scrollTo(0, 0)")
    expect(log.get_by_text(re.compile(f"^line {LINES - 499}"))).to_be_visible()
    expect(page.get_by_label("follow")).not_to_be_checked()
    assert log.locator("tr[aria-rowindex]").count() < 250


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_what_is_unfolded(late: UiProcess, browser: Browser, scheme: str) -> None:
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
    screen = Screen(context)
    page = screen.page
    screen.open(late.url, "live", "?range=all")
    page.get_by_role("button", name="difference").click()
    page.get_by_role("button", name="Percentiles", exact=True).click()
    expect(page.get_by_role("figure", name=re.compile("^Percentiles from "))).to_be_visible()
    found = screen.violations()
    screen.open(late.url, "errors")
    page.get_by_role("button", name="HTTPError").click()
    found += screen.violations()
    screen.open(late.url, "endpoints", f"?open=GET%20{SLOWEST}")
    page.locator("summary", has_text="Columns").dispatch_event("click")
    expect(page.get_by_role("figure", name="Percentiles of the whole run")).to_be_visible()
    found += screen.violations()
    screen.open(late.url, "report")
    page.get_by_role("button", name="Preview").click()
    found += screen.violations()
    context.close()

    assert found == []
    assert screen.complaints == []


def test_what_is_unfolded_fits_a_narrow_screen_and_forced_colors(late: UiProcess, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 700}, forced_colors="active")
    screen = Screen(context)
    page = screen.page
    screen.open(late.url, "live", "?range=all")
    page.get_by_role("button", name="difference").click()
    page.get_by_role("button", name="Percentiles", exact=True).click()
    curve = page.get_by_role("figure", name=re.compile("^Percentiles from "))
    expect(curve).to_be_visible()
    wide = {"live": page.evaluate("document.scrollingElement.scrollWidth")}
    screen.open(late.url, "errors")
    page.get_by_role("button", name="HTTPError").click()
    wide["errors"] = page.evaluate("document.scrollingElement.scrollWidth")
    screen.open(late.url, "report")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("region", name="Preview")).to_be_visible()
    wide["report"] = page.evaluate("document.scrollingElement.scrollWidth")
    context.close()

    assert {name: width for name, width in wide.items() if width > 360} == {}
    assert screen.complaints == []


def test_nothing_moves_by_itself(screen: Screen, late: UiProcess) -> None:
    screen.page.emulate_media(reduced_motion="reduce")
    screen.open(late.url, "live", "?range=all")
    expect(screen.page.get_by_role("figure", name="Throughput (/s)")).to_be_visible()
    moving = "[...document.querySelectorAll('*')].filter((each) => each.getAnimations().length).length"
    assert screen.page.evaluate(moving) == 0
