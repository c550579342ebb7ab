"""`--otel`: what a collector receives of a run, and what the target sees of it."""

from __future__ import annotations

import pytest

from tests.servers.collector import Collector
from tests.servers.site import Site
from tests.system.cli_process import Cli
from tests.system.results import Report

FILE = """
    import time
    from locust import FastHttpUser, HttpUser, User, constant, task
    import locust.opentelemetry

    locust.opentelemetry.MAX_REQUEST_NAMES = 6

    class Fast(FastHttpUser):
        wait_time = constant(0.05)
        number = 0

        @task
        def go(self):
            self.client.get("/hello?who=me", name="/hello")
            self.client.post("/status/404", json={"a": 1}, headers={"X-Mine": "yes"})
            with self.client.get("/world", catch_response=True) as response:
                response.failure("not the world")
            Fast.number += 1
            self.client.get("/echo", name=f"echo {Fast.number}")

    class Requests(HttpUser):
        wait_time = constant(0.05)

        @task
        def go(self):
            self.client.get("/hello", headers={"X-Mine": "yes"})
            with self.client.get("/world", catch_response=True) as response:
                response.success()

    class Other(User):
        wait_time = constant(0.05)

        @task
        def work(self):
            with self.environment.events.request.measure("GRPC", "work"):
                time.sleep(0.02)
            with self.environment.events.request.measure("GRPC", "break"):
                raise KeyError("broken")
"""


def endpoint(collector: Collector, **more: str) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "60",
        "OTEL_METRIC_EXPORT_INTERVAL": "200",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "32",
        **more,
    }


def test_a_collector_receives_every_request_as_a_span_and_in_the_metrics(cli: Cli) -> None:
    cli.write("locustfile.py", FILE)
    with Site() as site, Collector() as collector:
        result = cli.run(
            *("--headless", "--json", "-u", "6", "-r", "6", "-t", "2", "-H", site.url),
            *("--otel", "--profile", "nightly", "--stop-timeout", "20", "--exit-code-on-error", "0"),
            env=endpoint(collector, OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test"),
        )
    assert result.code == 0, result.err
    assert "otel" not in result.err.lower(), result.err
    report = Report(result)

    # A span a request, with the names of the report.
    by_name = {name: [span for span in collector.spans if span.name == name] for name in report.names}
    assert {name: len(spans) for name, spans in by_name.items()} == report.counts
    assert len(collector.spans) == sum(report.counts.values())
    assert {span.kind for span in collector.spans} == {3}  # client
    assert all(span.end >= span.start for span in collector.spans)

    # The target was told which span each of its requests belongs to.
    told = {tuple(seen.headers["traceparent"].split("-")[1:3]) for seen in site.seen}
    http = [span for span in collector.spans if not span.name.startswith("GRPC")]
    assert told == {(span.trace, span.id) for span in http}
    assert any(seen.headers.get("x-mine") == "yes" for seen in site.seen)

    # Spans speak the words of the semantic conventions.
    port = int(site.url.rpartition(":")[2])
    hello = next(span for span in by_name["GET /hello"] if "who" in span.attributes["url.full"])
    assert hello.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.response.body.size": 6,
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.scheme": "http",
        "url.full": f"{site.url}/hello?who=me",
        "swarm.request.name": "/hello",
    }
    missing = by_name["POST /status/404"][0]
    assert missing.failed
    assert missing.attributes["error.type"] == "404"
    assert missing.message == "LocustBadStatusCode(code=404)"
    judged = [span.failed for span in by_name["GET /world"]]
    assert judged.count(True) == report["GET", "/world"]["num_failures"]
    assert not any(span.failed for span in by_name["GRPC work"])
    assert {span.attributes["error.type"] for span in by_name["GRPC break"]} == {"KeyError"}

    # Metrics count the same requests, in seconds, with few names.
    durations = collector.totals("http.client.request.duration", "http.request.method")
    assert sum(durations.values()) == len(site.seen)
    names = set(collector.totals("http.client.request.duration", "swarm.request.name"))
    assert "other" in names
    assert len(names | set(collector.totals("swarm.request.duration", "swarm.request.name"))) <= 7
    http_points = collector.last("http.client.request.duration")
    assert {point.unit for point in http_points} == {"s"}
    assert http_points[0].bounds[:3] == (0.005, 0.01, 0.025)
    assert sum(point.sum for point in http_points) < 60 * len(site.seen)
    work = [
        point for point in collector.last("swarm.request.duration") if "error.type" not in point.attributes
    ]
    assert sum(point.sum for point in work) >= 0.02 * sum(point.value for point in work) > 0
    failures = sum(entry["num_failures"] for entry in report)
    assert sum(collector.totals("swarm.request.failures", "error.type").values()) == failures
    users = [point for point in collector.points["swarm.users"] if point.value]
    assert {point.attributes["swarm.user.class"] for point in users} == {"Fast", "Requests", "Other"}
    assert max(point.value for point in users) == 2

    resource = collector.spans[0].resource
    assert resource["service.name"] == "swarm"
    assert resource["swarm.locustfile"] == "locustfile.py"
    assert resource["swarm.profile"] == "nightly"
    assert resource["deployment.environment"] == "test"


