"""What goes wrong between a browser and a process: many tabs, a process that goes away, proxies, hostile pages."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
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
