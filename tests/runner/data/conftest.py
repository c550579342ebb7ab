from __future__ import annotations

from collections.abc import Iterator

import pytest

from swarm.data import feed


@pytest.fixture(autouse=True)
def no_feeds() -> Iterator[None]:
    """A process of its own, as far as feeds are concerned."""
    feed._feeds.clear()
    yield
    feed.take_elsewhere(None)
    feed._feeds.clear()
