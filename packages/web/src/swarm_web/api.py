"""The UI's own API under `/api/v1/`: what it shows. API.md has the shapes, `commands` what changes something."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

import swarm
from swarm_web.access import OPERATOR
from swarm_web.answers import Problem, answer_of, body_of, compressed, reply
from swarm_web.curve import KINDS, SERVICE
from swarm_web.logs import LEVELS, LIMIT
from swarm_web.openapi import document as openapi_document
from swarm_web.sheets import SHEETS, sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm_web.source import Source
    from swarm_web.visitors import Visitors

OPEN = frozenset({"session", "log_in", "log_out", "openapi"})
"""Routes that need no role."""


class Api:
    """The routes that show `source` to `visitors`; `login` is the path of the log-in page, if there is one."""

    def __init__(
        self,
        source: Source,
        visitors: Visitors,
        *,
        replay: bool,
        login: Callable[[], str | None],
        report: Callable[[], Response],
    ) -> None:
        self._source = source
        self._visitors = visitors
        self._replay = replay
        self._login = login
        self.blueprint = Blueprint("swarm_api", __name__, url_prefix="/api/v1")
        routes: list[tuple[str, str, str, Callable[[], Response]]] = [
            ("session", "GET", "session", self._session),
            ("session", "POST", "log_in", self._log_in),
            ("session", "DELETE", "log_out", self._log_out),
            ("openapi.json", "GET", "openapi", lambda: reply(openapi_document())),
            ("snapshot", "GET", "snapshot", self._snapshot),
            ("stream", "GET", "stream", self._stream),
            ("series", "GET", "series", self._series),
            ("heatmap", "GET", "heatmap", self._heatmap),
            ("percentiles", "GET", "percentiles", self._percentiles),
            ("errors", "GET", "errors", lambda: reply(source.failed.get().plain)),
            ("logs", "GET", "logs", self._logs),
            ("setup", "GET", "setup", lambda: reply(source.setup())),
            ("report.json", "GET", "statistics", lambda: compressed(source.statistics())),
            ("report.html", "GET", "report", report),
            *((f"{kind}.csv", "GET", f"{kind}_sheet", partial(sheet, source, kind)) for kind in SHEETS),
        ]
        for path, method, endpoint, view in routes:
            self.blueprint.add_url_rule(f"/{path}", endpoint, view, methods=[method])
        self.blueprint.before_request(self._check_role)
        self.blueprint.register_error_handler(Problem, lambda problem: problem.answer())
        self.blueprint.register_error_handler(HTTPException, answer_of)

    def _check_role(self) -> Response | None:
        endpoint = (request.endpoint or "").rpartition(".")[2]
        if endpoint in OPEN:
            return None
        role = self._visitors.role()
        if role is None:
            return Problem(401, "Log in first, or give the token that was printed at the start.").answer()
        if request.method == "POST" and role != OPERATOR:
            return Problem(403, "Your token lets you look on; steering needs the operator's token.").answer()
        return None

    def _session(self) -> Response:
        return reply(self._session_document(self._visitors.role()))

    def _session_document(self, role: str | None) -> dict[str, Any]:
        return {
            "role": role,
            "auth": self._visitors.access.mode,
            "who": self._visitors.visitor().who,
            "login": self._login(),
            "replay": self._replay,
            "version": swarm.__version__,
        }

    def _log_in(self) -> Response:
        token = body_of().get("token")
        if not isinstance(token, str) or not 0 < len(token) <= 512:
            raise Problem(422, "token is the text that was printed at the start.", "token")
        role = self._visitors.role_of_token(token)
        if role is None:
            raise Problem(401, "This is not the token of this process.")
        response = reply(self._session_document(role))
        self._visitors.log_in(role, response)
        return response

    def _log_out(self) -> Response:
        response = Response(status=204)
        self._visitors.log_out(response)
        return response

    def _snapshot(self) -> Response:
        return compressed(self._source.full.get())

    def _stream(self) -> Response:
        last = request.headers.get("Last-Event-ID") or request.args.get("after")
        events = self._source.stream.follow(last, self._visitors.checker())
        response = Response(events, mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def _series(self) -> Response:
        metrics = [each for each in request.args.get("metric", "").split(",") if each]
        found = self._source.series(
            request.args.get("name"),
            request.args.get("method", ""),
            number("from"),
            number("to"),
            metrics or None,
            whole("step", 0, 86_400) or 0,
        )
        if found is None:
            raise Problem(404, "There is no request of that method and name.")
        return compressed(found)

    def _heatmap(self) -> Response:
        found = self._source.heatmap(
            request.args.get("name"), request.args.get("method", ""), number("from"), number("to"), kind()
        )
        if found is None:
            raise Problem(404, "There is no request of that method and name.")
        return compressed(found)

    def _percentiles(self) -> Response:
        found = self._source.percentiles(request.args.get("name"), request.args.get("method", ""), kind())
        if found is None:
            raise Problem(404, "There is no request of that method and name.")
        return compressed(found)

    def _logs(self) -> Response:
        level = request.args.get("level") or None
        if level is not None and level not in LEVELS:
            raise Problem(422, f"level is one of {', '.join(LEVELS)}.", "level")
        return reply(
            self._source.log_document(
                whole("cursor", 0, 2**53),
                request.args.get("worker") or request.args.get("node") or None,
                level,
                request.args.get("q") or None,
                whole("limit", 1, LIMIT) or 500,
            )
        )


def kind() -> str:
    """Return the query's `of`: from when response times count. Raises Problem."""
    of = request.args.get("of") or SERVICE
    if of not in KINDS:
        raise Problem(422, f"of is one of {', '.join(KINDS)}.", "of")
    return of


def number(name: str) -> float | None:
    """Return a query parameter as a number, None without one. Raises Problem."""
    text = request.args.get(name)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -1e12 < value < 1e12:
        raise Problem(422, f"{name} is a number of seconds since the epoch.", name)
    return value


def whole(name: str, low: int, high: int) -> int | None:
    """Return a query parameter as a whole number, None without one. Raises Problem."""
    text = request.args.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 18 and low <= int(text) <= high):
        raise Problem(422, f"{name} is a whole number from {low} to {high}.", name)
    return int(text)
