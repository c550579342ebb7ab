"""A run that was recorded is served again as it was."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from swarm.exceptions import SwarmError
from swarm_web.recording import Recording
from swarm_web.replay import ReplaySource
from swarm_web.replay_ui import ReplayUI
from tests.web.serving import Client, served, until


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few seconds."""
    path = tmp_path_factory.mktemp("recording") / "run.jsonl.gz"
    with served() as site:
        file = Recording(site.environment, path)
        site.post("/api/v1/run", {"users": 4, "rate": 100})
        until(lambda: len(site.snapshot()["history"]["time"]) >= 2, "two seconds")
        site.post("/api/v1/run/stop")
        until(lambda: site.state() == "stopped", "the end")
        file.close()
        assert file.problem is None
        path.with_suffix(".requests").write_text(str(site.environment.stats.num_requests))
    return path


def test_it_shows_the_run_as_it_ended(recording: Path) -> None:
    ui = ReplayUI(recording, port=0)
    try:
        client = Client(ui.port)
        shown = client.get("/api/v1/snapshot").json
        assert shown["total"]["requests"] == int(recording.with_suffix(".requests").read_text())
        assert sum(shown["names"]["requests"]) == shown["total"]["requests"]
        assert (shown["run"]["state"], shown["run"]["replay"], shown["run"]["actions"]) == (
            "stopped",
            True,
            [],
        )
        assert len(shown["history"]["time"]) >= 2
        assert [event["action"] for event in shown["events"] if event["kind"] == "command"] == [
            "start",
            "stop",
        ]
        assert client.get("/api/v1/session").json["replay"] is True
        named = client.get("/api/v1/series?method=POST&name=/basket").json
        assert sum(named["rps"]) > 0
        assert client.get("/api/v1/series?name=/nowhere").status == 404
        drawn = client.get("/api/v1/heatmap").json
        assert sum(sum(column[1::2]) for column in drawn["columns"]) > 0
        assert client.get("/api/v1/errors").json["failures"][0]["error"] == "500 <i>no</i>"
        assert client.get("/api/v1/setup").json["classes"][0]["name"] == "Visitor"
        assert "lines" in client.get("/api/v1/logs").json
        assert "of them failed" in client.get("/stats/report").text
        assert "500 <i>no</i>" in client.get("/api/v1/failures.csv").text
        for link, text in (("/stats/requests/csv", "/basket"), ("/stats/failures/csv", "500 <i>no</i>")):
            assert text in client.get(link).text
        assert client.get("/exceptions/csv").text.startswith("count,msg,traceback")
        assert client.get("/").status == 200
        with client.events() as events:
            assert next(events)[1] == "full"
        refused = client.post("/api/v1/run", {"users": 1})
        assert (refused.status, refused.json["error"]["code"]) == (409, "replay")
        assert client.get("/", Host="evil.example").status == 421
        assert client.get("/api/v1/report.json").json["error"]["code"] == "replay"
    finally:
        ui.stop()


def test_it_is_played_second_by_second(recording: Path) -> None:
    ui = ReplayUI(recording, port=0, speed=20)
    try:
        with Client(ui.port).events() as events:
            first = next(events)[2]
            assert first["run"]["replay"] is True
            frames = [event for _, event, _ in islice(events, 2)]
        assert set(frames) <= {"full", "frame"}
        wanted = int(recording.with_suffix(".requests").read_text())
        until(
            lambda: Client(ui.port).get("/api/v1/snapshot").json["total"]["requests"] == wanted,
            "the recording's end",
        )
    finally:
        ui.stop()


def test_one_that_was_cut_off_is_served_as_far_as_it_goes(recording: Path, tmp_path: Path) -> None:
    lines = gzip.decompress(recording.read_bytes()).splitlines(keepends=True)
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(b"".join(lines[:-1]) + lines[-1][:50])  # the last line has the details
    source = ReplaySource(cut)
    assert json.loads(source.full.get().plain)["run"]["replay"] is True
    assert source.error_document()["failures"] == []
    assert source.setup()["classes"] == []
    assert source.log_document()["lines"] == []
    for name, method in zip(source.state["names"]["name"], source.state["names"]["method"], strict=True):
        found = source.series(name, method)
        assert found is not None
        assert found["time"] == found["rps"] == []

    torn = tmp_path / "torn.jsonl.gz"
    torn.write_bytes(recording.read_bytes()[:-200])
    ReplaySource(torn)


def test_one_of_an_older_version_is_served_too(recording: Path, tmp_path: Path) -> None:
    """It has no response times from the intended start, no percentiles, no workers of a failure."""
    newer = ("late", "p95_intent_run", "p95_intent", "nodes", "node_count", "heatmaps_intent", "percentiles")

    def older(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: older(each) for key, each in value.items() if key not in newer}
        return [older(each) for each in value] if isinstance(value, list) else value

    path = tmp_path / "older.jsonl"
    lines = gzip.decompress(recording.read_bytes()).splitlines()
    path.write_text("".join(json.dumps(older(json.loads(line))) + "\n" for line in lines))
    ui = ReplayUI(path, port=0)
    try:
        client = Client(ui.port)
        shown = client.get("/api/v1/snapshot").json
        assert shown["run"]["late"] == shown["total"]["late"] == 0
        assert set(shown["names"]["late"]) == {0}
        assert set(shown["names"]["p95_intent_run"]) == {None}
        assert set(shown["history"]["p95_intent"]) == {None}
        failure = client.get("/api/v1/errors").json["failures"][0]
        assert (failure["nodes"], failure["node_count"]) == ([], 0)
        assert client.get("/api/v1/percentiles").json["count"] == 0
        assert client.get("/api/v1/percentiles?name=/basket&method=POST").json["count"] == 0
        assert client.get("/api/v1/percentiles?name=/nowhere").status == 404
        assert client.get("/api/v1/heatmap?of=intent").json["columns"]
        assert "of them failed" in client.get("/stats/report").text
    finally:
        ui.stop()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no recording"),
        ("no JSON\n", "no recording"),
        ('{"swarm_recording": 9}\n', "another version"),
        ('{"swarm_recording": 1}\n', "holds no run"),
    ],
)
def test_another_file_is_no_recording(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(SwarmError, match=reason):
        ReplaySource(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SwarmError, match="cannot be read: No such file"):
        ReplaySource(tmp_path / "nothing")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with served() as site, pytest.raises(SwarmError, match="cannot be written"):
        Recording(site.environment, tmp_path)


def test_a_new_run_begins_anew_in_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with served() as site:
        file = Recording(site.environment, path)
        site.post("/api/v1/run", {"users": 1, "rate": 100})
        until(lambda: site.snapshot()["total"]["requests"] > 0, "requests")
        file.close()
    events = [json.loads(line).get("event") for line in path.read_text().splitlines()[1:]]
    assert events[0] == "full"
    assert events[-2:] == ["full", "details"]
    assert events.count("full") >= 2
