"""The report: one file, bounded, that says the essential without JavaScript and fetches nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

from swarm import Environment, User
from swarm_stats import heat
from swarm_stats.heat import column_of
from swarm_stats.histogram import Histogram
from swarm_web import report as reports
from swarm_web.history import drawing
from swarm_web.name_rows import NameRow
from swarm_web.recorder import Recorder, recorder_of
from swarm_web.run_data import HEAT_COLUMNS, HISTORY_ROWS, fewer_columns, run_data
from tests.web.serving import Served, until

START = 1_790_000_000


class Parsed(HTMLParser):
    """The tables, texts, tags and inline scripts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside in ("td", "th"):
            self.cells[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def test_the_summary_tells_the_essential(fresh: Served) -> None:
    fresh.runner.start(4, 100)
    until(lambda: fresh.snapshot()["total"]["failures"] > 2, "failures")
    fresh.runner.stop()
    page = reports.report(fresh.environment)
    parsed = Parsed(page)
    stats = fresh.environment.stats
    assert f"{stats.num_requests:,} requests, {stats.num_failures:,} of them failed" in page
    for cell in (
        "GET",
        "/catalogue",
        "/<b>bad</b>",
        "POST",
        "/basket",
        "500 <i>no</i>",
        "http://shop.example",
    ):
        assert cell in parsed.cells
    assert "load generator" in page
    assert not [tag for tag, _ in parsed.tags if tag in ("b", "i")]
    assert not [attrs for _, attrs in parsed.tags if {"src", "href"} & attrs.keys()]
    assert reports.unpacked(page)["snapshot"]["total"]["requests"] == stats.num_requests


def test_its_policy_lets_in_its_own_scripts_alone(fresh: Served) -> None:
    answer = fresh.get("/stats/report")
    policy = answer.headers["Content-Security-Policy"]
    (meta,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', answer.text)
    assert meta == policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "connect-src" not in policy


def test_a_run_without_requests_is_reported_too() -> None:
    class Idle(User):
        """Does nothing."""

    page = reports.report(Environment(user_classes=[Idle]))
    assert "No request was made." in page


def test_it_needs_neither_flask_nor_jinja() -> None:
    code = (
        "import sys; sys.modules['flask'] = sys.modules['jinja2'] = sys.modules['werkzeug'] = None\n"
        "from swarm import Environment; from swarm_web.report import report\n"
        "print(len(report(Environment())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1_000


def recorded(names: int, seconds: int, errors: int = 0, *, is_late: bool = False) -> Recorder:
    """A recorder that has seen a long run with many names, without the time it takes."""
    environment = Environment(user_classes=[], locustfile="big.py")
    stats = environment.stats
    recorder = recorder_of(environment)
    for number in range(names):
        stats.record(
            "GET",
            f"/area/{number % 37}/item/{number}",
            1_000 + number * 37 % 90_000,
            512,
            START + 1.0,
            from_intent_us=100_000 + number * 53 % 90_000 if is_late else None,
        )
    for number in range(errors):
        stats.log_error("GET", "/area/0/item/0", f"error number {number} of <many>")
    recorder.names.complete(START + 2)
    for row in list(recorder.names)[:1_000]:
        fill(row, seconds)
    histogram = Histogram()
    for us in range(1_000, 400_000, 700):
        histogram.add(us, 3)
    column = column_of(histogram)
    for second in range(START, START + seconds):
        wave = second % 61
        late = 180.5 + wave if is_late else None
        recorder.history.rows.put(
            second,
            [
                100,
                100,
                900 + wave,
                wave / 9,
                20.5 + wave,
                80.25 + wave,
                160.125 + wave,
                30,
                late,
                100,
                55,
                0.5,
            ],
        )
        recorder.history.heat.add(second, {bucket: n + wave for bucket, n in column.items()})
        if is_late:
            recorder.history.heat_intent = recorder.history.heat_intent or heat.HeatMap(heat.SECONDS)
            shifted = {bucket + 4: n + second % 53 for bucket, n in column.items()}
            recorder.history.heat_intent.add(second, shifted)
    return recorder


def fill(row: NameRow, seconds: int) -> None:
    for second in range(START, START + seconds, 60):
        wave = (second // 60 + row.number) % 17
        row.series.put(second, [wave + 0.5, 0.0, 20 + wave, 90 + wave * 3.1, 120 + wave * 5.7, 30])


@pytest.mark.parametrize("is_late", [False, True])
def test_a_thousand_names_and_two_hours_stay_below_500_kb(is_late: bool) -> None:
    recorder = recorded(names=1_000, seconds=7_200, errors=300, is_late=is_late)
    page = reports.report(recorder.environment)
    assert len(page.encode()) <= 500_000
    data = reports.unpacked(page)
    assert len(data["snapshot"]["history"]["time"]) <= HISTORY_ROWS
    assert len(data["heat"]["time"]) <= HEAT_COLUMNS
    assert (data["heat_intent"] is not None) == is_late
    assert len((data["heat_intent"] or data["heat"])["time"]) <= HEAT_COLUMNS
    assert len(data["snapshot"]["names"]["i"]) == 1_000
    assert len(data["names"]["p95"]) == 1_000
    assert len(data["errors"]["failures"]) == 200
    assert data["errors"]["more"]["kinds"] == 100
    assert "950 more are not listed here" in page


def test_ten_thousand_names_and_very_many_errors_stay_below_2_mb() -> None:
    recorder = recorded(names=10_000, seconds=900, errors=5_000)
    page = reports.report(recorder.environment)
    assert len(page.encode()) <= 2_000_000
    data = reports.unpacked(page)
    assert data["snapshot"]["more_names"] + len(data["snapshot"]["names"]["i"]) == 10_000
    assert "9,950 more are not listed here" in page


def test_a_heat_map_that_is_too_long_loses_no_request() -> None:
    drawn = {"step": 1, "time": list(range(5_000)), "columns": [[3, 2, 9, 1]] * 5_000}
    fewer = fewer_columns(drawn)
    assert len(fewer["time"]) <= HEAT_COLUMNS
    assert sum(sum(column[1::2]) for column in fewer["columns"]) == 15_000


def test_no_file_of_the_page_names_an_address_elsewhere() -> None:
    for path in reports.STATIC.rglob("*"):
        if path.suffix in (".html", ".css", ".js") and "vendor" not in path.parts:
            text = path.read_text(encoding="utf-8")
            found = [each for each in re.findall(r"https?://[\w.-]+", text) if "w3.org" not in each]
            assert all(
                each.startswith(("http://127.0.0.1", "http://localhost", "http://shop")) for each in found
            ), (
                path,
                found,
            )


def test_text_of_the_target_cannot_end_the_payload() -> None:
    environment = Environment(user_classes=[], locustfile="</script><script>alert(1)</script>")
    environment.stats.log_request("GET", "</script><img src=x>", 5.0, 1)
    page = reports.report(environment)
    assert "<img" not in page
    assert "alert(1)</script>" not in page
    assert reports.unpacked(page)["snapshot"]["names"]["name"] == ["</script><img src=x>"]


def test_broken_text_breaks_nothing() -> None:
    environment = Environment(user_classes=[])
    environment.stats.log_request("GET", "/\udc80", 5.0, 1)
    environment.stats.log_error("GET", "/\udc80", "\ud83d")
    page = reports.report(environment)
    assert page.encode()
    assert reports.unpacked(page)["snapshot"]["names"]["name"] == ["/?"]


def test_what_is_no_report_is_not_read() -> None:
    with pytest.raises(ValueError, match="no report"):
        reports.unpacked("<html></html>")


def test_the_payload_is_what_the_contract_says(running: Served) -> None:
    recorder = running.ui.recorder
    data: dict[str, Any] = run_data(recorder, recorder.snapshot(), recorder.history.rows)
    assert set(data) == {
        *("schema", "snapshot", "heat", "heat_intent", "percentiles", "names", "errors", "setup")
    }
    json.dumps(data)


def test_history_heat_map_and_total_agree_at_the_end(fresh: Served) -> None:
    fresh.runner.start(8, 50)
    until(lambda: fresh.runner.stats.num_requests > 300, "requests")
    fresh.ui.recorder.complete()  # a report of a run that goes on takes nothing from those that follow
    until(lambda: fresh.runner.stats.num_requests > 600, "requests")
    fresh.runner.stop()
    payload = reports.unpacked(reports.report(fresh.environment))
    requests = payload["snapshot"]["total"]["requests"]
    assert requests == fresh.runner.stats.num_requests
    assert round(sum(payload["snapshot"]["history"]["rps"])) == requests
    assert sum(sum(column[1::2]) for column in payload["heat"]["columns"]) == requests


def test_a_heat_map_with_fewer_columns_tells_how_long_they_are() -> None:
    drawn = heat.HeatMap(heat.SECONDS)
    for second in range(1_200, 1_200 + 2_000):
        drawn.add(second, {3: 1})
    few = fewer_columns(drawing(drawn))
    assert few["steps"][0] == [few["time"][0], 10]
    assert [length for _, length in few["steps"]] == [10, few["step"]]
    assert {begun for begun, _ in few["steps"]} <= set(few["time"])
