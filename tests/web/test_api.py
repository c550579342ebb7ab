"""What the API shows of a run."""

from __future__ import annotations

import csv
import dataclasses
import json
from io import StringIO

import pytest

from swarm_stats.reports import json as json_report
from swarm_web.logs import LogBook
from tests.web.serving import Served, served, until

COLUMNS = {
    "requests",
    "failures",
    "rps",
    "fps",
    "p50",
    "p95",
    "p99",
    "p50_run",
    "p95_run",
    "p99_run",
    "avg",
    "min",
    "max",
    "length",
    "interrupted",
    "late",
    "p95_intent_run",
}


def test_a_snapshot_has_everything_in_columns_of_one_length(running: Served) -> None:
    shown = running.snapshot()
    assert shown["schema"] == 1
    assert set(shown["total"]) == COLUMNS | {"rps_run"}
    assert {"i", "method", "name", *COLUMNS} == set(shown["names"])
    for table in (shown["names"], shown["workers"], shown["history"]):
        assert len({len(column) for column in table.values()}) == 1
    assert sorted(zip(shown["names"]["method"], shown["names"]["name"], strict=True)) == [
        ("GET", "/<b>bad</b>"),
        ("GET", "/catalogue"),
        ("POST", "/basket"),
    ]
    total = shown["total"]
    assert total["requests"] >= sum(shown["names"]["requests"]) - 200
    assert total["failures"] > 0
    assert 0 < total["min"] <= total["p50_run"] <= total["p95_run"] <= total["p99_run"] <= total["max"]
    assert shown["workers"]["id"] == ["local"]
    assert shown["workers"]["users"] == [10]
    assert shown["history"]["users"][-1] == 10
    assert shown["history_lag"] == 0
    assert [event["state"] for event in shown["events"] if event["kind"] == "state"][-1] == "running"
    assert shown["errors"]["kinds"] == 1


def test_the_run_is_described_as_it_is(running: Served) -> None:
    run = running.snapshot()["run"]
    assert (run["state"], run["users"], run["target"], run["rate"]) == ("running", 10, 10, 100)
    assert run["classes"] == run["target_classes"] == {"Visitor": 8, "Buyer": 2}
    assert (run["host"], run["locustfile"], run["role"]) == ("http://shop.example", "shop.py", "local")
    assert run["actions"] == ["load", "pause", "stop", "reset"]
    assert run["started"] is not None
    assert run["ended"] is None
    assert set(run["verdict"]) == {"valid", "reasons", "cpu_max", "cpu_mean", "lag_p99_ms", "lag_max_ms"}


def test_a_snapshot_that_is_known_is_not_sent_again(running: Served) -> None:
    def again() -> int:
        tag = running.get("/api/v1/snapshot").headers["ETag"]
        return running.get("/api/v1/snapshot", If_None_Match=tag).status

    until(lambda: again() == 304, "the same snapshot twice within a second")


def test_the_series_of_the_run_and_of_a_name(running: Served) -> None:
    whole = running.get("/api/v1/series").json
    assert (whole["name"], whole["step"]) == ("Aggregated", 1)
    assert len(whole["time"]) == len(whole["rps"]) == len(whole["p95"])

    chosen = running.get(f"/api/v1/series?metric=rps,p50&from={whole['time'][0]}&to={whole['time'][0]}").json
    assert chosen["time"] == whole["time"][:1]
    assert set(chosen) == {"method", "name", "step", "time", "rps", "p50"}

    named = running.get("/api/v1/series?method=POST&name=/basket").json
    assert (named["method"], named["name"], named["step"]) == ("POST", "/basket", 10)


