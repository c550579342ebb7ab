"""What the tests of the users of other protocols share: servers of their own, and a run to report to."""

from collections.abc import Iterator

import pytest

from tests.runner.contrib.bench import Bench
from tests.servers.mosquitto import mosquitto  # noqa: F401  a fixture
from tests.servers.postgresql import postgresql  # noqa: F401  a fixture


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A run to report to; its users end with the test."""
    bench = Bench()
    yield bench
    bench.close()
