"""A run steered from the browser: what the page shows is what the process has confirmed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, expect

from tests.system.swarm_of import until
from tests.web.browser.pages import PAGES, Screen
from tests.web.browser.ui_process import UiProcess

if TYPE_CHECKING:
    from tests.system.cli_process import Cli

STAYING = """
    import time
    from pathlib import Path
    from swarm import User, constant, task

    class Stayer(User):
        wait_time = constant(0.05)

        @task
        def visit(self):
            with self.environment.events.request.measure("GET", "/visit"):
                time.sleep(0.01)
            while Path("stay").exists():
                time.sleep(0.05)
"""
"""A locustfile whose tasks last as long as there is a file `stay`."""


def test_a_run_is_started_changed_held_and_stopped(screen: Screen, ui: UiProcess) -> None:
    page = screen.page
    screen.open(ui.url)
    screen.expect_state("ready")

    screen.start(users=8)
    screen.expect_state("running")
    expect(page.locator(".tiles")).to_contain_text("target 8")

    load = page.get_by_role("form", name="Load")
    load.get_by_label("exactly").fill("20")
    load.get_by_role("button", name="Apply").click()
    expect(load).to_contain_text("more than twice 8 users")
    load.get_by_role("button", name="Apply all the same").click()
    expect(page.locator(".tiles")).to_contain_text("target 20")
    screen.expect_state("running")

    page.get_by_role("button", name="Pause", exact=True).click()
    screen.expect_state("paused")
    page.get_by_role("button", name="Resume", exact=True).click()
    screen.expect_state("running")

    screen.stop()
    expect(page.locator(".tiles")).to_contain_text("whole run")
    timeline = page.get_by_role("region", name="Timeline")
    for word in ("20 users", "pause", "resume", "stop", "by operator from 127.0.0.1"):
        expect(timeline).to_contain_text(word)
    assert ui.get("api/v1/snapshot")["run"]["state"] == "stopped"


def test_the_mix_of_classes_is_changed_and_the_statistics_are_reset(screen: Screen, ui: UiProcess) -> None:
    page = screen.page
    screen.open(ui.url)
    screen.start(users=8)
    screen.expect_state("running")

    page.get_by_role("button", name="Adjust").click()
    dialog = page.get_by_role("dialog", name="Adjust the load")
    dialog.get_by_label("Visitor").fill("1")
    dialog.get_by_label("Breaker").fill("1")
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_be_hidden()
    screen.open_page("report")
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("load")

    until(
        lambda: ui.get("api/v1/snapshot")["run"]["classes"] == {"Visitor": 4, "Breaker": 4}, "the mix changed"
    )

    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Reset", exact=True).click()
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("reset")


def test_the_keyboard_reaches_everything(screen: Screen, ui: UiProcess) -> None:
    page = screen.page
    screen.open(ui.url)
    screen.start(users=6)
    screen.expect_state("running")

    for key, name in {"e": "endpoints", "r": "errors", "w": "workers", "o": "logs", "p": "report"}.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(screen.heading(name)).to_be_attached()

    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("table")).to_contain_text("/plain")
    page.keyboard.press("/")
    page.keyboard.type("deep c")
    expect(page.get_by_text("1 of ")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="GET /deep/a/c")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="GET /deep/a/c")).to_be_hidden()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("h")
    screen.expect_state("paused")
    page.keyboard.press("h")
    screen.expect_state("running")


def test_the_header_stays_where_it_is_when_what_is_awaited_changes(screen: Screen, ui: UiProcess) -> None:
    page, waits = screen.page, screen.page.locator(".waits")
    verdict = page.get_by_text("figures")

    def places() -> tuple[object, ...]:
        top, actions, elapsed, badge = (
            part.bounding_box() for part in (*map(page.locator, (".top", ".actions", ".elapsed")), verdict)
        )
        assert elapsed
        assert badge
        # On a busy machine the verdict's word may change meanwhile, and take the room to its left.
        return top, actions, round(elapsed["x"] + badge["width"])

    page.set_viewport_size({"width": 1400, "height": 800})
    screen.open(ui.url)
    ui.post("api/v1/run", {"users": 12, "rate": 2, "run_time": "10m"})
    screen.expect_state("spawning")
    expect(waits).to_contain_text("users")
    expect(verdict).to_be_visible()
    spawning, before = waits.inner_text(), places()
    screen.expect_state("running")
    expect(waits).not_to_have_text(spawning)
    assert places() == before


def test_the_logs_name_workers_briefly_and_stay_in_a_narrow_page(screen: Screen, cli: Cli) -> None:
    page = screen.page
    page.set_viewport_size({"width": 360, "height": 740})
    with UiProcess.of_locustfile(cli, "--processes", "2", "--expect-workers", "2") as ui:
        screen.open(ui.url, "logs")
        until(lambda: len(ui.get("api/v1/snapshot")["workers"]["id"]) == 2, "two workers")
        whole = ui.get("api/v1/snapshot")["workers"]["id"][0]
        ui.post("api/v1/run", {"users": 2, "rate": 2})
        brief = f"{whole[:-24]}…"
        cell = page.locator(f"td[title='{whole}']").first
        expect(cell).to_have_text(brief)
        node = page.get_by_label("Node")
        node.select_option(whole)
        expect(node.locator("option:checked")).to_have_text(brief)
        expect(page).to_have_url(re.compile(f"node={whole}"))
        box = node.bounding_box()
        assert box
        assert box["x"] + box["width"] <= 360
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_recording_starts_nothing_and_is_never_out_of_date(screen: Screen, big: UiProcess) -> None:
    page = screen.page
    page.goto(f"{big.url}#/new")
    expect(screen.heading("live")).to_be_attached()
    expect(page.locator("nav [aria-current=page]")).to_have_text("Live")
    expect(page.get_by_role("link", name="New run")).to_have_count(0)
    page.wait_for_timeout(5_000)  # longer than a page that is connected hears nothing
    screen.expect_state("stopped")


def test_the_help_lists_what_there_is(screen: Screen, ui: UiProcess) -> None:
    page = screen.page
    screen.open(ui.url)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard").locator("dt")
    expect(keys.filter(has_text="0")).to_have_count(1)
    listed = keys.all_inner_texts()
    assert listed[listed.index("]") + 1] == "0"
    expect(page.get_by_role("dialog")).to_contain_text("n new run, l live")
    expect(page.get_by_role("dialog")).not_to_contain_text("extensions")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("x")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(screen.heading("live")).to_be_attached()


def test_the_questions_say_what_is_so(screen: Screen, ui: UiProcess) -> None:
    page, dialog = screen.page, screen.page.get_by_role("dialog")

    def says(button: str, text: str, *, also: bool) -> None:
        page.get_by_role("button", name=button, exact=True).click()
        (expect(dialog).to_contain_text if also else expect(dialog).not_to_contain_text)(text)
        dialog.get_by_role("button", name="Cancel").click()

    screen.open(ui.url)
    screen.start(users=1)
    screen.expect_state("running")
    expect(page.locator(".tiles")).to_contain_text("target 1")
    until(lambda: ui.get("api/v1/snapshot")["run"]["users"] == 1, "its user")
    says("Reset", "The load goes on.", also=True)
    says("Stop", "1 user stops. Requests", also=True)
    screen.stop()
    says("Reset", "The load goes on.", also=False)


def test_secrets_stay_in_the_process(screen: Screen, ui: UiProcess) -> None:
    bodies: list[str] = []
    screen.page.on("response", lambda answer: bodies.append(answer.url))
    screen.open(ui.url, "new")
    expect(
        screen.page.get_by_label("api_key", exact=False).or_(screen.page.get_by_label("Api key")).first
    ).to_have_value("")
    screen.start(users=2)
    screen.expect_state("running")
    for name in PAGES:
        screen.open_page(name)

    texts = [screen.page.request.get(url).text() for url in bodies if "/stream" not in url]
    assert len(texts) > 10
    assert not [text for text in texts if "hush-hush-hush" in text]


def seen_by_axe(browser: Browser, url: str, page: str) -> dict[str, list[str]]:
    """What axe finds on a page as it is now, light and dark."""
    found = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
        screen = Screen(context)
        screen.open(url, page)
        found[scheme] = screen.violations()
        context.close()
    return {scheme: said for scheme, said in found.items() if said}


def test_a_stop_that_drains_is_forced(screen: Screen, cli: Cli, browser: Browser) -> None:
    page = screen.page
    (cli.folder / "stay").touch()
    with UiProcess.of_locustfile(cli, "--stop-timeout", "600", text=STAYING) as ui:
        screen.open(ui.url)
        screen.start(users=3)
        screen.expect_state("running")
        expect(page.get_by_role("button", name="Force now")).to_have_count(0)
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_role("button", name="Stop the run").click()
        screen.expect_state("stopping")
        expect(page.locator(".waits")).to_contain_text("3 users are draining, forced in 5")

        page.get_by_role("button", name="Force now").click()
        dialog = page.get_by_role("dialog", name="Force the stop?")
        expect(dialog).to_contain_text("3 users that still run")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        page.keyboard.press("x")  # no key does anything behind it
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        screen.expect_state("stopping")
        assert seen_by_axe(browser, ui.url, "live") == {}

        page.get_by_role("button", name="Force now").click()
        dialog.get_by_role("button", name="Force now").click()
        screen.expect_state("stopped")
        expect(page.get_by_role("button", name="Force now")).to_have_count(0)
        expect(page.get_by_role("region", name="Timeline")).to_contain_text("force the stop: 3 users cut off")


def test_a_worker_is_drained_and_its_users_are_on_the_others(
    screen: Screen, cli: Cli, browser: Browser
) -> None:
    page, stay = screen.page, cli.folder / "stay"
    arguments = ("--processes", "3", "--expect-workers", "3", "--stop-timeout", "60")
    with UiProcess.of_locustfile(cli, *arguments, text=STAYING) as ui:
        screen.open(ui.url, "workers")
        squares = page.locator(".worker-grid li")
        expect(squares.locator("[aria-hidden]")).to_have_text(["○"] * 3)
        screen.start(users=6)
        screen.expect_state("running")
        screen.open_page("workers")
        until(lambda: ui.get("api/v1/snapshot")["workers"]["users"] == [2, 2, 2], "two users on each")
        expect(squares.first).to_contain_text("✓")
        until(lambda: min(ui.get("api/v1/snapshot")["workers"]["samples_merged"]) > 0, "requests of all")
        stay.touch()

        gone = ui.get("api/v1/snapshot")["workers"]["id"][0]
        row = page.get_by_role("row").filter(has=page.get_by_title(gone, exact=True))
        page.get_by_role("button", name=f"Drain {gone}").click()
        dialog = page.get_by_role("dialog", name="Drain this worker?")
        expect(dialog).to_contain_text(f"{gone} ends its 2 users in order")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        expect(row).to_contain_text("running")

        page.get_by_role("button", name=f"Drain {gone}").click()
        dialog.get_by_role("button", name="Drain", exact=True).click()
        expect(row).to_contain_text("draining")
        expect(squares.first).to_contain_text("→")
        expect(squares.first).to_contain_text(f"{gone[:-24]}…: draining")
        expect(page.get_by_role("button", name=f"Drain {gone}")).to_have_count(0)
        expect(page.get_by_role("button", name="Drain")).to_have_count(2)
        assert seen_by_axe(browser, ui.url, "workers") == {}

        stay.unlink()
        expect(squares).to_have_count(2)
        until(lambda: ui.get("api/v1/snapshot")["workers"]["users"] == [3, 3], "its users on the others")
        screen.open_page("live")
        timeline = page.get_by_role("region", name="Timeline")
        expect(timeline).to_contain_text(f"{gone} has left (drained)")
        screen.stop()
        until(lambda: ui.get("api/v1/snapshot")["run"]["accounting"], "the accounting")
        assert ui.get("api/v1/snapshot")["run"]["accounting"]["missing"] == 0


def test_who_may_only_look_drains_and_forces_nothing(screen: Screen, cli: Cli) -> None:
    cli.environment |= {"SWARM_WEB_TOKEN": "steer", "SWARM_WEB_VIEWER_TOKEN": "look"}
    arguments = ("--processes", "2", "--web-access", "token")
    with UiProcess.of_locustfile(cli, *arguments, text=STAYING) as ui:
        address = ui.url.partition("#")[0]
        screen.page.goto(f"{address}#token=look")
        expect(screen.heading("live")).to_be_attached()
        expect(screen.page.get_by_role("link", name="New run")).to_have_count(0)
        screen.page.evaluate("location.hash = '#/new'")
        expect(screen.page.locator("nav [aria-current=page]")).to_have_text("Live")
        expect(screen.heading("live")).to_be_attached()
        screen.open_page("workers")
        expect(screen.page.locator(".worker-grid li")).to_have_count(2)
        expect(screen.page.get_by_role("button", name="Drain")).to_have_count(0)
