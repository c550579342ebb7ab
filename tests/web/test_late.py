"""Requests that began later than they were meant to: their times from the intended start stand beside the others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from swarm import User, constant, task
from swarm_stats import Registry
from swarm_web import report as reports
from swarm_web.curve import FRACTIONS, curve
from swarm_web.history import RunHistory
from swarm_web.recording import Recording
from swarm_web.replay import ReplaySource
from tests.web.serving import Served, served, until

START = 1_790_000_000


class Hurried(User):
    """Its requests are quick, and of one name they begin 200 ms late, once `is_late`."""

    wait_time = constant(0.01)
    is_late = False

    @task
    def ask(self) -> None:
        stats, now = self.environment.stats, time.time()
        stats.record("GET", "/on-time", 2_000, 10, now)
        stats.record("GET", "/late", 4_000, 10, now, None, 204_000 if self.is_late else None)


def hurried(is_late: bool) -> type[User]:
    return type("Hurried", (Hurried,), {"is_late": is_late})


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """A run with late requests that has ended, and its recording."""
    path = tmp_path_factory.mktemp("late") / "run.jsonl"
    with served(user_classes=[hurried(is_late=True)]) as site:
        recording = Recording(site.environment, path)
        site.post("/api/v1/run", {"users": 2, "rate": 100})
        until(lambda: any(site.snapshot()["history"]["p95_intent"]), "a row of the history")
        site.post("/api/v1/run/stop")
        until(lambda: site.state() == "stopped", "the end")
        site.ui.recorder.tick(time.time() + 1)
        recording.close()
        yield site, path


def slow(drawn: dict[str, Any]) -> int:
    """How many times of a heat map are above 100 ms."""
    edges = drawn["bounds"]
    return sum(
        n
        for column in drawn["columns"]
        for bucket, n in zip(column[::2], column[1::2], strict=True)
        if edges[bucket] >= 100
    )


def test_they_are_counted_in_the_run_the_total_and_their_name(late: tuple[Served, Path]) -> None:
    site, _ = late
    shown = site.snapshot()
    names = {name: at for at, name in enumerate(shown["names"]["name"])}
    wanted = site.environment.stats.entries["/late", "GET"].num_requests
    assert shown["run"]["late"] == shown["total"]["late"] == wanted
    assert shown["names"]["late"][names["/late"]] == wanted
    assert shown["names"]["p95_intent_run"][names["/late"]] == pytest.approx(204, rel=0.01)
    assert shown["names"]["p95_run"][names["/late"]] == pytest.approx(4, rel=0.01)
    assert shown["names"]["late"][names["/on-time"]] == 0
    assert shown["names"]["p95_intent_run"][names["/on-time"]] is None
    assert max(each or 0 for each in shown["history"]["p95_intent"]) == pytest.approx(204, rel=0.01)
    assert max(each or 0 for each in shown["history"]["p95"]) < 5


@pytest.mark.parametrize("query", ["", "&method=GET&name=/late"])
def test_the_heat_map_from_the_intended_start_has_every_request(
    late: tuple[Served, Path], query: str
) -> None:
    site, _ = late
    stats = site.environment.stats
    wanted = stats.entries["/late", "GET"].num_requests
    drawn = site.get(f"/api/v1/heatmap?of=intent{query}").json
    assert slow(drawn) == wanted
    assert sum(sum(column[1::2]) for column in drawn["columns"]) == wanted if query else stats.num_requests
    assert slow(site.get(f"/api/v1/heatmap?of=service{query}").json) == 0
    assert slow(site.get("/api/v1/heatmap?of=intent&method=GET&name=/on-time").json) == 0


def test_percentiles_of_both_kinds(late: tuple[Served, Path]) -> None:
    site, _ = late
    whole = site.get("/api/v1/percentiles").json
    assert (whole["method"], whole["name"], whole["of"]) == ("", "Aggregated", "service")
    assert whole["count"] == site.environment.stats.num_requests
    assert whole["fractions"][-1] == 1.0
    assert whole["ms"][-1] == 4.0
    intent = site.get("/api/v1/percentiles?name=/late&method=GET&of=intent").json
    assert set(intent) == {"method", "name", "of", "count", "fractions", "ms"}
    assert intent["ms"][0] == pytest.approx(204, rel=0.01)


def test_a_recording_and_the_report_have_them(late: tuple[Served, Path]) -> None:
    site, path = late
    source = ReplaySource(path)
    for query in ((None, ""), ("/late", "GET"), ("/on-time", "GET")):
        for of in ("service", "intent"):
            drawn = source.heatmap(*query, of=of)
            assert drawn == site.ui.recorder.heatmap(*query, of=of)
            assert source.percentiles(*query, of) == site.ui.recorder.percentiles(*query, of)
    assert source.percentiles("/nowhere", "GET") is None
    assert source.state["run"]["late"] > 0

    cut = path.with_suffix(".cut")  # without what is only written at the end
    cut.write_text("".join(path.read_text().splitlines(keepends=True)[:-2]))
    played = ReplaySource(cut)
    assert played.heatmap(None, "", of="intent") == source.heatmap(None, "", of="intent")

    page = reports.report(site.environment)
    data = reports.unpacked(page)
    assert slow(data["heat_intent"]) == data["snapshot"]["run"]["late"]
    assert data["percentiles"]["intent"]["ms"][-1] == pytest.approx(204, rel=0.01)
    assert "began later than they were meant to" in page


def test_a_run_without_them_has_none_of_it(running: Served) -> None:
    shown = running.snapshot()
    assert shown["run"]["late"] == shown["total"]["late"] == 0
    assert set(shown["history"]["p95_intent"]) == {None}
    assert set(shown["names"]["p95_intent_run"]) == {None}
    with running.events() as events:
        frame = next(data for _, event, data in events if event == "frame" and "heat" in data)
    assert "heat_intent" not in frame
    data = reports.unpacked(reports.report(running.environment))
    assert data["heat_intent"] is None
    assert data["percentiles"]["intent"] is None
    assert data["percentiles"]["service"]["count"] > 0
    service, intent = (running.get(f"/api/v1/percentiles?of={of}").json for of in ("service", "intent"))
    assert intent["count"] >= service["count"]
    assert running.get("/api/v1/heatmap?of=intent").json["columns"]


def test_the_heat_map_before_the_first_late_request_is_that_of_the_service_times() -> None:
    registry = Registry(lambda: float(START))
    history = RunHistory(registry.total, 0)
    news = []
    for second in range(3):
        late = 500_000 if second == 2 else None
        registry.record("GET", "/", 5_000, 1, START + second + 0.5, None, late)
        news.append(history.add(START + second + 1.1, 1, 1, (1, 0.0, 0.0)))

    assert [each.intent is None for each in news] == [True, True, False]
    assert history.heat_intent is not None
    assert history.heat_intent.columns()[:2] == history.heat.columns()[:2]
    assert history.heat_intent.columns()[2] != history.heat.columns()[2]
    assert history.rows.columns(names=["p95_intent"])["p95_intent"] == [
        None,
        None,
        pytest.approx(500, rel=0.01),
    ]
    history.clear()
    assert history.heat_intent is None


def test_a_curve_leaves_out_what_lies_beyond_its_requests() -> None:
    registry = Registry(lambda: float(START))
    entry = registry.get("/", "GET")
    assert curve(entry, "service") == {"of": "service", "count": 0, "fractions": [], "ms": []}
    registry.record("GET", "/", 7_000, 1, START)
    assert curve(entry, "intent") == {"of": "intent", "count": 1, "fractions": [0.0, 1.0], "ms": [7.0, 7.0]}
    for ms in range(1, 1_000):
        registry.record("GET", "/", ms * 100, 1, START)
    drawn = curve(entry, "service")
    assert drawn["fractions"] == [each for each in FRACTIONS if each <= 0.999 or each == 1]
    assert drawn["ms"] == sorted(drawn["ms"])
    assert (drawn["ms"][0], drawn["ms"][-1]) == (0.1, 99.9)
    assert len(FRACTIONS) <= 40


def test_a_payload_that_tells_of_late_requests_which_it_did_not_count_breaks_nothing() -> None:
    registry = Registry(lambda: float(START))
    registry.record("GET", "/", 7_000, 1, START)
    registry.total.add_late(9_000, 20_000)
    assert registry.total.from_intent() == registry.total.histogram


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/api/v1/percentiles?name=/nowhere", 404, None),
        ("/api/v1/percentiles?of=wall", 422, "of"),
        ("/api/v1/heatmap?of=wall", 422, "of"),
    ],
)
def test_what_cannot_be_asked_for_is_told(running: Served, path: str, status: int, field: str | None) -> None:
    answer = running.get(path)
    assert (answer.status, answer.json["error"]["field"]) == (status, field)
