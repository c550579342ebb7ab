"""Switching telemetry on where it cannot be, or where it is switched off."""

from __future__ import annotations

import subprocess
import sys

import pytest

from swarm.exceptions import SwarmError

WITHOUT = """
import sys

class Hides:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hides())
from locust_or_ours import setup_opentelemetry
try:
    setup_opentelemetry("file.py")
except ImportError as error:
    print(error)
"""


def test_without_the_extra_the_message_names_it() -> None:
    code = WITHOUT.replace("from locust_or_ours", "import swarm.compat.locust\nfrom locust.opentelemetry")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "OpenTelemetry needs opentelemetry" in done.stdout, done.stderr
    assert "pip install 'swarm-runner[otel]'" in done.stdout


def test_the_extras_error_is_one_of_ours() -> None:
    from swarm.extras import MissingLibraryError

    assert issubclass(MissingLibraryError, SwarmError)


def test_switched_off_by_its_variable_nothing_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    from swarm.event import Events
    from swarm.otel.setup import finish, setup_opentelemetry

    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    events = Events()
    assert setup_opentelemetry("file.py", "nightly", events=events) is False
    assert not events.request._handlers
    finish()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
    ],
)
def test_an_exporter_that_there_is_none_for_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    from swarm.event import Events
    from swarm.otel.setup import setup_opentelemetry

    monkeypatch.setenv(variable, value)
    events = Events()
    with pytest.raises(SwarmError, match=f"'{value}'"):
        setup_opentelemetry("file.py", events=events)
    assert not events.request._handlers
