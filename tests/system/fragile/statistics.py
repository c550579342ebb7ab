"""Reaches into the statistics, as files do that draw, judge or forward them."""

import itertools

import locust.stats
from locust import FastHttpUser, constant, events, task
from locust.stats import RequestStats, StatsEntry, sort_stats


class Visitor(FastHttpUser):
    wait_time = constant(0.02)

    @task
    def hello(self):
        self.client.get("/hello")
        self.client.get("/status/404")


@events.init.add_listener
def on_init(environment, **_kwargs):
    environment.stats.total.use_response_times_cache = True
    assert len(events.init._handlers) == 1


@events.quitting.add_listener
def judge(environment, **_kwargs):
    stats = environment.runner.stats
    assert locust.stats.chain is itertools.chain
    locust.stats.console_logger.info("a line beside the table")
    entry = stats.entries[("/hello", "GET")]
    assert entry.num_requests == stats.get("/hello", "GET").num_requests > 0
    assert StatsEntry.unserialize(entry.serialize()).num_requests == entry.num_requests
    assert [each.name for each in sort_stats(stats.entries)] == ["/hello", "/status/404"]
    assert stats.total.num_requests - 2 * stats.total.num_failures in (0, 1)  # the stop may come between
    assert 0 < stats.total.fail_ratio <= 0.5
    assert stats.total.get_current_response_time_percentile(0.95) > 0
    assert stats.total.get_response_time_percentile(0.95) > 0
    assert sum(stats.total.response_times.values()) == stats.total.num_requests
    assert [error.name for error in stats.errors.values() if error.occurrences] == ["/status/404"]
    stats.history.append({"time": "at the end", "user_count": 0})
    assert stats.history[-1]["time"] == "at the end"
    total = RequestStats()
    for (name, method), each in stats.entries.items():
        total.get(name, method).extend(each)
        total.total.extend(each)
    assert total.total.num_requests == stats.total.num_requests
    print("all of it there")
    environment.process_exit_code = 0
