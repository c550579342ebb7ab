"""Who asks, for the request that is being served: its role by cookie or bearer token, or by Flask-Login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, g, request

from swarm_web.access import OPERATOR, Access
from swarm_web.answers import Problem
from swarm_web.control import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable


class Visitors:
    """Tells the role of the present request. `logged_in` asks Flask-Login, None without a log-in page."""

    def __init__(
        self, access: Access, *, port: Callable[[], int], secure: bool, logged_in: Callable[[], Any] | None
    ) -> None:
        self.access = access
        self._port = port
        self._secure = secure
        self._logged_in = logged_in

    @property
    def cookie(self) -> str:
        """The name of the session's cookie. Browsers keep cookies by host alone, so the port is in it."""
        return f"swarm_session_{self._port()}"

    @property
    def login_required(self) -> bool:
        """Whether there is a log-in page before everything."""
        return self._logged_in is not None

    def role(self) -> str | None:
        """Return the role of who asks now, None for nobody. Raises Problem after too many wrong tokens."""
        if "swarm_role" not in g:
            g.swarm_role = self._find_role()
        role: str | None = g.swarm_role
        return role

    def _find_role(self) -> str | None:
        session, bearer = request.cookies.get(self.cookie), _bearer()
        role = self.access.role_of(session, None) if bearer is None else self.role_of_token(bearer)
        if self._logged_in is None:
            return role
        if self._logged_in():
            return OPERATOR
        # Being on this machine does not pass a log-in page; a token does.
        return role if bearer is not None or self.access.knows_session(session) else None

    def role_of_token(self, token: str) -> str | None:
        """Return the role that a token gives who asks now, None for a wrong one. Raises Problem after too many."""
        role, wait = self.access.judge(token, request.remote_addr or "")
        if wait:
            problem = Problem(429, f"Too many wrong tokens came from your address: wait {wait:.0f} s.")
            problem.headers["Retry-After"] = str(int(wait) + 1)
            raise problem
        return role

    def checker(self) -> Callable[[], bool]:
        """Return a function that tells, later and outside of the request, whether its role still holds."""
        cookie, bearer = request.cookies.get(self.cookie), _bearer()
        if self._logged_in is not None and self._logged_in():
            return lambda: True
        return lambda: self.access.role_of(cookie, bearer) is not None

    def visitor(self) -> Visitor:
        """Return who asks, for the audit trail."""
        who = self.role() or "nobody"
        if self._logged_in is not None:
            user = self._logged_in()
            who = str(user) if user else who
        return Visitor(who, request.remote_addr or "?")

    def log_in(self, role: str, response: Response) -> None:
        """Open a session and give its cookie."""
        response.set_cookie(
            self.cookie,
            self.access.open_session(role),
            httponly=True,
            samesite="Strict",
            secure=self._secure,
            path="/",
        )

    def log_out(self, response: Response) -> None:
        """Close the session, and take the cookie back."""
        session = request.cookies.get(self.cookie)
        if session is not None:
            self.access.close_session(session)
        response.delete_cookie(self.cookie, path="/", samesite="Strict", secure=self._secure, httponly=True)


def _bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
