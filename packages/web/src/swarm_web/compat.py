"""Locust's routes with Locust's shapes, for the scripts that use them, and the UI's page.

The blueprint is named `locust`, since locustfiles say `url_for("locust.index")`. Figures are Locust's: ms, rounded by
nobody; what Locust cuts at 500 rows is all here (`?limit=` cuts).
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, send_file, url_for

from swarm import stats as settings
from swarm.log import get_logs
from swarm.users.ratio import task_ratio_json
from swarm_stats.reports import csv as csv_report
from swarm_stats.reports import shown_entries, sorted_failures
from swarm_stats.snapshot import Snapshot
from swarm_web import login
from swarm_web.access import OPERATOR
from swarm_web.answers import Problem, reply
from swarm_web.api import whole
from swarm_web.control import Refused
from swarm_web.orders import Invalid, user_order
from swarm_web.sheets import csv_answer
from swarm_web.swarm_form import order_of
from swarm_web.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm_stats.entries import Entry
    from swarm_web.web_ui import WebUI

OPEN = frozenset({"index", "login", "logout", "static", "plain_static"})
ACTING = frozenset({"stop", "reset_stats"})
"""What Locust's older versions did on a GET; a UI that is told so does it, too."""


class LocustRoutes:
    """The routes of `web_ui`, as a blueprint under `prefix`."""

    def __init__(self, web_ui: WebUI, prefix: str) -> None:
        self._web_ui = web_ui
        self._environment = web_ui.environment
        self._cached: tuple[float, dict[str, Any]] | None = None
        self.blueprint = Blueprint("locust", __name__, url_prefix=prefix or None)
        routes: list[tuple[str, str, str, Callable[..., Any]]] = [
            ("/", "GET", "index", self._index),
            ("/static/<digest>/<path:path>", "GET", "static", web_ui.pages.file),
            ("/static/<path:path>", "GET", "plain_static", self._plain_static),
            ("/swarm", "POST", "swarm", self._swarm),
            ("/stop", "POST", "stop", self._stop),
            ("/stats/reset", "POST", "reset_stats", self._reset),
            ("/stats/requests", "GET", "request_stats", lambda: reply(self._requests())),
            ("/stats/requests/csv", "GET", "request_stats_csv", self._requests_csv),
            ("/stats/requests_full_history/csv", "GET", "request_stats_full_history_csv", self._history_csv),
            ("/stats/failures/csv", "GET", "failures_stats_csv", self._failures_csv),
            ("/stats/report", "GET", "stats_report", web_ui.report_answer),
            ("/exceptions", "GET", "exceptions", self._exceptions),
            ("/exceptions/csv", "GET", "exceptions_csv", self._exceptions_csv),
            ("/tasks", "GET", "tasks", self._tasks),
            ("/logs", "GET", "logs", self._logs),
            ("/worker-count", "GET", "worker_count", self._worker_count),
            ("/user", "POST", "update_user", self._update_user),
            ("/login", "GET", "login", self._login),
            ("/logout", "GET", "logout", self._logout),
        ]
        for path, method, endpoint, view in routes:
            also = ["GET"] if web_ui.get_commands and endpoint in ACTING else []
            self.blueprint.add_url_rule(path, endpoint, view, methods=[method, *also])
        self.blueprint.before_request(self._check_role)
        self.blueprint.register_error_handler(Problem, lambda problem: problem.answer())

    def _check_role(self) -> Response | None:
        endpoint = (request.endpoint or "").rpartition(".")[2]
        visitors = self._web_ui.visitors
        role = visitors.role()
        if role is None and endpoint not in OPEN:
            return Problem(401, "Log in first, or give the token that was printed at the start.").answer()
        if role is None and endpoint == "index" and visitors.login_required:
            return make_response(redirect(url_for("locust.login")))
        acts = request.method == "POST" or endpoint in ACTING
        if acts and role != OPERATOR:
            return Problem(403, "Your token lets you look on; steering needs the operator's token.").answer()
        if acts and request.method != "POST":
            check_it_is_meant()
        return None

    def _index(self) -> Response:
        return make_response(render_template("index.html", template_args=self._web_ui.template_args))

    def _plain_static(self, path: str) -> Response:
        return self._web_ui.pages.file("0" * 12, path)

    def _login(self) -> Response:
        if not self._web_ui.web_login:
            return make_response(redirect(url_for("locust.index")))
        return login.page(self._web_ui.auth_args)

    def _logout(self) -> Response:
        return login.log_out() if self._web_ui.web_login else make_response(redirect(url_for("locust.index")))

    def _swarm(self) -> Response:
        control, visitors = self._web_ui.control, self._web_ui.visitors
        try:
            order = order_of(request.form, self._web_ui.options.names())
            if control.state in ("spawning", "running", "paused"):
                control.change_load(order.as_load(), visitors.visitor())
                text = "Swarming updated"
            else:
                control.start(order, visitors.visitor())
                text = "Swarming started"
        except (Invalid, Refused) as error:
            return reply({"success": False, "message": str(error), "host": self._environment.host})
        return reply({"success": True, "message": text, "host": self._environment.host})

    def _stop(self) -> Response:
        control = self._web_ui.control
        if control.state in ("spawning", "running", "paused"):
            control.stop(self._web_ui.visitors.visitor())
        return reply({"success": True, "message": "Test stopped"})

    def _reset(self) -> Response:
        with suppress(Refused):  # nothing was counted: it is done
            self._web_ui.control.reset(self._web_ui.visitors.visitor())
        return Response("ok", mimetype="text/plain")

    def _requests(self) -> dict[str, Any]:
        limit = whole("limit", 0, 1_000_000)
        now = time.monotonic()
        if self._cached is None or now - self._cached[0] >= settings_cache_time():
            self._cached = (now, self._request_document())
        document = dict(self._cached[1])
        document["state"] = getattr(self._environment.runner, "state", "ready")
        if limit is not None:
            document["stats"] = [*document["stats"][:-1][:limit], document["stats"][-1]]
            document["errors"] = document["errors"][:limit]
        return document

    def _request_document(self) -> dict[str, Any]:
        environment, runner = self._environment, self._environment.runner
        stats, total = environment.stats, environment.stats.total
        rows, turns = [], Turns()
        for entry in shown_entries(stats):
            rows.append(request_row(entry))
            turns.give_way()
        chart = settings.PERCENTILES_TO_CHART
        known = total.current_percentiles(chart)
        current: list[float | None] = [None] * len(chart) if known is None else [*known]
        clients = getattr(runner, "clients", None)
        document: dict[str, Any] = {
            "stats": [*rows, request_row(total)],
            "errors": [failure.to_dict() for failure in sorted_failures(stats)],
            "total_rps": total.current_rps,
            "total_fail_per_sec": total.current_fail_per_sec,
            "fail_ratio": total.fail_ratio,
            "total_avg_response_time": total.avg_response_time,
            "current_response_time_percentiles": {
                f"response_time_percentile_{fraction}": value
                for fraction, value in zip(chart, current, strict=True)
            },
            "user_count": runner.user_count if runner else 0,
            "workers": [
                {
                    "id": node.id,
                    "state": node.state,
                    "user_count": node.user_count,
                    "cpu_usage": node.cpu_usage,
                    "memory_usage": node.memory_usage,
                }
                for node in (clients.values() if clients is not None else ())
            ],
        }
        return document

    def _requests_csv(self) -> Response:
        rows = csv_report.stats_rows(self._statistics(), settings.PERCENTILES_TO_REPORT)
        return csv_answer("requests", csv_report.stats_header(settings.PERCENTILES_TO_REPORT), rows)

    def _failures_csv(self) -> Response:
        return csv_answer(
            "failures", csv_report.FAILURES_HEADER, csv_report.failures_rows(self._statistics())
        )

    def _exceptions_csv(self) -> Response:
        runner = self._environment.runner
        rows = csv_report.exceptions_rows(runner.exceptions.values() if runner else ())
        return csv_answer("exceptions", csv_report.EXCEPTIONS_HEADER, rows)

    def _history_csv(self) -> Response:
        path = self._web_ui.history_file()
        if path is None or not path.is_file():
            raise Problem(
                404, "There is no full history: start with --csv PREFIX --csv-full-history, then it is here."
            )
        return send_file(path.resolve(), mimetype="text/csv", as_attachment=True, download_name=path.name)

    def _statistics(self) -> Snapshot:
        return Snapshot.of(self._environment.stats)

    def _exceptions(self) -> Response:
        runner = self._environment.runner
        rows = runner.exceptions.values() if runner else ()
        return reply(
            {
                "exceptions": [
                    {
                        "count": row["count"],
                        "msg": row["msg"],
                        "traceback": row["traceback"],
                        "nodes": ", ".join(sorted(row["nodes"])),
                    }
                    for row in rows
                ]
            }
        )

    def _tasks(self) -> Response:
        environment, runner = self._environment, self._environment.runner
        counts: Any = getattr(runner, "user_classes_count", {})
        if not any(counts.values()):
            counts = {each.__name__: each.fixed_count or each.weight for each in environment.user_classes}
        return reply(task_ratio_json(environment.user_classes, counts))

    def _logs(self) -> Response:
        return reply(
            {"master": get_logs() or self._web_ui.own_lines(), "workers": self._environment.worker_logs}
        )

    def _worker_count(self) -> Response:
        return reply({"count": getattr(self._environment.runner, "worker_count", 0)})

    def _update_user(self) -> Response:
        given = request.get_json(silent=True)
        if not isinstance(given, dict):
            raise Problem(400, 'The body is a JSON object with a "user_class_name".')
        try:
            self._web_ui.control.set_user(user_order(given), self._web_ui.visitors.visitor())
        except Invalid as error:
            raise Problem(422, str(error), error.key) from error
        return reply({}, 201)


