from __future__ import annotations

import pytest

from swarm.transport.drops import INTERVAL_S, Drops


def test_all_are_counted_and_few_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.0
    drops = Drops("the master", lambda: now)
    for number in range(1000):
        drops.count("messages that cannot be read", f"number {number}")
    drops.count("peers with another key")
    assert drops.counts == {"messages that cannot be read": 1000, "peers with another key": 1}
    assert [record.getMessage() for record in caplog.records] == [
        "the master dropped messages that cannot be read: 1; the last: number 0",
        "the master dropped peers with another key: 1",
    ]
    now += INTERVAL_S
    drops.count("messages that cannot be read", "the last")
    assert caplog.records[-1].getMessage() == (
        "the master dropped messages that cannot be read: 1000 (1001 in all); the last: the last"
    )