@pytest.mark.timeout(300)
def test_workers_send_their_own_telemetry_under_their_own_names(cli: Cli) -> None:
    cli.write("locustfile.py", FILE)
    with Site() as site, Collector() as collector:
        result = cli.run(
            *("--headless", "--json", "--processes", "2", "-u", "6", "-r", "6", "-t", "2", "-H", site.url),
            *("--stop-timeout", "20", "--exit-code-on-error", "0"),
            env=endpoint(
                collector,
                LOCUST_ENABLE_OPENTELEMETRY="true",
                OTEL_SERVICE_NAME="shop-load",
                OTEL_BSP_MAX_QUEUE_SIZE="2048",
            ),
            timeout=250,
        )
    assert result.code == 0, result.err

    assert len(collector.spans) == sum(Report(result).counts.values())
    workers = {span.resource["service.instance.id"] for span in collector.spans}
    assert len(workers) == 2
    assert {span.resource["service.name"] for span in collector.spans} == {"shop-load"}
    # The users are those of the workers, counted once.
    assert {point.resource["service.instance.id"] for point in collector.points["swarm.users"]} == workers


def test_a_collector_that_is_away_costs_nothing_but_the_telemetry(cli: Cli) -> None:
    cli.write("locustfile.py", FILE)
    with Site() as site:
        result = cli.run(
            *("--headless", "--json", "-u", "3", "-r", "3", "-t", "1", "-H", site.url, "--otel"),
            *("--stop-timeout", "20", "--exit-code-on-error", "0"),
            env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"},
        )
    assert result.code == 0, result.err
    assert Report(result).counts["GET /hello"] == len(site.of("/hello"))


def test_only_metrics_leave_the_target_without_traces(cli: Cli) -> None:
    cli.write("locustfile.py", FILE)
    with Site() as site, Collector() as collector:
        result = cli.run(
            *("--headless", "--json", "-u", "3", "-r", "3", "-t", "1", "-H", site.url, "--otel"),
            *("--stop-timeout", "20", "--exit-code-on-error", "0"),
            env=endpoint(collector, OTEL_TRACES_EXPORTER="none"),
        )
    assert result.code == 0, result.err
    assert collector.spans == []
    assert not any("traceparent" in seen.headers for seen in site.seen)
    assert sum(collector.totals("http.client.request.duration", "http.request.method").values()) == len(
        site.seen
    )


def test_what_cannot_be_sent_is_refused(sleeper: Cli) -> None:
    said = "--otel: OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'"
    assert said in sleeper.headless("--otel", env={"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}).refused(2)


def test_nothing_of_it_is_there_while_it_is_off(sleeper: Cli) -> None:
    sleeper.write(
        "off.py",
        """
        import sys
        from locust import FastHttpUser, HttpUser, User, events, task
        from locustfile import Sleeper

        @events.quitting.add_listener
        def show(environment, **kwargs):
            print(sorted(name for name in sys.modules if name.startswith(("opentelemetry", "swarm.otel"))))
            print(len(environment.events.request._handlers))
        """,
    )
    result = sleeper.headless("-f", "off.py")

    assert result.code == 0, result.err
    assert result.out.splitlines()[-2:] == ["[]", "0"]
