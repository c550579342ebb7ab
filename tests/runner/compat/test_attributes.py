"""What listeners and CI scripts read of an environment, its runner and its statistics: names, units, shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import gevent
import pytest

import swarm.compat.locust  # noqa: F401
from swarm import Environment, LoadTestShape, User, constant, task


class Buyer(User):
    wait_time = constant(1)
    weight = 2

    @task
    def buy(self):
        fire = self.environment.events.request.fire
        fire(request_type="GET", name="/shop", response_time=123.456, response_length=1000, context={})
        fire(
            request_type="POST",
            name="/shop",
            response_time=None,
            response_length=0,
            exception=ValueError("sold out"),
            context={},
        )
        raise KeyError("basket")


class Visitor(User):
    wait_time = constant(1)

    @task
    def look(self):
        with self.environment.events.request.measure("GET", "/"):
            pass


class Shape(LoadTestShape):
    def tick(self):
        return None


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    """An environment whose run of three users has had its first tasks."""
    from locust.stats import update_stats_history

    environment = Environment(
        user_classes=[Buyer, Visitor],
        shape_class=Shape(),
        reset_stats=True,
        available_user_classes={"Buyer": Buyer, "Visitor": Visitor},
    )
    environment.reset_stats = False
    runner = environment.create_local_runner()
    runner.start(3, spawn_rate=100, wait=True)
    with gevent.Timeout(30):
        while not (environment.stats.total.num_requests >= 5 and runner.exceptions):
            gevent.sleep(0.01)
    update_stats_history(runner)
    yield environment
    runner.quit()


def test_the_environment(environment: Environment) -> None:
    assert environment.process_exit_code is None
    assert isinstance(environment.shape_class, LoadTestShape)
    assert environment.available_user_classes == {"Buyer": Buyer, "Visitor": Visitor}
    assert environment.user_classes_by_name == {"Buyer": Buyer, "Visitor": Visitor}
    assert environment.user_classes == [Buyer, Visitor]
    environment.process_exit_code = 0
    assert environment.process_exit_code == 0
    environment.process_exit_code = None


def test_the_runner(environment: Environment) -> None:
    runner = environment.runner
    assert runner.environment is environment
    assert runner.stats is environment.stats
    assert runner.errors is environment.stats.errors
    assert runner.user_count == 3 == runner.target_user_count
    assert runner.user_classes_count == {"Buyer": 2, "Visitor": 1} == runner.target_user_classes_count
    assert runner.user_classes == [Buyer, Visitor]
    assert runner.state == "running"
    assert runner.spawn_rate == 100
    assert runner.cpu_log_warning() in (True, False)


def test_an_entry(environment: Environment) -> None:
    entry = environment.stats.entries[("/shop", "GET")]
    assert entry is environment.stats.get("/shop", "GET")
    assert (entry.name, entry.method) == ("/shop", "GET")
    # Milliseconds, as floats.
    assert entry.min_response_time == entry.max_response_time == pytest.approx(123.456)
    assert entry.avg_response_time == pytest.approx(123.456)
    assert entry.median_response_time == pytest.approx(123.456)
    assert entry.get_response_time_percentile(0.95) == pytest.approx(123.456)
    assert entry.total_response_time == pytest.approx(123.456 * entry.num_requests)
    # Whole milliseconds, rounded as Locust rounds.
    assert entry.response_times == {120: entry.num_requests}
    assert entry.avg_content_length == 1000
    assert entry.total_content_length == 1000 * entry.num_requests
    assert (entry.num_failures, entry.fail_ratio) == (0, 0)


def test_an_entry_without_response_times(environment: Environment) -> None:
    entry = environment.stats.entries[("/shop", "POST")]
    assert entry.num_none_requests == entry.num_requests == entry.num_failures > 0
    assert entry.fail_ratio == 1
    assert (entry.min_response_time, entry.avg_response_time, entry.response_times) == (None, 0, {})


def test_the_total(environment: Environment) -> None:
    stats = environment.stats
    total = stats.total
    assert total.name == "Aggregated"
    assert total.num_requests == sum(entry.num_requests for entry in stats.entries.values())
    assert total.num_failures == stats.num_failures == stats.entries[("/shop", "POST")].num_failures
    assert total.fail_ratio == pytest.approx(total.num_failures / total.num_requests)
    assert 0 < total.fail_ratio < 1
    assert sum(total.response_times.values()) == total.num_requests - total.num_none_requests
    # Seconds since the epoch, and whole seconds as keys.
    assert 1_700_000_000 < stats.start_time <= total.last_request_timestamp
    assert sum(total.num_reqs_per_sec.values()) == total.num_requests
    assert all(isinstance(second, int) for second in total.num_fail_per_sec)
    for rate in (total.current_rps, total.total_rps, total.current_fail_per_sec, total.total_fail_per_sec):
        assert isinstance(rate, float)
    stats.log_request("GET", "/shop", 123.456, 1000)  # now, however long ago the others were
    assert total.get_current_response_time_percentile(0.95) == pytest.approx(123.456, rel=0.01)


def test_an_entry_as_a_dictionary_is_json(environment: Environment) -> None:
    shown = json.loads(json.dumps(environment.stats.total.to_dict()))
    assert {"name", "method", "num_requests", "num_failures", "current_rps", "fail_ratio"} <= set(shown)
    assert {"avg_response_time", "median_response_time", "min_response_time"} <= set(shown)


def test_errors_and_exceptions(environment: Environment) -> None:
    [(key, error)] = environment.runner.errors.items()
    assert key == ("POST", "/shop", "ValueError('sold out')")
    assert (error.method, error.name, error.error) == key
    assert error.occurrences == environment.stats.total.num_failures
    assert error.to_name() == "POST /shop: ValueError('sold out')"
    assert set(error.to_dict()) == {"method", "name", "error", "occurrences", "first_seen", "last_seen"}
    [exception] = environment.runner.exceptions.values()
    assert exception["msg"] == "'basket'"
    assert exception["traceback"].rstrip().endswith("KeyError: 'basket'")
    assert exception["count"] >= 1
    assert exception["nodes"] == {"local"}


def test_a_row_of_the_history(environment: Environment) -> None:
    row = environment.runner.stats.history[-1]
    assert set(row) == {
        *("time", "user_count", "current_rps", "current_fail_per_sec", "total_avg_response_time"),
        *("response_time_percentile_0.5", "response_time_percentile_0.95"),
    }
    assert row["user_count"] == 3
    assert row["time"].endswith("Z")
    assert row["response_time_percentile_0.95"] == pytest.approx(123.456, rel=0.01)
    assert 0 < row["total_avg_response_time"] < 124
