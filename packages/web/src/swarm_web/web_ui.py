"""The browser UI of an environment: a Flask application, its server, and all that is behind them."""

from __future__ import annotations

import functools
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
from flask import Response, redirect, request, url_for

import swarm
from swarm.exceptions import SwarmError
from swarm.log import get_logger, greenlet_exception_logger
from swarm_web import login
from swarm_web.access import MODES, Access, new_token
from swarm_web.answers import Problem, compressed
from swarm_web.api import Api
from swarm_web.commands import Commands
from swarm_web.compat import LocustRoutes
from swarm_web.control import Control
from swarm_web.guard import ALL_ADDRESSES, RELAXED, is_loopback
from swarm_web.metrics import Probes
from swarm_web.option_fields import OptionFields
from swarm_web.pages import Pages
from swarm_web.recorder import recorder_of
from swarm_web.server import make_server
from swarm_web.site import new_app, put_guard_before
from swarm_web.visitors import Visitors

if TYPE_CHECKING:
    import argparse
    import logging
    from collections.abc import Callable, Iterable, Mapping

    from flask import Flask
    from flask_login import LoginManager  # type: ignore[import-untyped]  # it ships no types
    from gevent.pywsgi import WSGIServer

    from swarm.environment import Environment
    from swarm_web.fields import AuthArgs

log = get_logger(__name__)

STOP_TIMEOUT_S = 1.0
OWN = ("locust.", "swarm_api.", "swarm_probes.")
"""Endpoints that check the visitor's role themselves."""


