"""Schemathesis tries the API as its description says, and beyond."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from swarm_web.openapi import document
from tests.web.serving import Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator

schema = schemathesis.openapi.from_dict(document()).exclude(path="/api/v1/stream")


@pytest.fixture(scope="module")
def site() -> Iterator[Served]:
    """A run that the tests may steer as they like."""
    with served() as site:
        yield site


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(case: Any, site: Served) -> None:
    response = case.call(base_url=f"http://127.0.0.1:{site.port}")
    case.validate_response(
        response,
        checks=[
            schemathesis.checks.not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )


def test_it_describes_every_route(site: Served) -> None:
    described = set(document()["paths"])
    routes = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in site.ui.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.rule != "/api/v1/report.html"
    }
    assert routes == described
    assert site.get("/api/v1/openapi.json").json == document()
