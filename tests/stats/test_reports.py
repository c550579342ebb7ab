from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_stats import Registry, Snapshot
from swarm_stats.reports import csv, figures, lines, table
from swarm_stats.reports import json as json_report
from tests.stats.samples import START, Clock, Sample, registry_of, samples

if TYPE_CHECKING:
    from swarm_stats.reports.csv import Row

PERCENTILES = (0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(clock: Clock) -> Registry:
    registry = Registry(clock)
    registry.record("GET", "/b", 130, 10, START + 1.0)
    registry.record("GET", "/a", 12_345, 20, START + 2.0, ConnectionRefusedError(111, "Connection refused"))
    registry.record("POST", "/a", 1_500, 30, START + 4.0)
    clock.now = START + 4.0
    return registry


def rows_by_header(header: list[str], rows: list[Row]) -> list[dict[str, str | int | float]]:
    return [dict(zip(header, row, strict=True)) for row in rows]


# One snapshot, three outputs.


@given(st.lists(samples))
def test_table_csv_and_json_agree_to_the_request(what: list[Sample]) -> None:
    snapshot = Snapshot.of(registry_of(what, Clock(START + 40)))

    drawn = table.requests_table(snapshot, current=False)
    rows = rows_by_header(csv.stats_header(), csv.stats_rows(snapshot))
    objects = json.loads(json_report.text(snapshot))

    from_table = [(row[0], row[1], int(row[2]), int(row[3].partition("(")[0])) for row in drawn.rows]
    from_csv = [(r["Type"], r["Name"], r["Request Count"], r["Failure Count"]) for r in rows]
    from_json = [(o["method"], o["name"], o["num_requests"], o["num_failures"]) for o in objects]
    assert from_table == from_csv[:-1] == from_json
    assert from_csv[-1] == ("", "Aggregated", snapshot.total.num_requests, snapshot.total.num_failures)
    assert drawn.totals[0][1:3] == ("Aggregated", str(len(what)))
    assert sum(o["num_requests"] for o in objects) == len(what)
    for each in objects:
        timed = each["num_requests"] - each["num_none_requests"]
        assert sum(each["histogram_us"].values()) == sum(each["response_times"].values()) == timed
        assert sum(each["num_reqs_per_sec"].values()) == each["num_requests"]
        assert sum(f["occurrences"] for f in each["failures"]) == each["num_failures"]


def test_a_snapshot_does_not_change_when_the_run_goes_on(clock: Clock, registry: Registry) -> None:
    exception = {"count": 1, "msg": "boom", "traceback": "", "nodes": {"local"}}
    registry.record_interrupted("GET", "/a")
    registry.add_history_row(3, (0.5,))
    snapshot = Snapshot.of(registry, [exception])
    before = (csv.stats_rows(snapshot), json_report.document(snapshot), lines.summary(snapshot))

    clock.now += 100
    exception["count"] = 2
    registry.record("GET", "/a", 99, 0, clock.now, "boom")
    registry.record("GET", "/new", 99, 0, clock.now, "boom")
    registry.add_history_row(3, (0.5,))

    assert (csv.stats_rows(snapshot), json_report.document(snapshot), lines.summary(snapshot)) == before
    assert snapshot.total.current_rps == 0.5
    assert (snapshot.time, snapshot.interrupted, len(snapshot.history)) == (START + 4.0, 1, 1)
    assert snapshot.exceptions[0]["count"] == 1


def test_reports_are_made_from_a_running_registry_too(registry: Registry) -> None:
    assert csv.stats_rows(registry) == csv.stats_rows(Snapshot.of(registry))


def test_an_entry_that_counted_nothing_is_in_no_report(registry: Registry) -> None:
    registry.get("/never", "GET")

    assert all(row[1] != "/never" for row in csv.stats_rows(registry))
    assert all(each["name"] != "/never" for each in json_report.document(registry))
    assert all(row[1] != "/never" for row in table.requests_table(registry).rows)


# CSV


def test_the_statistics_file_has_locusts_columns_and_then_our_own() -> None:
    header = csv.stats_header(PERCENTILES)

    assert ",".join(header[:22]) == (
        "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,"
        "Max Response Time,Average Content Size,Requests/s,Failures/s,"
        "50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%"
    )
    assert header[22:25] == ["p50_us", "p66_us", "p75_us"]
    assert header[-2:] == ["p99.99_us", "p100_us"]


def test_the_rows_of_the_statistics_file(registry: Registry) -> None:
    rows = csv.stats_rows(registry, (0.5, 1.0))

    assert rows[0] == ["GET", "/a", 1, 1, 12, 12.345, 12.345, 12.345, 20, 0.25, 0.25, 12, 12, 12345, 12345]
    assert rows[2] == ["GET", "/b", 1, 0, 0.13, 0.13, 0.13, 0.13, 10, 0.25, 0, 0.13, 0.13, 130, 130]
    assert [row[:3] for row in rows] == [
        ["GET", "/a", 1],
        ["POST", "/a", 1],
        ["GET", "/b", 1],
        ["", "Aggregated", 3],
    ]


def test_percentiles_are_not_available_while_there_is_none() -> None:
    [row] = csv.stats_rows(Registry(Clock()), (0.5, 0.95))

    assert row == ["", "Aggregated", 0, 0, 0, 0, 0, 0, 0, 0, 0, "N/A", "N/A", "N/A", "N/A"]


def test_the_history_file_has_locusts_columns_and_then_our_own() -> None:
    assert csv.history_header((0.5, 0.999)) == [
        "Timestamp",
        "User Count",
        "Type",
        "Name",
        "Requests/s",
        "Failures/s",
        "50%",
        "99.9%",
        "Total Request Count",
        "Total Failure Count",
        "Total Median Response Time",
        "Total Average Response Time",
        "Total Min Response Time",
        "Total Max Response Time",
        "Total Average Content Size",
        "p50_us",
        "p99.9_us",
    ]


def test_the_history_file_gains_a_row_for_the_total(registry: Registry) -> None:
    [row] = csv.history_rows(registry, START + 4.9, 7, (0.5,))

    by_name = dict(zip(csv.history_header((0.5,)), row, strict=True))
    assert (by_name["Timestamp"], by_name["User Count"], by_name["Name"]) == (START + 4, 7, "Aggregated")
    assert (by_name["Total Request Count"], by_name["Total Failure Count"]) == (3, 1)
    assert by_name["50%"] == 2  # 1.5 ms, whole
    assert by_name["p50_us"] == pytest.approx(1_500, rel=0.01)


def test_a_full_history_gains_a_row_for_each_entry(clock: Clock) -> None:
    registry = Registry(clock, use_response_times_cache=True)
    registry.record("GET", "/", 5_000, 10, START)

    rows = csv.history_rows(registry, START, 1, (0.5,), full=True)

    assert [row[3] for row in rows] == ["/", "Aggregated"]
    assert [row[6] for row in rows] == [5, 5]


def test_a_history_row_before_the_first_request() -> None:
    [row] = csv.history_rows(Registry(Clock()), START, 0, (0.5,))

    assert row == [START, 0, "", "Aggregated", 0, 0, "N/A", 0, 0, 0, 0, 0, 0, 0, "N/A"]


def test_the_failures_file(registry: Registry) -> None:
    assert csv.FAILURES_HEADER == ["Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"]
    assert csv.failures_rows(registry) == [
        ["GET", "/a", "ConnectionRefusedError(111, 'Connection refused')", 1, START + 2.0, START + 2.0]
    ]


def test_the_exceptions_file() -> None:
    rows = csv.exceptions_rows([{"count": 2, "msg": "boom", "traceback": "line", "nodes": {"b", "a"}}])

    assert csv.EXCEPTIONS_HEADER == ["Count", "Message", "Traceback", "Nodes"]
    assert rows == [[2, "boom", "line", "a, b"]]


# JSON


def test_the_json_has_locusts_keys_and_form(registry: Registry) -> None:
    document = json.loads(json_report.text(registry))

    assert isinstance(document, list)
    assert list(document[2])[:14] == [
        "name",
        "method",
        "last_request_timestamp",
        "start_time",
        "num_requests",
        "num_none_requests",
        "num_failures",
        "total_response_time",
        "max_response_time",
        "min_response_time",
        "total_content_length",
        "response_times",
        "num_reqs_per_sec",
        "num_fail_per_sec",
    ]
    assert document[0]["response_times"] == {"12": 1}
    assert document[0]["last_request_timestamp"] - document[0]["start_time"] == 2
    assert document[0]["num_fail_per_sec"] == {str(START + 2): 1}


def test_the_json_keeps_microseconds_under_names_of_our_own(registry: Registry) -> None:
    document = json_report.document(registry)

    assert document[2]["response_times"] == {0: 1}
    assert document[2]["histogram_us"] == {130: 1}
    assert "from_intent_us" not in document[2]
    [failure] = document[0]["failures"]
    assert failure["error"] == "ConnectionRefusedError(111, 'Connection refused')"


def test_the_json_has_the_times_from_intent_of_an_open_workload(registry: Registry) -> None:
    registry.record("GET", "/b", 130, 10, START, from_intent_us=250)

    assert json_report.document(registry)[2]["from_intent_us"] == {130: 1, 250: 1}


def test_what_is_known_of_the_run_stands_in_the_first_object_alone(registry: Registry) -> None:
    document = json_report.document(registry, {"verdict": "ok"})

    assert [each.get("run") for each in document] == [{"verdict": "ok"}, None, None]


def test_a_run_without_requests_is_an_empty_list() -> None:
    assert json_report.text(Registry(Clock()), {"verdict": "ok"}) == "[]"


# Tables


def test_the_table_reads_like_locusts(registry: Registry) -> None:
    drawn = lines.lines(table.requests_table(registry, current=False))

    assert drawn == [
        "Type  Name        # reqs     # fails |  Avg   Min   Max   Med | req/s  failures/s",
        "-----|-----------|-------|-----------|------|-----|-----|-----|-------|----------",
        "GET   /a               1  1(100.00%) |   12    12    12    12 |  0.25        0.25",
        "POST  /a               1    0(0.00%) | 1.50  1.50  1.50  1.50 |  0.25        0.00",
        "GET   /b               1    0(0.00%) | 0.13  0.13  0.13  0.13 |  0.25        0.00",
        "-----|-----------|-------|-----------|------|-----|-----|-----|-------|----------",
        "      Aggregated       3   1(33.33%) | 4.66  0.13    12  1.50 |  0.75        0.25",
    ]


def test_the_live_table_shows_the_rates_of_late(registry: Registry) -> None:
    assert table.requests_table(registry).totals[0][-2:] == ("0.50", "0.00")


def test_a_table_fits_its_width_by_shortening_names(registry: Registry) -> None:
    registry.record("GET", "/a/name/that/is/far/too/long/for/a/narrow/terminal", 130, 10, START)

    drawn = lines.lines(table.requests_table(registry, current=False), width=90)

    assert {len(line) for line in drawn} == {90}
    assert any("/a/name/" in line and "..." in line for line in drawn)
    assert any("far/too/long" in line for line in lines.lines(table.requests_table(registry)))


def test_a_name_stays_readable_on_the_narrowest_terminal(registry: Registry) -> None:
    assert "Aggregated" in lines.lines(table.requests_table(registry), width=10)[-1]


def test_a_live_table_of_very_many_names_lists_the_busiest(registry: Registry) -> None:
    registry.record("GET", "/b", 130, 10, START)

    drawn = table.requests_table(registry, limit=1)

    assert [row[1] for row in drawn.rows] == ["/b", "+2 more names"]
    assert drawn.totals[0][2] == "4"


def test_percentiles_in_full_resolution(registry: Registry) -> None:
    drawn = table.percentile_table(registry, (0.5, 1.0))

    assert [column.title for column in drawn.columns] == ["Type", "Name", "50%", "100%", "# reqs"]
    assert drawn.rows[-1] == ("GET", "/b", "0.13", "0.13", "1")


def test_the_error_report_begins_with_the_most_frequent(registry: Registry) -> None:
    for _ in range(2):
        registry.record("GET", "/b", 130, 10, START, "two\nlines")

    assert table.error_table(registry).rows == (
        ("2", "GET /b: two lines"),
        ("1", "GET /a: ConnectionRefusedError(111, 'Connection refused')"),
    )


def test_exceptions_are_named_by_the_last_line_of_their_traceback() -> None:
    rows = [
        {"count": 1, "msg": "", "traceback": "Traceback …\n  line\nKeyError: 'x'\n", "nodes": {"local"}},
        {"count": 5, "msg": "no traceback", "traceback": "", "nodes": {"local"}},
    ]

    assert table.exception_table(rows).rows == (("5", "no traceback"), ("1", "KeyError: 'x'"))


def test_the_summary_has_everything_a_reader_must_know(clock: Clock) -> None:
    registry = Registry(clock, max_names=1)
    registry.record("GET", "/a", 130, 10, START)
    registry.record("GET", "/b", 130, 10, START + 1, "boom")
    registry.record_interrupted("GET", "/a")
    registry.record_interrupted("GET", "/a")
    exception = {"count": 1, "msg": "bang", "traceback": "", "nodes": {"local"}}

    text = "\n".join(lines.summary(Snapshot.of(registry, [exception]), remarks=["INVALID: too slow."]))

    assert "Aggregated" in text
    assert "Response time percentiles" in text
    assert "GET (other): boom" in text
    assert "bang" in text
    assert "more than 1 names" in text
    assert "2 requests were cut off at the stop and not counted." in text
    assert text.rstrip().endswith("INVALID: too slow.")


def test_the_summary_of_nothing_is_a_table_alone() -> None:
    text = "\n".join(lines.summary(Snapshot.of(Registry(Clock()))))

    assert "Aggregated" in text
    assert "percentiles" not in text
    assert "Error report" not in text


def test_an_entry_without_times_shows_none(clock: Clock) -> None:
    registry = Registry(clock)
    registry.record("GET", "/", None, 10, START)

    assert table.requests_table(registry).rows[0][4:8] == ("-", "-", "-", "-")


# Figures


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0.004, "0.004"),
        (0.13, "0.13"),
        (9.876, "9.88"),
        (10.4, "10"),
        (1234.5, "1234"),
        (0, "0"),
        (None, "-"),
    ],
)
def test_a_time_in_a_table(ms: float | None, text: str) -> None:
    assert figures.ms_text(ms) == text


@pytest.mark.parametrize(("ms", "written"), [(0.13, 0.13), (1.4, 1), (1234.5, 1234), (0, 0)])
def test_a_time_in_a_file(ms: float, written: float) -> None:
    assert figures.whole_ms(ms) == written


@pytest.mark.parametrize(
    ("fraction", "label", "column"),
    [
        (0.5, "50%", "p50_us"),
        (0.999, "99.9%", "p99.9_us"),
        (0.99999, "99.999%", "p99.999_us"),
        (1, "100%", "p100_us"),
    ],
)
def test_a_percentile_has_a_label_and_a_column(fraction: float, label: str, column: str) -> None:
    assert figures.percent_label(fraction) == label
    assert figures.percentile_column(fraction) == column
    assert figures.readable_percentiles([fraction]) == [label]
