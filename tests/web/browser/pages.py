"""The UI as its reader sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

PAGES = {
    "new": "New run",
    "live": "Live",
    "endpoints": "Endpoints",
    "errors": "Errors",
    "workers": "Workers",
    "logs": "Logs",
    "report": "Report",
}
"""The pages, and their headings."""
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


class Screen:
    """A page of a browser. `complaints` are errors of its scripts, and what its console says of policy and errors."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None,
        )

    def open(self, url: str, page: str = "live", query: str = "") -> None:
        """Open a page and wait until it shows what it is for."""
        self.page.goto(f"{url}#/{page}{query}")
        expect(self.heading(page)).to_be_attached()

    def heading(self, page: str) -> Locator:
        """The heading of a page."""
        return self.page.get_by_role("heading", level=1, name=PAGES[page], exact=True)

    def expect_state(self, state: str) -> None:
        """Wait until the header shows this state of the run as the present one."""
        expect(self.page.locator(".lifecycle .now")).to_have_text(state)

    def start(self, users: int = 8, rate: int = 100) -> None:
        """Start a run as one does it by hand."""
        self.open_page("new")
        self.page.get_by_label("Users", exact=True).fill(str(users))
        self.page.get_by_label("Spawn rate", exact=True).fill(str(rate))
        self.page.get_by_role("button", name="Start", exact=True).click()
        expect(self.heading("live")).to_be_attached()

    def open_page(self, page: str) -> None:
        """Go to another page by its link."""
        self.page.get_by_role("navigation").get_by_role("link", name=PAGES[page], exact=True).click()
        expect(self.heading(page)).to_be_attached()

    def stop(self) -> None:
        """Stop the run, and say yes."""
        self.page.get_by_role("button", name="Stop", exact=True).click()
        self.page.get_by_role("button", name="Stop the run").click()
        self.expect_state("stopped")

    def violations(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA."""
        found: list[dict[str, Any]] = Axe().run(self.page, options=WCAG).response["violations"]
        return [f"{each['id']}: {[node['html'][:200] for node in each['nodes'][:3]]}" for each in found]