def test_the_series_of_a_name_has_its_rows_when_the_run_is_over(fresh: Served) -> None:
    fresh.runner.start(4, 100)
    until(lambda: fresh.snapshot()["total"]["requests"] > 20, "requests")
    fresh.runner.stop()
    fresh.ui.recorder.complete()
    named = fresh.get("/api/v1/series?method=POST&name=/basket").json
    assert sum(named["rps"]) > 0
    assert named["p50"][0] >= 1.0
    drawn = fresh.get("/api/v1/heatmap?method=POST&name=/basket").json
    counted = sum(sum(column[1::2]) for column in drawn["columns"])
    entry = fresh.environment.stats.entries["/basket", "POST"]
    assert counted == entry.num_requests


def test_the_heat_map_counts_every_request(fresh: Served) -> None:
    fresh.runner.start(4, 100)
    until(lambda: fresh.snapshot()["total"]["requests"] > 20, "requests")
    fresh.runner.stop()

    def counted() -> int:
        drawn = fresh.get("/api/v1/heatmap").json
        assert len(drawn["bounds"]) == 81
        return sum(sum(column[1::2]) for column in drawn["columns"])

    until(lambda: counted() == fresh.environment.stats.num_requests, "a column for the last second")


def test_failures_and_exceptions_are_grouped(running: Served) -> None:
    shown = running.get("/api/v1/errors").json
    (failure,) = shown["failures"]
    assert (failure["method"], failure["name"], failure["error"]) == ("GET", "/<b>bad</b>", "500 <i>no</i>")
    assert failure["occurrences"] > 0
    assert failure["first_seen"] <= failure["last_seen"]
    assert (failure["nodes"], failure["node_count"]) == (["local"], 1)
    assert shown["exceptions"] == []
    assert shown["more"] == {"kinds": 0, "occurrences": 0}


def test_the_log_is_read_on_from_a_cursor() -> None:
    with served() as site:
        site.ui.recorder.log_taking.end()  # other tests' runs log, too
        book = site.ui.recorder.logs = LogBook()
        for number in range(10):
            book.add(
                "w1" if number % 2 else "local",
                "ERROR" if number > 7 else "INFO",
                "shop",
                f"line {number}",
                5.0,
            )
        first = site.get("/api/v1/logs?limit=3").json
        assert [line["text"] for line in first["lines"]] == ["line 7", "line 8", "line 9"]
        assert first["nodes"] == ["local", "w1"]
        book.add("w1", "WARNING", "shop", "the <last> one", 6.0)
        book.add("w1", "WARNING", "shop", "the <last> one", 6.5)
        further = site.get(f"/api/v1/logs?cursor={first['cursor']}").json
        assert [(line["text"], line["times"]) for line in further["lines"]] == [("the <last> one", 2)]
        assert site.get("/api/v1/logs?level=ERROR").json["lines"][0]["text"] == "line 8"
        assert len(site.get("/api/v1/logs?worker=w1&level=INFO").json["lines"]) == 6
        assert [line["id"] for line in site.get("/api/v1/logs?q=LAST").json["lines"]] == [12]
        paged = site.get("/api/v1/logs?cursor=0&limit=4").json
        assert [line["id"] for line in paged["lines"]] == [1, 2, 3, 4]
        assert paged["cursor"] == 4


def test_what_a_new_run_may_choose(running: Served) -> None:
    shown = running.get("/api/v1/setup").json
    assert [(each["name"], each["weight"], each["chosen"]) for each in shown["classes"]] == [
        ("Visitor", 3, True),
        ("Buyer", 1, True),
    ]
    assert shown["classes"][0]["tasks"] == {"browse": {"ratio": 0.75}, "fail": {"ratio": 0.25}}
    assert shown["defaults"] == {
        "users": 1,
        "rate": 1.0,
        "run_time": None,
        "host": "http://shop.example",
        "profile": None,
    }
    assert all(check["ok"] for check in shown["preflight"])


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/api/v1/series?name=/nowhere&method=GET", 404, None),
        ("/api/v1/heatmap?name=/nowhere", 404, None),
        ("/api/v1/nowhere", 404, None),
        ("/api/v1/series?from=yesterday", 422, "from"),
        ("/api/v1/series?step=-1", 422, "step"),
        ("/api/v1/heatmap?to=nan", 422, "to"),
        ("/api/v1/logs?limit=2001", 422, "limit"),
        ("/api/v1/logs?cursor=x", 422, "cursor"),
        ("/api/v1/logs?level=LOUD", 422, "level"),
    ],
)
def test_what_cannot_be_asked_for_is_told(running: Served, path: str, status: int, field: str | None) -> None:
    answer = running.get(path)
    assert answer.status == status
    assert answer.json["error"]["field"] == field
    assert answer.json["error"]["message"]


