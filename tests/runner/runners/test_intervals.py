"""The interval of reports may be assigned as late as in a listener of `init`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import swarm.compat.locust  # noqa: F401
from swarm import Environment, User
from swarm import runners as settings
from swarm.transport.secret import Secret


class Idler(User):
    tasks = [len]


def test_an_interval_that_is_assigned_before_workers_come_is_what_they_are_told(
    until: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from locust import runners

    monkeypatch.setattr(settings, "WORKER_REPORT_INTERVAL", 1.0)
    secret = Secret.new()
    master = Environment(user_classes=[Idler]).create_master_runner(
        master_bind_port=0, secret=secret, serve=False
    )
    runners.WORKER_REPORT_INTERVAL = 7
    master.serve()
    worker = Environment(user_classes=[Idler]).create_worker_runner("127.0.0.1", master.port, secret=secret)
    try:
        until(lambda: worker.worker_index >= 0, seconds=30)
        assert worker._swarm_core.contact.report_interval == 7
    finally:
        worker.quit()
        master.quit()