def check_it_is_meant() -> None:
    """See that a GET which changes something comes from who means it. Raises Problem.

    A page elsewhere can make a browser send one, by an image say; and a browser may fetch what nobody has asked for.
    """
    headers = request.headers
    if request.method != "GET":
        raise Problem(405, "Only GET and POST do anything here.")
    if "prefetch" in headers.get("Sec-Purpose", headers.get("Purpose", "")):
        raise Problem(403, "A fetch in advance changes nothing here.")
    site = headers.get("Sec-Fetch-Site")
    # Over plain http from another machine a browser does not say where a request comes from.
    is_unknown = site is None and "Mozilla/" in headers.get("User-Agent", "")
    froms = [urlsplit(headers[name]).netloc for name in ("Origin", "Referer") if headers.get(name)]
    if is_unknown or site not in (None, "same-origin", "none") or any(each != request.host for each in froms):
        raise Problem(
            403, "Another site may have sent this, so that it changes nothing here: use curl, or POST."
        )


def settings_cache_time() -> float:
    """Return how many seconds `/stats/requests` may be old."""
    from swarm_web import web

    return web.DEFAULT_CACHE_TIME


def request_row(entry: Entry) -> dict[str, Any]:
    """Return an entry as `/stats/requests` has it."""
    import html

    fractions = settings.PERCENTILES_TO_STATISTICS
    percentiles = entry.percentiles([0.5, *fractions])
    return {
        "method": str(entry.method),
        "name": str(entry.name),
        "safe_name": html.escape(str(entry.name), quote=False),
        "num_requests": entry.num_requests,
        "num_failures": entry.num_failures,
        "avg_response_time": entry.avg_response_time,
        "min_response_time": entry.min_response_time or 0,
        "max_response_time": entry.max_response_time,
        "current_rps": entry.current_rps,
        "current_fail_per_sec": entry.current_fail_per_sec,
        "median_response_time": percentiles[0],
        "avg_content_length": entry.avg_content_length,
        **{
            f"response_time_percentile_{fraction}": value
            for fraction, value in zip(fractions, percentiles[1:], strict=True)
        },
    }
