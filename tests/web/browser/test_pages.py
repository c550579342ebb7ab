"""Each page in each state: readable, without complaints, by everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, expect

from tests.system.cli_process import Cli
from tests.system.swarm_of import until
from tests.web.browser import big_run
from tests.web.browser.pages import PAGES, Screen
from tests.web.browser.ui_process import UiProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module", params=["ready", "running", "stopped"])
def state(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UiProcess]:
    """A process whose run is in this state; failures and exceptions are in its figures once it runs."""
    with UiProcess.of_locustfile(Cli(tmp_path_factory.mktemp("ui"))) as ui:
        if request.param != "ready":
            ui.post("api/v1/run", {"users": 8, "rate": 100})
            _await(ui, lambda shot: shot["errors"]["exceptions"] and shot["run"]["state"] == "running")
        if request.param == "stopped":
            ui.post("api/v1/run/stop", {})
            _await(ui, lambda shot: shot["run"]["state"] == "stopped")
        yield ui


def _await(ui: UiProcess, is_so: Callable[[dict[str, Any]], object]) -> None:
    until(lambda: is_so(ui.get("api/v1/snapshot")), "the run came to its state", 60)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_the_console_says_nothing(
    state: UiProcess, browser: Browser, scheme: str
) -> None:
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
    screen = Screen(context)
    found = {}
    screen.open(state.url)
    for name in PAGES:
        screen.open_page(name)
        found[name] = screen.violations()
    context.close()

    assert {name: said for name, said in found.items() if said} == {}
    assert screen.complaints == []


def test_every_page_fits_a_narrow_screen(state: UiProcess, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 700})
    screen = Screen(context)
    wide = {}
    screen.open(state.url)
    for name in PAGES:
        screen.open_page(name)
        wide[name] = screen.page.evaluate("document.scrollingElement.scrollWidth")
    context.close()

    assert {name: width for name, width in wide.items() if width > 360} == {}
    assert screen.complaints == []


def test_names_are_text_whatever_is_in_them(screen: Screen, ui: UiProcess) -> None:
    page = screen.page
    screen.open(ui.url)
    screen.start(users=8)
    screen.open_page("endpoints")
    for name in ("/<img src=x onerror=alert(1)>", "/\u202eright-to-left", "/\U0001f41d\U0001f525"):
        expect(page.locator("bdi", has_text=name).first).to_be_visible()
    screen.open_page("errors")
    expect(page.get_by_role("table")).to_contain_text("no <b>stock</b>")
    page.locator("summary", has_text="KeyError").or_(page.locator("summary", has_text="'id'")).first.click()
    expect(page.locator("details[open] pre")).to_contain_text("raise_something")

    assert page.locator("main img").count() == 0


def test_a_distributed_run_of_a_moment_is_shown_without_complaints(screen: Screen, cli: Cli) -> None:
    with UiProcess.of_locustfile(cli, "--processes", "2") as ui:
        screen.open(ui.url)
        expect(screen.page.locator(".tiles")).to_contain_text("2 / 2")
        ui.post("api/v1/run", {"users": 4, "rate": 100})
        _await(ui, lambda shot: "stop" in shot["run"]["actions"])
        ui.post("api/v1/run/stop", {})
        screen.expect_state("stopped")
        for name in PAGES:
            screen.open_page(name)


def test_a_sparkline_begins_with_its_run(screen: Screen, ui: UiProcess) -> None:
    page = screen.page
    screen.open(ui.url, "endpoints")
    longer = "n => document.querySelector('.spark polyline')?.getAttribute('points').split(' ').length {} n"
    ui.post("api/v1/run", {"users": 8, "rate": 100})
    page.wait_for_function(longer.format(">"), arg=6)
    screen.stop()
    ui.post("api/v1/run", {"users": 8, "rate": 100})
    page.wait_for_function(longer.format("<"), arg=6)


def test_right_after_a_reset_nothing_of_before_is_shown(screen: Screen, cli: Cli) -> None:
    def alter(snapshot: dict[str, Any], details: dict[str, Any]) -> None:
        snapshot["run"] |= {"state": "running", "ended": None}
        snapshot["total"]["fps"] = 0.0
        snapshot["history"] = {key: [] for key in snapshot["history"]}
        heat = details["heatmaps"]["\x1fAggregated"]
        heat["columns"] = [[] for _ in heat["columns"]]

    big_run.write(cli.folder / "reset.jsonl", alter)
    with UiProcess(cli, "replay", "reset.jsonl", "--web-port", "0") as ui:
        screen.open(ui.url)
        failing = screen.page.locator(".tiles > div", has_text="Failing now")
        expect(failing).to_contain_text("0 %60 in all")
        expect(failing).not_to_have_class("bad")
        assert screen.page.locator(".heatmap canvas").evaluate("canvas => canvas.width") == 0
