"""Spans of single requests: begun before, ended by whoever counts the request, and failed when nobody does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from swarm import Environment, FastHttpUser, HttpUser
from swarm.http.on_requests.session import HttpSession
from swarm.http.session import FastHttpSession
from swarm.otel.propagation import Propagation
from swarm.otel.spans import Spans
from tests.servers.site import Site


class Kept:
    """The spans that were made, and where to."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = provider.get_tracer("test")
        self.environment = Environment(host=site.url)
        self.environment.events.request.add_listener(Spans(self.tracer).on_request)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def of(self, user_class: Any) -> Any:
        return user_class(self.environment)


class Fast(FastHttpUser):
    tasks = [print]


class Requests(HttpUser):
    tasks = [print]


@pytest.fixture
def kept() -> Iterator[Kept]:
    with Site() as site:
        kept = Kept(site)
        propagation = Propagation(kept.tracer)
        propagation.install()
        yield kept
        propagation.remove()


@pytest.mark.parametrize("user_class", [Fast, Requests])
def test_a_request_carries_the_trace_of_its_span(kept: Kept, user_class: Any) -> None:
    kept.of(user_class).client.get("/hello", headers={"X-Mine": "1"})

    [span] = kept.spans
    [seen] = kept.site.seen
    context = span.context
    assert seen.headers["traceparent"].startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-")
    assert seen.headers["x-mine"] == "1"
    assert span.name == "GET /hello"


def test_headers_may_stand_where_the_signature_has_them(kept: Kept) -> None:
    kept.of(Fast).client.request("GET", "/hello", "named", None, False, False, {"X-Mine": "1"}, None)

    assert kept.site.seen[0].headers["x-mine"] == "1"
    assert "traceparent" in kept.site.seen[0].headers
    assert [span.name for span in kept.spans] == ["GET named"]


@pytest.mark.parametrize("user_class", [Fast, Requests])
def test_a_caught_response_ends_its_span_when_it_is_judged(kept: Kept, user_class: Any) -> None:
    with kept.of(user_class).client.get("/hello", catch_response=True) as response:
        assert kept.spans == []
        response.failure("not that")

    [span] = kept.spans
    assert not span.status.is_ok
    assert "not that" in str(span.status.description)


@pytest.mark.parametrize("user_class", [Fast, Requests])
def test_a_request_that_is_cut_off_is_a_failed_span(kept: Kept, user_class: Any) -> None:
    user = kept.of(user_class)
    running = gevent.spawn(user.client.get, "/slow/60000")
    with gevent.Timeout(30):
        while not kept.site.seen:
            gevent.sleep(0.01)
    running.kill()

    [span] = kept.spans
    assert span.status.description == "cut off at the stop"
    assert kept.environment.stats.num_requests == 0


@pytest.mark.parametrize("user_class", [Fast, Requests])
def test_a_request_without_an_answer_is_one_failed_span(kept: Kept, user_class: Any) -> None:
    kept.of(user_class).client.get("http://127.0.0.1:1/nobody", name="nobody")

    [span] = kept.spans
    assert not span.status.is_ok
    assert "ConnectionRefused" in str(span.status.description) or "Connection" in str(
        span.attributes["error.type"]
    )


@pytest.mark.parametrize("user_class", [Fast, Requests])
def test_a_url_that_cannot_be_sent_ends_its_span_with_the_error(kept: Kept, user_class: Any) -> None:
    with pytest.raises(ValueError, match="no-slash"):
        kept.of(user_class).client.get("no-slash")

    [span] = kept.spans
    assert not span.status.is_ok


def test_a_request_of_another_client_has_its_times(kept: Kept) -> None:
    kept.environment.events.request.fire(
        request_type="MQTT", name="publish", response_time=250, response_length=7, start_time=1_700_000_000.5
    )

    [span] = kept.spans
    assert span.name == "MQTT publish"
    assert span.start_time == 1_700_000_000_500_000_000
    assert span.end_time - span.start_time == pytest.approx(250e6, abs=1e6)
    assert dict(span.attributes) == {"swarm.request.type": "MQTT", "swarm.request.name": "publish"}


def test_the_sessions_are_as_before_when_it_ends() -> None:
    before = FastHttpSession.request, HttpSession.request
    propagation = Propagation(TracerProvider(shutdown_on_exit=False).get_tracer("test"))
    propagation.install()
    assert FastHttpSession.request is not before[0]
    propagation.remove()
    assert (FastHttpSession.request, HttpSession.request) == before
