"""Tokens, sessions and roles: who may look on, and who may steer."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest

from swarm.exceptions import SwarmError
from swarm_web.access import Access, Tries
from tests.web.serving import Client, Served, served

TOKEN, VIEWERS = "the-operators-token", "the-viewers-token"
GUARDED = [
    "/api/v1/snapshot",
    "/api/v1/stream",
    "/api/v1/series",
    "/api/v1/heatmap",
    "/api/v1/errors",
    "/api/v1/logs",
    "/api/v1/setup",
    "/api/v1/report.json",
    "/api/v1/report.html",
    "/stats/requests",
    "/stats/requests/csv",
    "/stats/failures/csv",
    "/stats/report",
    "/exceptions",
    "/exceptions/csv",
    "/tasks",
    "/logs",
    "/worker-count",
    "/metrics",
    "/mine",
]
COMMANDS = ["/api/v1/run", "/api/v1/run/load", "/api/v1/run/pause", "/api/v1/run/stop", "/api/v1/run/reset"]


def with_token() -> object:
    def add(ui: object) -> None:
        ui.app.add_url_rule("/mine", "mine", lambda: "mine")  # type: ignore[attr-defined]

    return served(add, access="token", token=TOKEN, viewer_token=VIEWERS)


def cookie_of(headers: dict[str, str]) -> str:
    (morsel,) = SimpleCookie(headers["Set-Cookie"]).values()
    return f"{morsel.key}={morsel.value}"


def test_without_a_token_there_is_nothing_but_the_page() -> None:
    with with_token() as site:  # type: ignore[attr-defined]
        assert site.get("/").status == 200
        assert site.get("/api/v1/session").json["role"] is None
        for path in GUARDED:
            answer = site.get(path)
            assert answer.status == 401, path
            assert answer.json["error"]["code"] == "unauthenticated"
        for path in COMMANDS:
            assert site.post(path).status == 401
        for path in ("/swarm", "/stop", "/stats/reset", "/user"):
            assert site.form(path).status == 401
        assert site.get("/api/v1/snapshot", Authorization="Bearer wrong").status == 401
        assert site.get("/api/v1/snapshot", Authorization=f"Basic {TOKEN}").status == 401


def test_a_token_as_bearer_or_as_cookie_opens_everything() -> None:
    with with_token() as site:  # type: ignore[attr-defined]
        logged_in = site.post("/api/v1/session", {"token": TOKEN})
        assert logged_in.json["role"] == "operator"
        cookie = logged_in.headers["Set-Cookie"]
        assert cookie.startswith(f"swarm_session_{site.port}=")
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert TOKEN not in cookie
        for headers in ({"Cookie": cookie_of(logged_in.headers)}, {"Authorization": f"Bearer {TOKEN}"}):
            site.headers = headers
            for path in GUARDED:
                if path != "/api/v1/stream":
                    assert site.get(path).status == 200, path
            assert site.form("/stop").status == 200

        assert site.ask("DELETE", "/api/v1/session").status == 204
        site.headers = {"Cookie": cookie_of(logged_in.headers)}
        assert site.ask("DELETE", "/api/v1/session").status == 204
        assert site.get("/api/v1/snapshot").status == 401


def test_a_viewer_looks_on() -> None:
    with with_token() as site:  # type: ignore[attr-defined]
        site.headers = {"Authorization": f"Bearer {VIEWERS}"}
        assert site.get("/api/v1/session").json["role"] == "viewer"
        assert site.get("/api/v1/snapshot").status == 200
        for path in COMMANDS:
            assert site.post(path).status == 403
        for path in ("/swarm", "/stop", "/stats/reset", "/user"):
            assert site.form(path).status == 403
        assert site.snapshot()["events"] == []


def test_log_ins_that_fail_are_slowed_down() -> None:
    with with_token() as site:  # type: ignore[attr-defined]
        for _ in range(10):
            assert site.post("/api/v1/session", {"token": "guess"}).status == 401
        refused = site.post("/api/v1/session", {"token": "guess"})
        assert refused.status == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 61
        assert "wait" in refused.json["error"]["message"]
        assert site.post("/api/v1/session", {"token": TOKEN}).json["role"] == "operator", (
            "who knows it is let in"
        )


def test_guesses_at_the_token_are_slowed_down_on_every_route() -> None:
    with with_token() as site:  # type: ignore[attr-defined]
        cookie = cookie_of(site.post("/api/v1/session", {"token": TOKEN}).headers)
        for _ in range(10):
            assert site.get("/stats/requests", Authorization="Bearer guess").status == 401
        for path in (*GUARDED, "/api/v1/session"):
            refused = site.get(path, Authorization="Bearer guess")
            assert refused.status == 429, path
            assert refused.json["error"]["code"] == "too_many"
            assert 0 < int(refused.headers["Retry-After"]) <= 61
        assert site.get("/stats/requests", Authorization=f"Bearer {TOKEN}").status == 200
        assert site.get("/stats/requests", Cookie=cookie).status == 200, "who is in stays in"


def test_a_short_token_that_somebody_chose_is_not_found_by_guessing_on() -> None:
    with served(access="token", token="steer") as site:
        assert site.get("/metrics", Authorization="Bearer steer").status == 200
        for n in range(10):
            assert site.get("/metrics", Authorization=f"Bearer {n}").status == 401
        assert site.get("/metrics", Authorization="Bearer steer").status == 429
        assert site.post("/api/v1/session", {"token": "steer"}).status == 429


def test_tries_are_forgotten_after_a_minute() -> None:
    now = 100.0
    tries = Tries(limit=2, clock=lambda: now)
    tries.note()
    now = 130.0
    tries.note()
    assert tries.wait() == pytest.approx(30.0)
    now = 160.0
    assert tries.wait() == 0.0


def test_no_answer_has_a_token_in_it(caplog: pytest.LogCaptureFixture) -> None:
    with with_token() as site:  # type: ignore[attr-defined]
        site.headers = {"Authorization": f"Bearer {TOKEN}"}
        for path in ["/", "/api/v1/session", "/api/v1/openapi.json", *GUARDED]:
            if path != "/api/v1/stream":
                answer = site.get(path)
                assert TOKEN not in answer.text + str(answer.headers)
                assert VIEWERS not in answer.text + str(answer.headers)
        with site.events() as events:
            assert TOKEN not in str(next(events))
    assert TOKEN not in caplog.text


def test_on_this_machine_nobody_needs_a_token(fresh: Served) -> None:
    assert fresh.ui.url == f"http://127.0.0.1:{fresh.port}/"
    assert fresh.get("/api/v1/session").json | {"version": ""} == {
        "role": "operator",
        "auth": "auto",
        "who": "operator",
        "login": None,
        "replay": False,
        "version": "",
    }


def test_where_others_may_come_a_token_is_made_and_shown(caplog: pytest.LogCaptureFixture) -> None:
    with served(host="*") as site:
        address, _, token = site.ui.url.partition("#token=")
        assert address.endswith(f":{site.port}/")
        assert len(token) >= 24
        assert "without TLS" in caplog.text
        assert site.get("/api/v1/snapshot").status == 401
        assert site.get("/api/v1/snapshot", Authorization=f"Bearer {token}").status == 200


def test_access_for_everybody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with served(host="*", access="none") as site:
        assert "#" not in site.ui.url
        assert "lets everybody" in caplog.text
        assert site.get("/api/v1/session").json["auth"] == "none"
        assert site.get("/api/v1/snapshot").status == 200


def test_a_viewer_whose_session_ends_is_told_in_the_stream() -> None:
    with with_token() as site:  # type: ignore[attr-defined]
        cookie = cookie_of(site.post("/api/v1/session", {"token": TOKEN}).headers)
        with site.events(Cookie=cookie) as events:
            assert next(events)[1] == "full"
            other = Client(site.port)
            assert other.ask("DELETE", "/api/v1/session", Cookie=cookie).status == 204
            assert "auth" in [event for _, event, _ in events]


def test_another_kind_of_access_is_refused() -> None:
    with pytest.raises(SwarmError, match="auto, token, none"), served(access="open"):
        pass


def test_sessions_are_bounded() -> None:
    access = Access("token", open_to_all=False, token=TOKEN)
    first = access.open_session("operator")
    for _ in range(1_000):
        access.open_session("viewer")
    assert access.role_of(first, None) is None