def test_a_monitoring_system_gets_its_figures(running: Served) -> None:
    assert running.get("/healthz").text == "ok\n"
    assert running.get("/readyz").text == "1 of 1 workers, running\n"
    answer = running.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "swarm_users 10\n" in answer.text
    assert 'swarm_requests_total{method="POST",name="/basket"} ' in answer.text
    assert 'swarm_failures_total{method="GET",name="/<b>bad</b>"} ' in answer.text


def test_the_statistics_come_in_the_form_of_the_command_line(running: Served) -> None:
    document = running.get("/api/v1/report.json").json
    assert {entry["name"] for entry in document} == {"/catalogue", "/<b>bad</b>", "/basket"}
    assert all("histogram_us" in entry for entry in document)


def test_they_are_the_very_same_that_the_command_line_writes(fresh: Served) -> None:
    stats = fresh.environment.stats
    for number in range(300):
        stats.record("GET", f"/{number % 7}", 1_000 * number, 10, 5.5 + number, "no" if number % 3 else None)
    stats.record("GET", "/late", 2_000, 10, 5.5, None, 9_000)
    assert fresh.get("/api/v1/report.json").json == json.loads(json_report.text(stats))


@pytest.mark.parametrize(
    ("kind", "columns", "rows"),
    [
        ("names", ["i", "method", "name", "requests"], {"/catalogue", "/<b>bad</b>", "/basket"}),
        ("failures", ["method", "name", "error", "occurrences"], {"/<b>bad</b>"}),
    ],
)
def test_tables_are_files(running: Served, kind: str, columns: list[str], rows: set[str]) -> None:
    answer = running.get(f"/api/v1/{kind}.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert f"filename={kind}_" in answer.headers["Content-Disposition"]
    header, *lines = csv.reader(StringIO(answer.text))
    assert header[: len(columns)] == columns
    assert {line[header.index("name")] for line in lines} == rows


def test_the_whole_run_over_time_is_a_file(running: Served) -> None:
    header, *lines = csv.reader(StringIO(running.get("/api/v1/history.csv").text))
    history = running.get("/api/v1/snapshot").json["history"]
    assert header == list(history)
    assert {line[header.index("time")] for line in lines} <= {str(second) for second in history["time"]}


def test_the_verdict_stands_in_the_trail_with_its_subject(fresh: Served) -> None:
    fresh.runner.start(1, 10)
    until(lambda: fresh.state() == "running", "the run")
    reasons = ("its event loop was late by 300.0 ms at p99: a task computes",)
    monitor = fresh.runner.monitor
    monitor.verdict = lambda: dataclasses.replace(type(monitor).verdict(monitor), reasons=reasons)

    def verdicts() -> list[str]:
        return [each["text"] for each in fresh.snapshot()["events"] if each["kind"] == "verdict"]

    until(verdicts, "the verdict")
    assert verdicts() == [f"The generator became the bottleneck: {reasons[0]}"]


def test_the_summary_of_the_errors_is_the_sum_of_the_failures(fresh: Served) -> None:
    stats = fresh.environment.stats
    fresh.runner.start(4, 100)
    until(lambda: stats.errors, "a failure")
    fresh.runner.stop()
    stats.total.num_failures += 7  # what another source would say
    until(lambda: fresh.state() == "stopped", "the end")
    until(
        lambda: (
            fresh.snapshot()["errors"]["occurrences"]
            == sum(each.occurrences for each in stats.errors.values())
        ),
        "the sum",
    )
