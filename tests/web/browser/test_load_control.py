"""The load of a run that goes on: what a change will do, held, taken back, and no more than is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.system.swarm_of import until
from tests.web.browser.ui_process import LOCUSTFILE, UiProcess

if TYPE_CHECKING:
    from tests.system.cli_process import Cli
    from tests.web.browser.pages import Screen

NESTED = """
    from swarm import TaskSet

    class Shopper(User):
        wait_time = constant(0.1)

        @task
        class Shopping(TaskSet):
            @task
            class Paying(TaskSet):
                @task
                def pay(self):
                    pass

                @task
                def back(self):
                    self.interrupt()
"""


def test_what_is_edited_is_drawn_as_a_line_into_the_future(screen: Screen, ui: UiProcess) -> None:
    page = screen.page
    screen.open(ui.url)
    screen.start(users=8)
    screen.expect_state("running")
    users = page.get_by_role("figure", name="Users", exact=True)
    load = page.get_by_role("form", name="Load")
    expect(users.get_by_role("button", name="target 8")).to_be_visible()
    expect(users.get_by_role("button", name="planned")).to_have_count(0)

    load.get_by_label("exactly").fill("12")
    expect(users.get_by_role("button", name="planned")).to_be_visible()
    expect(users.get_by_role("button", name="users 8")).to_be_visible()
    load.get_by_role("button", name="Cancel").click()
    expect(users.get_by_role("button", name="planned")).to_have_count(0)
    expect(load.get_by_label("exactly")).to_have_value("8")
    assert ui.get("api/v1/snapshot")["run"]["target"] == 8


def test_a_ramp_is_held_and_the_change_taken_back(screen: Screen, ui: UiProcess) -> None:
    page = screen.page
    screen.open(ui.url)
    screen.start(users=1_000, rate=2)
    load = page.get_by_role("form", name="Load")
    expect(load.get_by_role("button", name="Undo")).to_have_count(0)
    load.get_by_role("button", name="Hold").click()
    until(lambda: ui.get("api/v1/snapshot")["run"]["target"] < 200, "the ramp is held")
    screen.expect_state("running")
    expect(load.get_by_role("button", name="Hold")).to_have_count(0)

    load.get_by_role("button", name="Undo").click()
    expect(load).to_contain_text("more than twice")
    load.get_by_role("button", name="Apply all the same").click()
    expect(page.locator(".tiles")).to_contain_text("target 1,000")


def test_the_operators_ceiling_is_kept_and_told(screen: Screen, cli: Cli) -> None:
    page = screen.page
    with UiProcess.of_locustfile(cli, "--web-max-users", "20") as ui:
        screen.open(ui.url)
        screen.start(users=8)
        screen.expect_state("running")
        load = page.get_by_role("form", name="Load")
        expect(load).to_contain_text("20 users at most")
        expect(load.get_by_label("exactly")).to_have_attribute("max", "20")
        load.get_by_label("exactly").fill("21")
        load.get_by_role("button", name="Apply").click()
        assert not load.get_by_label("exactly").evaluate("field => field.validity.valid")
        assert ui.get("api/v1/snapshot")["run"]["target"] == 8


def test_an_empty_field_is_no_number_and_no_users_are_asked_for_twice(screen: Screen, ui: UiProcess) -> None:
    page = screen.page
    screen.open(ui.url)
    screen.start(users=8)
    screen.expect_state("running")
    load = page.get_by_role("form", name="Load")
    users = load.get_by_label("exactly")
    users.fill("")
    expect(users).to_have_value("")
    users.press("Enter")
    assert not users.evaluate("field => field.validity.valid")
    expect(load.get_by_role("button", name="Cancel")).to_be_visible()  # nothing was sent

    users.fill("0")
    users.press("Enter")
    expect(load).to_contain_text("stops all 8 users. Apply again to do it.")
    assert [each["action"] for each in _commands(ui)] == ["start"]
    load.get_by_role("button", name="Apply all the same").click()
    expect(page.locator(".tiles")).to_contain_text("target 0")


def test_a_run_is_not_started_with_an_empty_field(screen: Screen, ui: UiProcess) -> None:
    page = screen.page
    screen.open(ui.url, "new")
    for label in ("Users", "Spawn rate", "weight of Visitor"):
        field = page.get_by_label(label, exact=True)
        before = field.input_value()
        field.fill("")
        expect(field).to_have_value("")
        page.get_by_role("button", name="Start", exact=True).click()
        assert not field.evaluate("field => field.validity.valid")
        expect(screen.heading("new")).to_be_attached()
        field.fill(before)
    assert _commands(ui) == []


def test_what_runs_is_told_by_class_and_by_task(screen: Screen, cli: Cli) -> None:
    page = screen.page
    with UiProcess.of_locustfile(cli, text=LOCUSTFILE + NESTED) as ui:
        screen.open(ui.url, "new")
        classes = page.get_by_role("region", name="User classes")
        expect(classes.locator("li > ul > li > ul > li", has_text="pay 50 %")).to_be_visible()
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert classes.evaluate("box => box.scrollWidth - box.clientWidth") == 0
        as_in_file = classes.get_by_role("button", name="as in the file")
        expect(as_in_file).to_have_count(0)
        page.get_by_label("weight of Breaker").fill("0")
        as_in_file.click()
        expect(page.get_by_label("weight of Breaker")).to_have_value("1")
        page.get_by_label("weight of Visitor").fill("2")
        screen.start(users=8)
        screen.expect_state("running")

        shown = page.get_by_role("region", name="Classes")
        expect(shown.get_by_role("row", name="Visitor 4 4 50 %")).to_be_visible()
        page.get_by_role("button", name="Adjust").click()
        mix = page.get_by_role("group", name="Mix (weights)")
        expect(mix.get_by_label("Visitor")).to_have_value("2")
        expect(mix.get_by_label("Breaker")).to_have_value("1")


def _commands(ui: UiProcess) -> list[Any]:
    return [each for each in ui.get("api/v1/snapshot")["events"] if each["kind"] == "command"]
