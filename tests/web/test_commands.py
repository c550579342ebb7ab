"""What the API does with a run, and what it refuses."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

import gevent
import pytest

from swarm import FastHttpUser, HttpUser, LoadTestShape, User, task
from swarm.exceptions import SwarmError
from swarm_web import web
from tests.web.serving import Buyer, Client, Served, Visitor, served, until


def test_a_run_is_started_changed_paused_and_stopped(fresh: Served) -> None:
    assert fresh.post("/api/v1/run", {"users": 4, "rate": 100, "host": "http://other.example"}).status == 202
    until(lambda: fresh.state() == "running", "the run")
    assert fresh.environment.host == "http://other.example"

    assert fresh.post("/api/v1/run/load", {"users": 6}).json["action"] == "load"
    until(lambda: fresh.snapshot()["run"]["users"] == 6, "six users")

    assert fresh.post("/api/v1/run/pause", {"paused": True}).status == 202
    until(lambda: fresh.state() == "paused", "the pause")
    assert fresh.snapshot()["run"]["actions"] == ["load", "resume", "stop", "reset"]
    assert fresh.post("/api/v1/run/pause", {"paused": False}).json["action"] == "resume"
    until(lambda: fresh.state() == "running", "the run again")

    assert fresh.post("/api/v1/run/stop").status == 202
    until(lambda: fresh.state() == "stopped", "the end")
    run = fresh.snapshot()["run"]
    assert run["users"] == 0
    assert run["ended"] >= run["started"]

    assert fresh.post("/api/v1/run", {"users": 1}).status == 202
    until(lambda: fresh.state() == "running", "another run")


def test_every_action_stands_in_the_audit_trail(fresh: Served) -> None:
    fresh.post("/api/v1/run", {"users": 2, "rate": 10})
    until(lambda: fresh.state() == "running", "the run")
    fresh.post("/api/v1/run/load", {"users": 3, "rate": 20})
    fresh.form("/stop")
    until(lambda: fresh.state() == "stopped", "the end")
    commands = [event for event in fresh.snapshot()["events"] if event["kind"] == "command"]
    assert [event["action"] for event in commands] == ["start", "load", "stop"]
    assert all((event["who"], event["from"]) == ("operator", "127.0.0.1") for event in commands)
    assert all(event["outcome"] == "done" for event in commands)
    assert commands[1]["before"] == {"users": 2, "rate": 10.0}
    assert commands[1]["after"] == {"users": 3, "rate": 20.0}
    assert [event["text"] for event in commands] == [
        "start: 2 users at 10/s",
        "load: 2 → 3 users at 10 → 20/s",
        "stop",
    ]


def test_a_run_ends_when_its_time_is_over(fresh: Served) -> None:
    fresh.post("/api/v1/run", {"users": 1, "rate": 1, "run_time": "1s"})
    until(lambda: fresh.state() == "stopped", "the end of the run time")
    assert fresh.snapshot()["run"]["run_time"] == 1.0
    assert fresh.environment.stats.num_requests > 0


def test_the_classes_and_their_mix_are_chosen(fresh: Served) -> None:
    fresh.post("/api/v1/run", {"users": 4, "rate": 100, "classes": ["Buyer"]})
    until(lambda: fresh.snapshot()["run"]["classes"] == {"Visitor": 0, "Buyer": 4}, "buyers alone")
    fresh.post("/api/v1/run/load", {"mix": {"Visitor": 1, "Buyer": 1}})
    until(lambda: fresh.snapshot()["run"]["classes"] == {"Visitor": 2, "Buyer": 2}, "half and half")


def test_the_trail_tells_what_a_load_and_a_mix_were_before(fresh: Served) -> None:
    fresh.post("/api/v1/run", {"users": 4, "rate": 3, "mix": {"Visitor": 1, "Buyer": 3}})
    until(lambda: fresh.state() == "running", "the run")
    fresh.post("/api/v1/run/load", {"users": 6})
    fresh.post("/api/v1/run/load", {"mix": {"Visitor": 2, "Buyer": 3}})

    def texts() -> list[str]:
        return [event["text"] for event in fresh.snapshot()["events"] if event["kind"] == "command"]

    until(lambda: len(texts()) == 3, "all three")
    assert texts() == [
        "start: 4 users at 3/s, mix Visitor 3, Buyer 1 → 1, 3",
        "load: 4 → 6 users at 3/s",
        "load: 6 users at 3/s, mix Visitor 1, Buyer 3 → 2, 3",
    ]


def test_a_form_has_what_the_last_start_had_and_can_go_back_to_the_file(fresh: Served) -> None:
    order = {"users": 4, "rate": 50, "run_time": "90s", "host": "http://other.example", "profile": "b"}
    fresh.post("/api/v1/run", {**order, "mix": {"Visitor": 1, "Buyer": 2}})
    until(lambda: fresh.state() == "running", "the run")
    fresh.post("/api/v1/run/load", {"users": 7})
    setup = fresh.get("/api/v1/setup").json
    assert setup["defaults"] == {**order, "run_time": 90.0}
    weights = {each["name"]: (each["weight"], each["weight_in_file"]) for each in setup["classes"]}
    assert weights == {"Visitor": (1, 3), "Buyer": (2, 1)}


def test_a_reset_is_offered_while_there_is_something_to_be_reset(fresh: Served) -> None:
    assert fresh.snapshot()["run"]["actions"] == ["start"]
    fresh.post("/api/v1/run", {"users": 2, "rate": 100})
    until(lambda: fresh.snapshot()["total"]["requests"], "requests")
    assert "reset" in fresh.snapshot()["run"]["actions"]
    fresh.post("/api/v1/run/stop")
    until(lambda: fresh.state() == "stopped", "the end")
    assert fresh.snapshot()["run"]["actions"] == ["start", "reset"]
    fresh.post("/api/v1/run/reset")
    until(lambda: fresh.snapshot()["run"]["actions"] == ["start"], "the reset")
    assert fresh.form("/stats/reset").text == "ok"


class Shopper(FastHttpUser):
    @task
    def look(self) -> None:
        pass


class Plain(HttpUser):
    @task
    def look(self) -> None:
        pass


@pytest.mark.parametrize("user_class", [Shopper, Plain])
@pytest.mark.parametrize("host", ["shop.example", "ftp://shop.example", "http://", "shop.example:80"])
def test_a_host_of_http_users_is_a_base_url(user_class: type[User], host: str) -> None:
    with served(user_classes=[user_class]) as site:
        answer = site.post("/api/v1/run", {"users": 1, "host": host})
        assert answer.status == 422
        assert answer.json["error"]["field"] == "host"
        assert answer.json["error"]["message"] == "Give the base URL of the target: http://shop.example"
        checks = {each["check"]: each for each in site.get("/api/v1/setup").json["preflight"]}
        assert checks["host"]["ok"]
        site.environment.host = host
        assert site.post("/api/v1/run", {"users": 1}).status == 422
        checks = {each["check"]: each for each in site.get("/api/v1/setup").json["preflight"]}
        assert not checks["host"]["ok"]


def test_other_users_may_have_any_host(fresh: Served) -> None:
    assert fresh.post("/api/v1/run", {"users": 1, "host": "db.example:5432"}).status == 202


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"classes": []}, "Choose at least one user class."),
        ({"rate": 0}, "The spawn rate is a number above 0, at most 1,000,000 users a second."),
        ({"users": -1}, "The number of users is a whole number from 0 to 10,000,000."),
        ({"mix": {"Buyer": 0}}, "Give at least one user class a weight above 0."),
    ],
)
def test_a_form_is_told_what_to_fill_in(fresh: Served, body: dict[str, Any], said: str) -> None:
    answer = fresh.post("/api/v1/run", body)
    assert (answer.status, answer.json["error"]["message"]) == (422, said)


def test_a_reset_sets_everything_to_zero(fresh: Served) -> None:
    heard: list[int] = []
    fresh.environment.events.reset_stats.add_listener(lambda **_: heard.append(1))
    fresh.post("/api/v1/run", {"users": 2, "rate": 100})
    until(lambda: fresh.snapshot()["total"]["requests"] > 50, "requests")
    fresh.post("/api/v1/run/stop")
    until(lambda: fresh.state() == "stopped", "the end")
    assert fresh.post("/api/v1/run/reset").status == 202
    until(lambda: fresh.snapshot()["total"]["requests"] == 0, "zero")
    assert fresh.snapshot()["names"]["i"] == []
    assert heard == [1]


def test_a_command_that_comes_twice_is_carried_out_once(fresh: Served) -> None:
    first = fresh.post("/api/v1/run", {"users": 2}, Idempotency_Key="a-1")
    again = fresh.post("/api/v1/run", {"users": 2}, Idempotency_Key="a-1")
    assert (first.status, again.status) == (202, 202)
    assert first.json == again.json
    other = fresh.post("/api/v1/run", {"users": 3}, Idempotency_Key="a-1")
    assert other.status == 409
    starts = [event for event in fresh.snapshot()["events"] if event.get("action") == "start"]
    assert len(starts) == 1
    assert fresh.post("/api/v1/run", {}, Idempotency_Key="x" * 65).status == 422


@pytest.mark.parametrize("command", ["load", "pause", "stop"])
def test_what_the_state_does_not_allow_is_refused_with_what_it_allows(fresh: Served, command: str) -> None:
    answer = fresh.post(f"/api/v1/run/{command}")
    assert answer.status == 409
    assert answer.json["error"] == {
        "code": "refused",
        "message": f"A run that is ready cannot {command}; it can: start.",
        "field": None,
    }
    assert fresh.snapshot()["events"] == []


def test_a_start_while_a_run_goes_on_is_refused(running: Served) -> None:
    assert running.post("/api/v1/run", {"users": 1}).status == 409
    assert running.snapshot()["run"]["users"] == 10


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"users": -1}, "users"),
    ({"users": 1.5}, "users"),
    ({"users": True}, "users"),
    ({"users": "1"}, "users"),
    ({"rate": 0}, "rate"),
    ({"rate": float("inf")}, "rate"),
    ({"run_time": "soon"}, "run_time"),
    ({"run_time": -5}, "run_time"),
    ({"run_time": "0s"}, "run_time"),
    ({"host": 5}, "host"),
    ({"host": "x" * 3_000}, "host"),
    ({"classes": ["Nobody"]}, "classes"),
    ({"classes": []}, "classes"),
    ({"mix": {"Nobody": 1}}, "mix"),
    ({"mix": {"Buyer": -1}}, "mix"),
    ({"mix": {"Buyer": 0, "Visitor": 0}}, "mix"),
    ({"shape": "Nothing"}, "shape"),
    ({"options": {"nothing": 1}}, "options"),
    ({"options": []}, "options"),
    ({"user": 5}, "user"),
]


@pytest.mark.parametrize(("body", "field"), WRONG)
def test_a_value_that_cannot_be_is_refused_by_its_name(
    fresh: Served, body: dict[str, Any], field: str
) -> None:
    answer = fresh.post("/api/v1/run", body)
    if body == {"options": []}:
        assert answer.status in (202, 422)
        return
    assert answer.status == 422, answer.text
    assert answer.json["error"]["field"] == field
    assert fresh.state() == "ready"


def test_a_body_that_is_no_json_object_is_refused(fresh: Served) -> None:
    assert fresh.form("/api/v1/run", "users=5").status == 415
    assert fresh.post("/api/v1/run", "{").status == 415
    assert fresh.ask("POST", "/api/v1/run", "{", Content_Type="application/json").status == 400
    assert fresh.ask("POST", "/api/v1/run", "[]", Content_Type="application/json").status == 400
    assert fresh.post("/api/v1/run", {"host": "x" * 70_000}).status == 413
    assert fresh.post("/api/v1/run/pause", {"paused": 1}).json["error"]["field"] == "paused"
    assert fresh.state() == "ready"


class Short(LoadTestShape):
    """Two users until it is stopped."""

    def tick(self) -> tuple[int, float]:
        return 2, 100


def test_a_shape_decides_on_the_load_until_it_is_stopped(fresh: Served) -> None:
    fresh.environment.available_shape_classes = {"Short": Short()}
    assert fresh.get("/api/v1/setup").json["shapes"][0]["name"] == "Short"
    assert fresh.post("/api/v1/run", {"shape": "Short"}).status == 202
    until(lambda: fresh.state() == "running", "the shape")
    run = fresh.snapshot()["run"]
    assert (run["shape"], run["actions"]) == ("Short", ["stop", "reset"])
    refused = fresh.post("/api/v1/run/load", {"users": 9})
    assert refused.status == 409
    assert "The shape Short decides" in refused.json["error"]["message"]
    fresh.post("/api/v1/run/stop")
    until(lambda: fresh.state() == "stopped", "the end")


def test_options_of_the_locustfile_are_fields_and_secrets_stay_here() -> None:
    parser = ArgumentParser()
    tenant = parser.add_argument("--tenant", default="a", choices=["a", "b"])
    count = parser.add_argument("--count", type=int, default=1, help="how many")
    dry = parser.add_argument("--dry", action="store_true")
    key = parser.add_argument("--api-key", default="very-secret")
    key.is_secret = True  # type: ignore[attr-defined]
    actions = {action.dest: action for action in (tenant, count, dry, key)}
    parsed = Namespace(
        tenant="a", count=1, dry=False, api_key="very-secret", num_users=7, spawn_rate=2.0, run_time=60
    )
    with served(parsed_options=parsed, options=actions) as site:
        setup = site.get("/api/v1/setup").json
        assert setup["defaults"] | {"host": None} == {
            "users": 7,
            "rate": 2.0,
            "run_time": 60,
            "host": None,
            "profile": None,
        }
        kinds = {each["name"]: (each["type"], each["value"], each["is_set"]) for each in setup["options"]}
        assert kinds == {
            "tenant": ("choice", "a", True),
            "count": ("integer", 1, True),
            "dry": ("boolean", False, True),
            "api_key": ("text", None, True),
        }
        for wrong in ({"tenant": "c"}, {"count": "many"}, {"dry": "perhaps"}, {"count": [1, 2]}):
            assert site.post("/api/v1/run", {"options": wrong}).status == 422
        given = {"tenant": "b", "count": 5, "dry": True, "api_key": "newer-secret"}
        assert site.post("/api/v1/run", {"users": 1, "options": given}).status == 202
        assert (parsed.tenant, parsed.count, parsed.dry, parsed.api_key) == ("b", 5, True, "newer-secret")
        until(lambda: site.state() == "running", "the run")
        for path in ("/", "/api/v1/snapshot", "/api/v1/setup", "/api/v1/logs", "/stats/report", "/logs"):
            assert "secret" not in site.get(path).text.replace('"secret"', ""), path


def test_a_locustfile_may_ask_for_a_host(fresh: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "HOST_IS_REQUIRED", True)
    fresh.environment.host = None
    assert fresh.post("/api/v1/run", {"users": 1}).json["error"]["field"] == "host"
    assert fresh.post("/api/v1/run", {"users": 1, "host": "http://shop.example"}).status == 202


def test_a_required_option_must_be_filled_in() -> None:
    action = ArgumentParser().add_argument("--tenant")
    action.is_required = True  # type: ignore[attr-defined]
    with served(parsed_options=Namespace(tenant=None), options={"tenant": action}) as site:
        assert site.post("/api/v1/run", {"users": 1}).json["error"]["field"] == "options"
        assert site.post("/api/v1/run", {"users": 1, "options": {"tenant": "a"}}).status == 202


def test_a_run_without_a_runner_is_refused() -> None:
    from swarm import Environment
    from swarm_web.web import create_web_ui

    ui = create_web_ui(Environment(user_classes=[Visitor, Buyer]), port=0)
    try:
        client = Client(ui.port)
        assert client.get("/api/v1/snapshot").json["run"]["actions"] == []
        assert client.post("/api/v1/run", {"users": 1}).status == 409
    finally:
        ui.stop()


class Stayer(User):
    """Has a task that lasts."""

    @task
    def stay(self) -> None:
        with self.environment.events.request.measure("GET", "/slow"):
            gevent.sleep(1000)


def test_a_stop_that_drains_is_forced() -> None:
    with served(user_classes=[Stayer]) as site:
        site.environment.stop_timeout = 1000
        site.post("/api/v1/run", {"users": 3, "rate": 100})
        until(lambda: site.state() == "running", "the run")
        early = site.post("/api/v1/run/stop", {"force": True})
        assert early.status == 409
        assert early.json["error"]["message"].startswith("A run that is running cannot force; it can: load")

        site.post("/api/v1/run/stop")
        until(lambda: site.state() == "stopping", "the stop")
        run = site.snapshot()["run"]
        assert run["actions"] == ["force", "reset"]
        assert run["waits"]["text"].startswith("3 users are draining, forced in ")
        assert 900 < run["waits"]["left"] <= 1000

        assert site.post("/api/v1/run/stop", {"force": True}).json["action"] == "force"
        until(lambda: site.state() == "stopped", "the end")
        *_, forced = [each for each in site.snapshot()["events"] if each["kind"] == "command"]
        assert forced["text"] == "force the stop: 3 users cut off"
        assert (forced["before"], forced["after"]) == ({"users": 3}, {"users": 0})
        assert site.environment.stats.num_requests == 0


def test_without_a_stop_timeout_requests_have_their_grace_and_without_a_limit_there_is_none() -> None:
    with served(user_classes=[Stayer]) as site:
        facts = site.ui.recorder.facts
        site.runner.start(1, 100)
        until(lambda: site.state() == "running", "the run")
        facts.state, facts.since = "stopping", 100.0
        assert facts.facts(100.5)["waits"] == {
            "text": "1 user is draining, forced in 1 s",
            "have": 1,
            "want": 0,
            "left": 1.0,
        }
        site.environment.stop_timeout = float("inf")
        assert facts.facts(100.5)["waits"] == {
            "text": "1 user is draining",
            "have": 1,
            "want": 0,
            "left": None,
        }
        site.environment.stop_timeout = None


def test_more_users_than_the_ceiling_are_refused() -> None:
    parsed = Namespace(num_users=500, spawn_rate=100, run_time=None)
    with served(parsed_options=parsed, max_users=10) as site:
        site.environment.available_shape_classes = {"Short": Short()}
        assert site.snapshot()["run"]["max_users"] == 10
        assert site.get("/api/v1/setup").json["defaults"]["users"] == 10
        for body in ({"users": 11}, {}):  # without a number it would be the 500 of the command line
            refused = site.post("/api/v1/run", body)
            assert (refused.status, refused.json["error"]["field"]) == (422, "users")
        assert "at most 10 users" in site.form("/swarm", "user_count=11&spawn_rate=1").json["message"]
        assert site.post("/api/v1/run", {"users": 10}).status == 202
        until(lambda: site.state() == "running", "the run")
        refused = site.post("/api/v1/run/load", {"users": 11})
        assert (refused.status, refused.json["error"]["field"]) == (422, "users")
        assert site.runner.target_user_count == 10
        site.post("/api/v1/run/stop")
        until(lambda: site.state() == "stopped", "the end")
        assert site.post("/api/v1/run", {"shape": "Short"}).status == 202  # which decides by itself


def test_without_a_ceiling_there_is_none_and_one_of_nobody_is_none(fresh: Served) -> None:
    assert fresh.snapshot()["run"]["max_users"] is None
    with pytest.raises(SwarmError, match="max_users"), served(max_users=0):
        pass


def test_a_run_on_one_machine_has_no_worker_to_drain(running: Served) -> None:
    answer = running.post("/api/v1/workers/local/drain")
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")
    assert running.post("/api/v1/workers/local/drain", {"now": True}).json["error"]["field"] == "now"


def test_settings_of_a_class_stand_in_the_trail(fresh: Served) -> None:
    assert fresh.post("/user", {"user_class_name": "Buyer", "weight": 4, "key": "hush"}).status == 201
    (event,) = fresh.snapshot()["events"]
    assert (event["action"], event["text"]) == ("user", "settings of Buyer: weight, key")
    assert (event["before"], event["after"]) == ({"weight": 1}, {"weight": 4})
