"""The browser UI of a recorded run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import gevent
from flask import Blueprint, Response, make_response, render_template

from swarm_web.access import Access
from swarm_web.answers import compressed
from swarm_web.api import Api
from swarm_web.commands import Commands
from swarm_web.guard import is_loopback
from swarm_web.pages import Pages
from swarm_web.replay import ReplaySource
from swarm_web.report import render, report_policy
from swarm_web.run_data import run_data
from swarm_web.server import make_server
from swarm_web.sheets import sheet
from swarm_web.site import new_app, put_guard_before
from swarm_web.visitors import Visitors

if TYPE_CHECKING:
    from pathlib import Path

TABLES = {
    "/stats/requests/csv": "names",
    "/stats/failures/csv": "failures",
    "/exceptions/csv": "exceptions",
}
"""What a page links to, and which table of a recording answers."""


class ReplayUI:
    """Serves a recording on this machine alone; `url` is where. Raises SwarmError for a file or an address."""

    def __init__(
        self, path: Path, *, host: str = "127.0.0.1", port: int = 8089, speed: float | None = None
    ) -> None:
        self.source = ReplaySource(path, speed)
        self.port = port
        self._host = host
        self._pages = Pages()
        access = Access("auto", open_to_all=is_loopback(host))
        visitors = Visitors(access, port=lambda: self.port, secure=False, logged_in=None)
        app = new_app(self._pages, port, secure=False)
        page = Blueprint("page", __name__)
        page.add_url_rule("/", "index", self._index)
        page.add_url_rule("/static/<digest>/<path:path>", "static", self._pages.file)
        page.add_url_rule("/stats/report", "report", self._report)
        for link, kind in TABLES.items():
            page.add_url_rule(link, kind, partial(sheet, self.source, kind))
        api = Api(self.source, visitors, replay=True, login=lambda: None, report=self._report)
        Commands(api.blueprint, None, visitors)
        app.register_blueprint(page)
        app.register_blueprint(api.blueprint)
        put_guard_before(app, self._pages, host, ())
        self.app = app
        self.server = make_server(app, host, port)
        self.port = int(self.server.server_port or 0)
        self._greenlets: list[gevent.Greenlet[..., None]] = [gevent.spawn(self.server.serve_forever)]
        if speed is not None:
            self._greenlets.append(gevent.spawn(self.source.play))

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self._host}:{self.port}/"

    def stop(self) -> None:
        """Serve no longer."""
        self.source.stream.close("the replay has ended")
        gevent.sleep(0)
        self.server.stop(timeout=1)
        gevent.killall(self._greenlets)

    def _index(self) -> Response:
        return make_response(render_template("index.html", template_args={}))

    def _report(self) -> Response:
        text = render(run_data(self.source, self.source.snapshot(), self.source.history))
        response = compressed(text.encode(), "text/html")
        response.headers["Content-Security-Policy"] = report_policy(text)
        return response
