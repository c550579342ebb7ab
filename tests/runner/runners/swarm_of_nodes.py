"""Master and workers in one process, over real sockets, with environments of their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gevent

from swarm import Environment, User, constant, task
from swarm.control.settings import MasterSettings, WorkerSettings
from swarm.event import Events
from swarm.runners import MasterRunner, WorkerRunner
from swarm.transport.secret import Secret

BEAT_S = 0.05
EVENTS = ("test_start", "spawning_complete", "test_stopping", "test_stop")


class Sampler(User):
    """Counts a request each few milliseconds."""

    wait_time = constant(0.005)

    @task
    def sample(self) -> None:
        self.environment.events.request.fire(
            request_type="GET", name="/", response_time=1.5, response_length=3, exception=None
        )


class Idler(User):
    """Only waits."""

    wait_time = constant(1000)

    @task
    def rest(self) -> None:
        pass


class Nodes:
    """A master and workers with environments of their own; `fired` lists the events of each node."""

    def __init__(
        self,
        *classes: type[User],
        shared: dict[str, Any] | None = None,
        final_deadline: float = 20,
        **options: object,
    ) -> None:
        """Make the master; `options` are those of all environments, `shared` the settings' options for workers."""
        self.classes, self.options = classes, options
        self.secret = Secret.new()
        self.fired: dict[str, list[str]] = {}
        self.environment = self._environment("master")
        self.master: MasterRunner = self.environment.create_master_runner(
            master_bind_port=0,
            secret=self.secret,
            settings=MasterSettings(
                heartbeat_interval=BEAT_S,
                report_interval=BEAT_S,
                final_deadline=final_deadline,
                options=shared or {},
            ),
            serve=False,
        )
        self.workers: list[WorkerRunner] = []

    def _environment(self, name: str, **options: object) -> Environment:
        given: dict[str, Any] = {"user_classes": self.classes} | self.options | options
        environment = Environment(events=Events(), **given)
        fired = self.fired[name] = []
        for event in EVENTS:
            getattr(environment.events, event).add_listener(lambda _event=event, **_: fired.append(_event))
        return environment

    @property
    def all(self) -> list[MasterRunner | WorkerRunner]:
        """All nodes, the master first."""
        return [self.master, *self.workers]

    def worker(self, *, serve: bool = True, **options: object) -> WorkerRunner:
        """Make another worker; `options` are those of its environment."""
        runner = self._environment(f"worker {len(self.workers)}", **options).create_worker_runner(
            "127.0.0.1",
            self.master.port,
            secret=self.secret,
            settings=WorkerSettings(heartbeat_interval=BEAT_S),
            serve=serve,
        )
        self.workers.append(runner)
        return runner

    def gather(self, workers: int, **options: object) -> None:
        """Begin, and wait until so many new workers are there, and know it."""
        self.master.serve()
        wanted = self.master.worker_count + workers
        new = [self.worker(**options) for _ in range(workers)]
        wait_until(lambda: self.master.worker_count == wanted and all(each.is_connected for each in new))

    def end(self) -> None:
        """End all nodes."""
        with gevent.Timeout(60):
            self.master.quit()
            for worker in self.workers:
                worker.quit()


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until a condition holds, and fail when it never does."""
    deadline = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < deadline, "the condition never held"
        gevent.sleep(0.005)
