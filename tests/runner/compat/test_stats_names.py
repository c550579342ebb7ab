"""What scripts do with the names of `locust.stats`: make statistics, reckon with dictionaries, write CSV files."""

from __future__ import annotations

import csv
from pathlib import Path

import gevent
import pytest

import swarm.compat.locust  # noqa: F401
from swarm import Environment, User, stats
from swarm.exceptions import SwarmError

Row = dict[str, str]


def test_request_stats_are_made_without_a_clock_and_are_what_an_environment_has() -> None:
    from locust.stats import RequestStats

    made = RequestStats()
    made.log_request("GET", "/", 12.5, 100)

    assert made.total.num_requests == 1
    assert made.total.last_request_timestamp > 1_000_000_000
    assert isinstance(Environment().stats, RequestStats)


def test_entries_and_failures_are_made_as_scripts_make_them() -> None:
    from locust.stats import RequestStats, StatsEntry, StatsError, sort_stats

    entry = StatsEntry(RequestStats(), "/b", "GET", use_response_times_cache=True)
    entry.log(5, 10)
    copied = StatsEntry.unserialize(entry.serialize())
    failure = StatsError("GET", "/b", ValueError("no"), 2)

    assert copied.num_requests == 1
    assert failure.to_name() == "GET /b: ValueError('no')"
    assert failure.to_dict()["error"] == "ValueError('no')"
    assert [each.name for each in sort_stats({"x": entry, "y": StatsEntry(None, "/a", "GET")})] == [
        "/a",
        "/b",
    ]


@pytest.mark.parametrize(("percent", "ms"), [(0, 1), (0.5, 5), (0.95, 10), (1, 10)])
def test_a_percentile_of_a_dictionary(percent: float, ms: int) -> None:
    from locust.stats import calculate_response_time_percentile

    assert calculate_response_time_percentile(dict.fromkeys(range(1, 11), 1), 10, percent) == ms


def test_the_difference_of_dictionaries_is_what_was_gained() -> None:
    from locust.stats import avg, diff_response_time_dicts

    assert diff_response_time_dicts({1: 5, 2: 3, 4: 1}, {1: 5, 2: 1}) == {2: 2, 4: 1}
    assert avg([1, 2]) == 1.5
    assert avg([]) == 0


def test_percentiles_that_are_none_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from locust.stats import validate_stats_configuration

    validate_stats_configuration()
    monkeypatch.setattr(stats, "PERCENTILES_TO_CHART", [0.5, 95])
    with pytest.raises(SwarmError, match=r"PERCENTILES_TO_CHART contains 95; .* 0\.95 for 95 %"):
        validate_stats_configuration()


def _rows(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_subclass_of_the_csv_writer_adds_to_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from locust.stats import PERCENTILES_TO_REPORT, StatsCSVFileWriter

    class Writer(StatsCSVFileWriter):
        def requests_csv(self, writer):
            super().requests_csv(writer)
            writer.writerow(["mine", "last row"])

    monkeypatch.setattr(stats, "CSV_STATS_INTERVAL_SEC", 0.01)
    monkeypatch.setattr(stats, "CSV_STATS_FLUSH_INTERVAL_SEC", 0)
    environment = Environment(user_classes=[User])
    environment.stats.log_request("GET", "/", 12, 100)
    environment.stats.log_error("GET", "/", ValueError("no"))
    writer = Writer(environment, PERCENTILES_TO_REPORT, str(tmp_path / "run"), full_history=True)
    greenlet = gevent.spawn(writer.stats_writer)
    with gevent.Timeout(10):
        while not (tmp_path / "run_exceptions.csv").stat().st_size:
            gevent.sleep(0.01)
    greenlet.kill()
    writer.close_files()

    assert [row["Name"] for row in _rows(tmp_path / "run_stats.csv")] == ["/", "Aggregated", "last row"]
    assert _rows(tmp_path / "run_failures.csv")[0]["Occurrences"] == "1"
    assert {row["Name"] for row in _rows(Path(writer.stats_history_file_name()))} == {"/", "Aggregated"}
