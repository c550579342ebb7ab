"""Locust's routes answer with Locust's shapes, and a locustfile may add its own."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

import pytest
from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask_login import UserMixin, login_user

from swarm import User, task
from swarm import stats as settings
from tests.web.serving import Served, served, until


def test_the_statistics_have_locusts_keys(running: Served) -> None:
    shown = running.get("/stats/requests").json
    assert set(shown) == {
        "stats",
        "errors",
        "total_rps",
        "total_fail_per_sec",
        "fail_ratio",
        "total_avg_response_time",
        "current_response_time_percentiles",
        "state",
        "user_count",
        "workers",
    }
    assert (shown["state"], shown["user_count"], shown["workers"]) == ("running", 10, [])
    assert [row["name"] for row in shown["stats"]] == ["/<b>bad</b>", "/basket", "/catalogue", "Aggregated"]
    assert set(shown["stats"][0]) == {
        "method",
        "name",
        "safe_name",
        "num_requests",
        "num_failures",
        "avg_response_time",
        "min_response_time",
        "max_response_time",
        "current_rps",
        "current_fail_per_sec",
        "median_response_time",
        "avg_content_length",
        "response_time_percentile_0.95",
        "response_time_percentile_0.99",
    }
    assert shown["stats"][0]["safe_name"] == "/&lt;b&gt;bad&lt;/b&gt;"
    assert set(shown["errors"][0]) >= {"method", "name", "error", "occurrences"}
    assert set(shown["current_response_time_percentiles"]) == {
        "response_time_percentile_0.5",
        "response_time_percentile_0.95",
    }


def test_the_percentiles_are_those_that_a_locustfile_assigned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "PERCENTILES_TO_STATISTICS", [0.5, 0.999])
    monkeypatch.setattr(settings, "PERCENTILES_TO_CHART", [0.9])
    with served() as site:
        shown = site.get("/stats/requests").json
        assert "response_time_percentile_0.999" in shown["stats"][-1]
        assert list(shown["current_response_time_percentiles"]) == ["response_time_percentile_0.9"]


def test_all_names_are_shown_unless_a_limit_is_given(fresh: Served) -> None:
    for number in range(700):
        fresh.environment.stats.log_request("GET", f"/{number}", 1.0, 0)
    assert len(fresh.get("/stats/requests").json["stats"]) == 701
    cut = fresh.get("/stats/requests?limit=5").json["stats"]
    assert len(cut) == 6
    assert cut[-1]["name"] == "Aggregated"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def test_the_downloads_are_the_command_lines_files(running: Served) -> None:
    requests = running.get("/stats/requests/csv")
    assert requests.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in requests.headers["Content-Disposition"]
    assert [row["Name"] for row in rows_of(requests.text)][-1] == "Aggregated"
    assert rows_of(running.get("/stats/failures/csv").text)[0]["Error"] == "500 <i>no</i>"
    assert running.get("/exceptions/csv").text.strip() == "Count,Message,Traceback,Nodes"
    assert running.get("/stats/requests_full_history/csv").status == 404


def test_the_full_history_is_the_file_that_is_written(tmp_path: Any) -> None:
    (tmp_path / "run_stats_history.csv").write_text("Timestamp\n1\n")

    class Writer:
        def stats_history_file_name(self) -> str:
            return str(tmp_path / "run_stats_history.csv")

    with served(stats_csv_writer=Writer()) as site:
        assert site.get("/stats/requests_full_history/csv").text == "Timestamp\n1\n"


def test_small_answers_have_locusts_shapes(running: Served) -> None:
    assert running.get("/exceptions").json == {"exceptions": []}
    assert set(running.get("/tasks").json) == {"per_class", "total"}
    assert set(running.get("/tasks").json["total"]) == {"Visitor", "Buyer"}
    assert set(running.get("/logs").json) == {"master", "workers"}
    assert running.get("/worker-count").json == {"count": 0}
    report = running.get("/stats/report?download=1&theme=dark")
    assert report.headers["Content-Disposition"].startswith("attachment;filename=report_shop_")
    assert '<html lang="en" data-theme="dark">' in report.text


class Raising(User):
    """Raises."""

    @task
    def fail(self) -> None:
        raise KeyError("<id>")


def test_exceptions_come_with_their_tracebacks() -> None:
    with served(user_classes=[Raising]) as site:
        site.form("/swarm", "user_count=1&spawn_rate=1")
        until(lambda: site.get("/exceptions").json["exceptions"], "an exception")
        (raised,) = site.get("/exceptions").json["exceptions"]
        assert raised["msg"] == "'<id>'"
        assert 'raise KeyError("<id>")' in raised["traceback"]
        assert raised["nodes"] == "local"
        assert rows_of(site.get("/exceptions/csv").text)[0]["Message"] == raised["msg"]


def test_a_form_starts_changes_and_stops_a_run(fresh: Served) -> None:
    started = fresh.form("/swarm", "user_count=3&spawn_rate=100&host=http://other.example&unknown=1").json
    assert started == {"success": True, "message": "Swarming started", "host": "http://other.example"}
    until(lambda: fresh.get("/stats/requests").json["state"] == "running", "the run")
    assert fresh.form("/swarm", "user_count=5&spawn_rate=100").json["message"] == "Swarming updated"
    until(lambda: fresh.runner.user_count == 5, "five users")
    assert fresh.form("/stop").json == {"success": True, "message": "Test stopped"}
    until(lambda: fresh.get("/stats/requests").json["state"] == "stopped", "the end")
    assert fresh.form("/stop").json["success"] is True
    assert fresh.form("/stats/reset").text == "ok"
    until(lambda: fresh.environment.stats.num_requests == 0, "the reset")


@pytest.mark.parametrize(
    "form", ["user_count=x", "user_count=1&spawn_rate=0", "run_time=soon", "user_classes=Nobody"]
)
def test_a_form_that_cannot_be_says_so(fresh: Served, form: str) -> None:
    answer = fresh.form("/swarm", form).json
    assert answer["success"] is False
    assert answer["message"]
    assert fresh.state() == "ready"


def test_a_form_chooses_classes_and_a_run_time(fresh: Served) -> None:
    fresh.form("/swarm", "user_count=2&spawn_rate=100&user_classes=Buyer&run_time=1s&profile=evening")
    until(lambda: fresh.state() == "stopped", "the end of the run time")
    assert fresh.environment.profile == "evening"
    assert list(fresh.environment.stats.entries) == [("/basket", "POST")]


def test_settings_of_a_class_are_changed(fresh: Served) -> None:
    assert fresh.post("/user", {"user_class_name": "Buyer", "weight": 9}).status == 201
    assert fresh.environment.user_classes_by_name["Buyer"].weight == 9
    assert fresh.post("/user", {"user_class_name": "Nobody"}).status == 422
    assert fresh.form("/user", "x=1").status == 400


@pytest.mark.parametrize(
    "wrong",
    [{"_config": 1}, {"weight": -1}, {"weight": "many"}, {"fixed_count": 1.5}, {"tasks": 5}, {"host": []}],
)
def test_settings_of_a_class_that_cannot_be_are_refused(fresh: Served, wrong: dict[str, Any]) -> None:
    answer = fresh.post("/user", {"user_class_name": "Buyer", **wrong})
    assert (answer.status, answer.json["error"]["field"]) == (422, next(iter(wrong)))
    assert fresh.post("/user", {"user_class_name": ["Buyer"]}).status == 422
    assert fresh.post("/user", {"user_class_name": "Buyer", "__class__": 5}).status == 422


def test_numbers_may_be_texts_as_locusts_page_sends_them(fresh: Served) -> None:
    assert fresh.post("/user", {"user_class_name": "Buyer", "weight": "3", "fixed_count": "2"}).status == 201
    buyer = fresh.environment.user_classes_by_name["Buyer"]
    assert (buyer.weight, buyer.fixed_count) == (3, 2)


def test_a_get_changes_nothing(running: Served) -> None:
    for path in ("/stop", "/stats/reset"):
        assert running.get(path).status == 405
    assert running.state() == "running"


def test_a_get_does_what_older_scripts_expect_where_somebody_asked_for_it() -> None:
    with served(get_commands=True) as site:
        site.form("/swarm", "user_count=2&spawn_rate=100")
        until(lambda: site.snapshot()["total"]["requests"] > 10, "requests")
        assert site.get("/stop").json == {"success": True, "message": "Test stopped"}
        until(lambda: site.state() == "stopped", "the end")
        assert site.get("/stats/reset").text == "ok"
        until(lambda: site.environment.stats.num_requests == 0, "the reset")

        def actions() -> list[str]:
            return [each["action"] for each in site.snapshot()["events"] if each["kind"] == "command"]

        until(lambda: actions() == ["start", "stop", "reset"], "the trail")


BROWSER = "Mozilla/5.0 (X11; Linux x86_64)"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Referer": "http://evil.example/page"},
        {"User_Agent": BROWSER},  # over plain http it does not tell where from
        {"User_Agent": BROWSER, "Sec_Fetch_Site": "none", "Sec_Purpose": "prefetch;prerender"},
    ],
)
def test_a_get_that_another_site_may_have_sent_is_refused_all_the_same(headers: dict[str, str]) -> None:
    with served(get_commands=True) as site:
        site.runner.start(1, 100)
        until(lambda: site.state() == "running", "the run")
        assert site.get("/stop", **headers).status == 403
        assert site.ask("HEAD", "/stop").status == 405
        assert site.state() == "running"
        assert site.get("/stop", User_Agent=BROWSER, Sec_Fetch_Site="none").status == 200


def test_a_get_that_acts_needs_the_operators_token() -> None:
    with served(get_commands=True, access="token", token="steer", viewer_token="look") as site:
        assert site.get("/stop").status == 401
        assert site.get("/stop", Authorization="Bearer look").status == 403
        assert site.get("/stop", Authorization="Bearer steer").status == 200


def test_a_locustfile_adds_routes_blueprints_and_figures() -> None:
    def add(ui: Any) -> None:
        extend = Blueprint("extend", __name__)
        extend.add_url_rule("/content-length", "lengths", lambda: Response("mine"))
        ui.app.register_blueprint(extend)

        @ui.app.route("/extend")
        def page() -> str:
            ui.update_template_args()
            args = {**ui.template_args, "extended_tabs": [{"title": "</script>Lengths", "key": "lengths"}]}
            return render_template("index.html", template_args=args)

        @ui.app.after_request
        def figures(response: Response) -> Response:
            if request.path == "/stats/requests":
                added = {**response.json, "extended_stats": [{"key": "lengths", "data": [{"name": "/"}]}]}  # type: ignore[dict-item]
                response.set_data(json.dumps(added))
            return response

        ui.template_args["extended_csv_files"] = [{"href": "/lengths.csv", "title": "Lengths"}]

    with served(add) as site:
        assert site.get("/content-length").text == "mine"
        assert site.get("/stats/requests").json["extended_stats"][0]["key"] == "lengths"
        page = site.get("/extend").text
        block = page.partition('id="template-args">')[2].partition("</script>")[0]
        assert json.loads(block) == {
            "extended_tabs": [{"title": "</script>Lengths", "key": "lengths"}],
            "extended_csv_files": [{"href": "/lengths.csv", "title": "Lengths"}],
        }
        assert "extended_csv_files" in site.get("/").text
        assert site.ui.template_args["host"] == "http://shop.example"


def test_everything_lies_below_a_base_path() -> None:
    with served(web_base_path="load/") as site:
        assert site.ui.url.endswith("/load/")
        assert site.get("/load").status == 308
        assert site.get("/load/").status == 200
        assert site.get("/load/api/v1/snapshot").json["run"]["state"] == "ready"
        assert site.get("/load/stats/requests").status == 200
        assert site.get("/load/api/v1/nowhere").json["error"]["code"] == "not_found"
        assert site.get("/stats/requests").status == 404


class Account(UserMixin):  # type: ignore[misc]
    """Somebody who may log in."""

    def __init__(self, identity: str) -> None:
        self.id = identity


def with_login(ui: Any) -> None:
    ui.login_manager.user_loader(lambda identity: Account(identity) if identity == "anna" else None)
    ui.app.config["SECRET_KEY"] = "a-secret-of-the-tests"
    ui.auth_args = {
        "username_password_callback": "/login_submit",
        "auth_providers": [{"label": "Elsewhere", "callback_url": "/elsewhere", "icon_url": ""}],
        "custom_form": {
            "inputs": [
                {"label": "Team", "name": "team", "choices": ["a", "b"], "default_value": "b"},
                {"label": "Key", "name": "key", "is_secret": True, "default_value": "not-shown"},
                {"label": "Remember", "name": "remember", "default_value": True},
            ],
            "callback_url": "/form_submit",
            "submit_button_text": "Enter",
        },
    }

    @ui.app.route("/login_submit", methods=["POST"])
    def log_in() -> Any:
        if (request.form["username"], request.form["password"]) == ("anna", "right"):
            login_user(Account("anna"))
            return redirect(url_for("locust.index"))
        session["auth_error"] = "Invalid <username> or password"
        return redirect(url_for("locust.login"))

    @ui.app.route("/mine")
    @ui.auth_required_if_enabled
    def mine() -> str:
        return "mine"


def test_a_log_in_page_stands_before_everything() -> None:
    with served(with_login, web_login=True) as site:
        assert site.get("/").headers["Location"] == "/login"
        assert site.get("/stats/requests").status == 401
        assert site.get("/api/v1/snapshot").status == 401
        assert site.form("/stop").status == 401
        assert site.get("/mine").headers["Location"] == "/login"
        assert site.get("/api/v1/session").json["login"] == "/login"

        page = site.get("/login")
        for part in (
            'action="/login_submit"',
            'href="/elsewhere"',
            "Elsewhere",
            'action="/form_submit"',
            "Enter",
        ):
            assert part in page.text
        assert "not-shown" not in page.text
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]

        wrong = site.form("/login_submit", "username=anna&password=wrong")
        shown = site.get("/login", Cookie=wrong.headers["Set-Cookie"].partition(";")[0])
        assert "Invalid &lt;username&gt; or password" in shown.text

        right = site.form("/login_submit", "username=anna&password=right")
        site.headers = {"Cookie": right.headers["Set-Cookie"].partition(";")[0]}
        assert site.get("/").status == 200
        assert site.get("/login").headers["Location"] == "/"
        assert site.get("/mine").text == "mine"
        assert site.get("/api/v1/session").json["who"] == "anna"
        assert site.post("/api/v1/run", {"users": 1}).status == 202
        (started,) = [each for each in site.snapshot()["events"] if each["kind"] == "command"]
        assert started["who"] == "anna"

        out = site.get("/logout")
        assert out.headers["Location"] == "/login"


def test_without_a_log_in_page_its_paths_lead_to_the_ui(running: Served) -> None:
    assert running.get("/login").headers["Location"] == "/"
    assert running.get("/logout").headers["Location"] == "/"
