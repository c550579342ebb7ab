"""What goes wrong between a browser and a process: many tabs, a process that goes away, proxies, hostile pages."""

from __future__ import annotations

import re
import signal
import urllib.error
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING

import psutil
from playwright.sync_api import BrowserContext, expect

from tests.servers import nginx
from tests.system.swarm_of import until
from tests.web.browser.pages import Screen
from tests.web.browser.ui_process import UiProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.cli_process import Cli


PROXY = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 200; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /load/ {{
      proxy_pass http://127.0.0.1:UI/;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
    }}
  }}
}}
"""


def test_eight_tabs_share_one_connection(context: BrowserContext, ui: UiProcess) -> None:
    screens = [Screen(context) for _ in range(8)]
    for screen in screens:
        screen.open(ui.url)
        expect(screen.page.get_by_text("live", exact=True)).to_be_visible()

    screens[0].start(users=4)
    for screen in screens:
        screen.expect_state("running")

    process = psutil.Process(ui.process.pid)
    until(lambda: len(_streams(process, ui.port)) <= 6, "other connections were let go")
    assert [screen.complaints for screen in screens] == [[]] * 8


def _streams(process: psutil.Process, port: int) -> list[object]:
    return [
        each
        for each in process.net_connections("tcp")
        if each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED
    ]


def test_the_page_finds_a_process_that_came_back(context: BrowserContext, cli: Cli) -> None:
    screen = Screen(context)  # its console tells of the connection that was lost: that is no complaint
    with UiProcess.of_locustfile(cli) as first:
        port, url = first.port, first.url
        screen.open(url)
        screen.start(users=4)
        screen.expect_state("running")
        first.process.signal(signal.SIGKILL)
        expect(screen.page.get_by_text("not connected")).to_be_visible()
    with UiProcess.of_locustfile(cli, port=port):
        expect(screen.page.get_by_text("live", exact=True)).to_be_visible()
        screen.expect_state("ready")
        screen.start(users=3)
        screen.expect_state("running")
        times = screen.page.evaluate(
            "import(document.querySelector('script[type=module]').src.replace('app.js', 'live.js'))"
            ".then(({ run }) => run.history.time)"
        )
        assert times == sorted(set(times))


def test_a_process_that_came_back_with_another_token_asks_for_it_in_all_tabs(
    context: BrowserContext, cli: Cli
) -> None:
    first, other = Screen(context), Screen(context)
    cli.environment["SWARM_WEB_TOKEN"] = "the-token-of-the-first"
    with UiProcess.of_locustfile(cli, "--web-access", "token") as ui:
        port, address = ui.port, ui.url.partition("#")[0]
        first.page.goto(ui.url)
        expect(first.heading("live")).to_be_attached()
        other.open(address, "endpoints")
        ui.process.signal(signal.SIGKILL)
        expect(first.page.get_by_text("not connected")).to_be_visible()
    cli.environment["SWARM_WEB_TOKEN"] = "the-token-of-the-second"
    with UiProcess.of_locustfile(cli, "--web-access", "token", port=port):
        for screen in (first, other):
            expect(screen.page.get_by_label("Token")).to_be_visible()
        asked: list[str] = []
        other.page.on("request", lambda request: asked.append(request.url))
        first.page.get_by_label("Token").fill("the-token-of-the-second")
        first.page.get_by_role("button", name="Log in").click()
        for screen, page in ((first, "live"), (other, "endpoints")):
            expect(screen.heading(page)).to_be_attached()
            expect(screen.page.get_by_text("live", exact=True)).to_be_visible()
        first.start(users=3)
        for screen in (first, other):
            screen.expect_state("running")
        assert len([url for url in asked if url.endswith("/snapshot")]) <= 2


def test_who_is_not_logged_in_asks_for_nothing_but_a_token(screen: Screen, cli: Cli) -> None:
    page, answers = screen.page, Counter[tuple[str, int]]()
    page.on("response", lambda answer: answers.update([(answer.url.rpartition("/")[2], answer.status)]))
    with UiProcess.of_locustfile(cli, "--web-access", "token") as ui:
        address, _, token = ui.url.partition("#token=")
        page.goto(address)
        expect(page.get_by_label("Token")).to_be_visible()
        page.wait_for_timeout(4_500)  # two of the times at which it would ask again
        assert [name for name, status in answers if status >= 400] == []
        assert ("snapshot", 200) not in answers

        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("live", exact=True)).to_be_visible()


def test_the_log_in_says_why_the_links_token_was_refused(context: BrowserContext, cli: Cli) -> None:
    page = Screen(context).page  # its console tells of what was refused
    with UiProcess.of_locustfile(cli, "--web-access", "token") as ui:
        address, _, token = ui.url.partition("#")
        page.goto(f"{address}#token=of-another-run")
        expect(page.get_by_role("status")).to_have_text("This is not the token of this process.")
        for _ in range(10):
            page.request.get(f"{address}metrics", headers={"Authorization": "Bearer guess"})
        page.evaluate("location.hash = '#token=of-another-run'")
        expect(page.get_by_role("status")).to_contain_text(
            "Too many wrong tokens came from your address: wait"
        )
        page.evaluate(f"location.hash = '#{token}'")  # the right one, in a page that is open already
        expect(page.get_by_text("live", exact=True)).to_be_visible()
        assert "token" not in page.url


def test_a_token_never_comes_back_into_the_address(screen: Screen, cli: Cli) -> None:
    page = screen.page
    with UiProcess.of_locustfile(cli, "--web-access", "token") as ui:
        page.goto(ui.url)
        lit = page.get_by_role("navigation").locator("[aria-current=page]")
        expect(lit).to_have_text("Live")
        page.get_by_role("button", name="1h", exact=True).click()
        expect(page).to_have_url(re.compile(r"#/live\?range=1h$"))
        screen.open_page("endpoints")
        page.get_by_label("Filter").fill("deep")
        expect(page).to_have_url(re.compile(r"#/endpoints\?range=1h&filter=deep$"))
        page.evaluate("location.hash = '#/nowhere'")
        expect(screen.heading("live")).to_be_attached()
        expect(lit).to_have_text("Live")


def test_what_is_not_connected_steers_nothing_and_says_so(context: BrowserContext, cli: Cli) -> None:
    screen = Screen(context)  # its console tells of the connection that was lost: that is no complaint
    page = screen.page
    with UiProcess.of_locustfile(cli) as first:
        port = first.port
        screen.open(first.url)
        screen.start(users=4)
        screen.expect_state("running")
        page.get_by_role("button", name="Reset", exact=True).click()
        page.context.set_offline(True)
        page.get_by_role("dialog").get_by_role("button", name="Reset", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        first.process.signal(signal.SIGKILL)
        expect(page.get_by_text("not connected")).to_be_visible()
        expect(page.locator(".lifecycle .now")).to_have_text(re.compile(r"^running, as of \d\d:\d\d:\d\d$"))
        for name in ("Adjust", "Pause", "Reset", "Stop", "Apply"):
            button = page.get_by_role("button", name=name, exact=True)
            expect(button).to_be_disabled()
            expect(button).to_have_attribute("title", re.compile("Not connected"))
        page.keyboard.press("x")
        expect(page.get_by_role("dialog")).to_have_count(0)
    with UiProcess.of_locustfile(cli, port=port):
        page.context.set_offline(False)
        screen.expect_state("ready")
        expect(page.get_by_role("alert")).to_have_count(0)


def test_it_works_below_a_path_of_a_proxy(screen: Screen, ui: UiProcess, tmp_path: Path) -> None:
    folder = tmp_path / "nginx"
    folder.mkdir()
    with nginx.running(folder, PROXY.replace("UI", str(ui.port))) as port:
        screen.open(f"http://127.0.0.1:{port}/load/")
        expect(screen.page.get_by_text("live", exact=True)).to_be_visible()
        screen.start(users=4)
        screen.expect_state("running")
        screen.stop()


def test_another_sites_page_can_do_nothing(ui: UiProcess) -> None:
    def status(path: str, method: str = "GET", **headers: str) -> int:
        data = b"{}" if method == "POST" else None
        kind = {"Content-Type": "application/json"} if data else {}
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(ui.url + path, data, kind | names, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert status("api/v1/snapshot", Host="evil.example") == 421
    assert status("api/v1/run", "POST", Origin="http://evil.example") == 403
    assert status("api/v1/run", "POST", Sec_Fetch_Site="cross-site") == 403
    assert status("swarm", "POST", Origin="http://evil.example") == 403
    assert ui.get("api/v1/snapshot")["run"]["state"] == "ready"