class WebUI:
    """The browser UI. What a locustfile uses:

    `app`, a Flask application to add routes and blueprints to; `template_args`, what the page reads of it
    (`extended_tabs`, `extended_tables`, `extended_csv_files`); `auth_args` and `login_manager` with `--web-login`;
    `auth_required_if_enabled` for its own routes; `greenlet` and `server`, once it was started.
    """

    app: Flask
    template_args: dict[str, Any]
    auth_args: AuthArgs
    login_manager: LoginManager | None
    greenlet: gevent.Greenlet[..., None] | None
    server: WSGIServer | None
    userclass_picker_is_active: bool

    def __init__(
        self,
        environment: Environment,
        host: str = "",
        port: int = 8089,
        *,
        web_login: bool = False,
        tls_cert: str | None = None,
        tls_key: str | None = None,
        stats_csv_writer: Any = None,
        delayed_start: bool = False,
        userclass_picker_is_active: bool = False,
        build_path: str | None = None,
        web_base_path: str = "",
        access: str = "auto",
        token: str | None = None,
        viewer_token: str | None = None,
        allowed_hosts: Iterable[str] = (),
        display_name: str | None = None,
        options: Mapping[str, argparse.Action] | None = None,
        max_users: int | None = None,
        get_commands: bool = False,
    ) -> None:
        """Make it, and start it unless `delayed_start`; see `create_web_ui` for what is what."""
        if access not in MODES:
            raise SwarmError(f"The access to the UI is one of {', '.join(MODES)}, not {access!r}.")
        if max_users is not None and (isinstance(max_users, bool) or max_users < 1):
            raise SwarmError(f"max_users is a whole number of users from 1 on, or None, not {max_users!r}.")
        self.environment = environment
        self.get_commands = get_commands
        self.host = host or "127.0.0.1"
        self.port = port
        self.web_login = web_login
        self.userclass_picker_is_active = userclass_picker_is_active
        self.base_path = _base_path(web_base_path)
        self.template_args = {}
        self.auth_args = {}
        self.greenlet = None
        self.server = None
        self.login_manager = None
        self._files = (tls_cert, tls_key)
        self._display_name = display_name
        self._csv_writer = stats_csv_writer
        self._is_local = is_loopback(self.host)
        self.access = self._make_access(access, token, viewer_token)
        self.recorder = recorder_of(environment)
        self.recorder.facts.max_users = max_users
        self.options = OptionFields(environment, options)
        self.recorder.options = self.options
        self.control = Control(environment, self.recorder, self.options)
        self.pages = Pages(*([Path(build_path)] if build_path else []))
        self.visitors = Visitors(
            self.access,
            port=lambda: self.port,
            secure=bool(tls_cert),
            logged_in=login.current_user if web_login else None,
        )
        self._takes_logs = False
        self.app = self._make_app(allowed_hosts)
        self.update_template_args()
        if not delayed_start:
            self.start()

    @property
    def url(self) -> str:
        """Where the UI is, with the token if one is needed: for whoever started it, and for nobody else."""
        scheme = "https" if self._files[0] else "http"
        host = self._display_name or self.host
        if host in ALL_ADDRESSES:
            host = socket.gethostname()
        shown = f"[{host}]" if ":" in host else host
        token = f"#token={self.access.token}" if self.access.needs_token else ""
        return f"{scheme}://{shown}:{self.port}{self.base_path}/{token}"

    def start(self) -> None:
        """Listen, and serve in a greenlet of its own; harmless when called again.

        Raises SwarmError when the address cannot be had, or certificate and key cannot be used.
        """
        if self.greenlet is not None:
            return
        cert, key = self._files
        self.server = make_server(self.app, self.host, self.port, cert=cert, key=key)
        self.port = int(self.server.server_port or 0)
        self._warn()
        self._takes_logs = True
        self.recorder.log_taking.begin()
        self.recorder.start()
        self.greenlet = gevent.spawn(self.start_server)
        logger: logging.Logger = self.app.logger
        self.greenlet.link_exception(greenlet_exception_logger(logger))

    def start_server(self) -> None:
        """Serve until `stop`."""
        assert self.server is not None  # noqa: S101  start() has made it
        self.server.serve_forever(stop_timeout=STOP_TIMEOUT_S)

    def stop(self) -> None:
        """Let the viewers go, and serve no longer."""
        self.recorder.stop("the process has ended")
        gevent.sleep(0)
        if self._takes_logs:
            self._takes_logs = False
            self.recorder.log_taking.end()
        if self.server is not None:
            self.server.stop(timeout=STOP_TIMEOUT_S)
        if self.greenlet is not None:
            self.greenlet.kill(timeout=STOP_TIMEOUT_S)

    def auth_required_if_enabled(self, view: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a view of a locustfile's own: with `--web-login` only who is logged in gets to it."""

        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if self.web_login and login.current_user() is None:
                return redirect(url_for("locust.login"))
            return view(*args, **kwargs)

        return guarded

    def relax_csp(self, view: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a view whose page has inline scripts or styles: its policy allows them, on that page alone."""

        @functools.wraps(view)
        def relaxed(*args: Any, **kwargs: Any) -> Any:
            response = self.app.make_response(view(*args, **kwargs))
            response.headers["Content-Security-Policy"] = RELAXED
            return response

        return relaxed

    def update_template_args(self) -> None:
        """Bring `template_args` up to date; what a locustfile has put into it stays."""
        environment, runner = self.environment, self.environment.runner
        options = environment.parsed_options
        self.template_args |= {
            "version": swarm.__version__,
            "state": getattr(runner, "state", "ready"),
            "is_distributed": hasattr(runner, "clients"),
            "user_count": runner.user_count if runner else 0,
            "worker_count": getattr(runner, "worker_count", 0),
            "host": environment.host or "",
            "num_users": getattr(options, "num_users", None),
            "spawn_rate": getattr(options, "spawn_rate", None),
            "run_time": getattr(options, "run_time", None),
            "locustfile": environment.locustfile,
            "history": environment.stats.history,
            "users": {each.__name__: each for each in environment.user_classes},
            "available_user_classes": sorted(environment.available_user_classes or {}),
            "available_shape_classes": sorted(environment.available_shape_classes or {}),
            "show_userclass_picker": self.userclass_picker_is_active,
            "is_shape": environment.shape_class is not None,
            "extra_options": {each["name"]: each for each in self.options.fields()},
            "stats_history_enabled": self.history_file() is not None,
        }

    def history_file(self) -> Path | None:
        """The file of the full history, None when none is written."""
        named = getattr(self._csv_writer, "stats_history_file_name", None)
        if named is not None:
            return Path(named())
        options = self.environment.parsed_options
        prefix = getattr(options, "csv_prefix", None)
        if prefix and getattr(options, "stats_history_enabled", False):
            return Path(f"{prefix}_stats_history.csv")
        return None

    def own_lines(self) -> list[str]:
        """Return the lines of this process's own log, since the UI was started."""
        return self.recorder.logs.lines(self.recorder.log_taking.node)

    def report_answer(self) -> Response:
        """Answer with the report of the run, as far as it has come."""
        from swarm_web.report import report, report_policy

        theme = request.args.get("theme", "")
        text = report(self.environment, theme=theme if theme in ("light", "dark") else "")
        response = compressed(text.encode(), "text/html")
        response.headers["Content-Security-Policy"] = report_policy(text)
        if request.args.get("download"):
            response.headers["Content-Disposition"] = f"attachment;filename={self._report_name()}"
        return response

    def _report_name(self) -> str:
        stem = Path(self.environment.locustfile or "swarm").stem
        safe = "".join(each if each.isascii() and (each.isalnum() or each in "-_") else "_" for each in stem)
        started = time.gmtime(self.environment.stats.start_time)
        return f"report_{safe}_{time.strftime('%Y-%m-%d_%H-%M-%S', started)}.html"

    def _make_access(self, mode: str, token: str | None, viewer_token: str | None) -> Access:
        is_open = self._is_local
        if token is None and (mode == "token" or (mode == "auto" and not is_open)):
            token = new_token()
        return Access(mode, open_to_all=is_open, token=token, viewer_token=viewer_token)

    def _make_app(self, allowed_hosts: Iterable[str]) -> Flask:
        app = new_app(self.pages, self.port, secure=bool(self._files[0]))
        if self.web_login:
            self.login_manager = login.make_login_manager()
            self.login_manager.init_app(app)
        api = Api(
            self.recorder, self.visitors, replay=False, login=self._login_path, report=self.report_answer
        )
        Commands(api.blueprint, self.control, self.visitors)
        prefix = self.base_path
        app.register_blueprint(LocustRoutes(self, prefix).blueprint)
        app.register_blueprint(api.blueprint, url_prefix=f"{prefix}/api/v1")
        app.register_blueprint(Probes(self.recorder, self.visitors, prefix).blueprint)
        app.before_request(self._check_others)
        named = [*allowed_hosts, *([self._display_name] if self._display_name else [])]
        if not self._is_local:
            named.append(socket.gethostname())
        put_guard_before(app, self.pages, self.host, named)
        return app

    def _login_path(self) -> str | None:
        return url_for("locust.login") if self.web_login else None

    def _check_others(self) -> Response | None:
        """Where a token is needed, it is needed for a locustfile's own routes, too."""
        if self.web_login or (request.endpoint or "").startswith(OWN):
            return None
        if self.visitors.role() is None:
            return Problem(401, "Give the token that was printed at the start.").answer()
        return None

    def _warn(self) -> None:
        if self._is_local:
            return
        if not self._files[0]:
            log.warning("the browser UI is open to other machines without TLS: give --tls-cert and --tls-key")
        if not self.access.needs_token and not self.web_login:
            log.warning("the browser UI lets everybody who reaches it steer the run (--web-access none)")


def _base_path(path: str) -> str:
    stripped = path.strip("/")
    return f"/{stripped}" if stripped else ""
