"""A Flask application with the UI's page and files, behind the guard: what a run and a replay have in common."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import HTTPException

from swarm_web.answers import Problem, answer_of, is_of_api
from swarm_web.guard import Guard, strict_policy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swarm_web.pages import Pages

BODY_LIMIT = 1024 * 1024


def new_app(pages: Pages, port: int, *, secure: bool) -> Flask:
    """Return an application that renders the page; `port` is in the names of its cookies."""
    app = Flask("swarm_web", static_folder=None)
    app.secret_key = secrets.token_bytes(32)
    app.config.update(
        SESSION_COOKIE_NAME=f"swarm_login_{port}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        MAX_CONTENT_LENGTH=BODY_LIMIT,
    )
    pages.install(app)
    app.register_error_handler(HTTPException, lambda error: answer_of(error) if is_of_api() else error)
    app.register_error_handler(Problem, lambda problem: problem.answer())
    return app


def put_guard_before(app: Flask, pages: Pages, host: str, names: Iterable[str]) -> None:
    """Let nobody to the application whom the guard refuses."""
    guard = Guard(app.wsgi_app, host, names, strict_policy(pages.hashes()))
    app.wsgi_app = guard  # type: ignore[method-assign]  # Flask's own way to put a middleware in front
