"""A run steered from the browser: what the page shows is what the process has confirmed."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.system.swarm_of import until
from tests.web.browser.pages import PAGES, Screen
from tests.web.browser.ui_process import UiProcess


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
