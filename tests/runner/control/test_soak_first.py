"""The first half of the soak: 500 seeds of a thousand workers, in two files so that two processes share them."""

from __future__ import annotations

import pytest

from tests.runner.control.seeds import run_seeds
from tests.runner.control.simulation import SOAK_FROM


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(25))
def test_a_thousand_workers_keep_every_promise_for_many_seeds(block):
    first = SOAK_FROM + 10 * block
    run_seeds(range(first, first + 10), workers=1000)
