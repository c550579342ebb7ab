from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runner.users.living import Life


@pytest.fixture
def life() -> Iterator[Life]:
    living = Life()
    yield living
    living.end()
