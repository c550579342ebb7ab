"""The log-in page of `--web-login`: what it shows comes from the locustfile's `auth_args`, who may enter, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, make_response, redirect, render_template, request, session, url_for

from swarm_web.guard import strict_policy

if TYPE_CHECKING:
    from flask_login import LoginManager  # type: ignore[import-untyped]  # it ships no types

    from swarm_web.fields import AuthArgs


def make_login_manager() -> LoginManager:
    """Return a manager that knows nobody until a locustfile gives it its `user_loader`."""
    from flask_login import LoginManager

    manager = LoginManager()
    manager.login_view = "locust.login"
    manager.user_loader(lambda _identity: None)
    return manager


def current_user() -> str | None:
    """Return the id of who is logged in."""
    from flask_login import current_user as user

    if not user.is_authenticated:
        return None
    identity: Any = user.get_id()
    return str(identity) if identity is not None else "user"


def page(auth_args: AuthArgs) -> Response:
    """Return the log-in page; who is logged in already goes on to the UI."""
    if current_user() is not None:
        return make_response(redirect(url_for("locust.index")))
    shown = {
        "error": session.pop("auth_error", None) or auth_args.get("error"),
        "info": session.pop("auth_info", None) or auth_args.get("info"),
        "callback": auth_args.get("username_password_callback"),
        "providers": auth_args.get("auth_providers") or [],
        "form": auth_args.get("custom_form"),
        "base": request.script_root,
    }
    response = make_response(render_template("login.html", **shown))
    response.headers["Content-Security-Policy"] = strict_policy(forms="'self'").replace(
        "img-src 'self' data:", "img-src 'self' data: https:"
    )
    return response


def log_out() -> Response:
    """End the visitor's session and show the log-in page."""
    from flask_login import logout_user

    logout_user()
    return make_response(redirect(url_for("locust.login")))
