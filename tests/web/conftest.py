"""What the tests of the UI's server share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.serving import Served, served, until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    """A run of ten users that goes on, with its UI; tests may only look."""
    with served() as site:
        site.runner.start(10, 100)
        until(lambda: site.snapshot()["history"]["time"], "a row of the history")
        until(lambda: site.snapshot()["total"]["p50"], "percentiles")
        until(lambda: len(site.snapshot()["names"]["i"]) == 3, "three names")
        yield site


@pytest.fixture
def fresh() -> Iterator[Served]:
    """A run that was not started yet, with its UI."""
    with served() as site:
        yield site
