"""The master: steers the workers, merges their statistics, and runs no users.

What keeps the workers going (pulses, acknowledgements, merging) never waits for a listener; what a listener of
the run must have seen before (the users that start after `test_start`) does.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import gevent

from swarm import runners
from swarm.control.effects import DeliverCustom, FireResetStats, RunClosed, Send, WorkerJoined
from swarm.control.happenings import (
    Asked,
    CustomAsked,
    DrainAsked,
    Happening,
    MasterTick,
    Received,
)
from swarm.control.instructions import (
    FireSpawningComplete,
    FireTestStart,
    FireTestStop,
    FireTestStopping,
    Instruction,
    Shutdown,
    Target,
)
from swarm.control.master import MasterCore
from swarm.control.messages import Assignment, Heartbeat, Message, SpawningComplete
from swarm.control.settings import MasterSettings
from swarm.exceptions import RPCSendError
from swarm.log import get_logger
from swarm.runners import options
from swarm.runners.distributed import Call, DistributedRunner
from swarm.runners.driver import Driver
from swarm.runners.ledger import Ledger
from swarm.runners.master_duties import MasterDuties
from swarm.runners.messages import checked
from swarm.runners.nodes import WorkerNodes
from swarm.runners.steered import ACTIVE, SteeredRunner, is_one_of
from swarm.runners.swarm_monitor import SwarmMonitor
from swarm.runners.worker_logs import LINES, collect_texts
from swarm.transport.master_socket import MasterSocket

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from swarm.control.accounting import Accounting
    from swarm.control.lifecycle import RunLifecycle
    from swarm.environment import Environment
    from swarm.transport.secret import Secret

log = get_logger(__name__)

_BEHIND_LISTENERS = (
    FireTestStart,
    FireSpawningComplete,
    FireTestStopping,
    FireTestStop,
    FireResetStats,
    RunClosed,
    Shutdown,
    WorkerJoined,
    DeliverCustom,
    Call,
)
SETTLE_POLL_S = 0.02


class MasterRunner(SteeredRunner, DistributedRunner):
    """The node that steers the others and holds the statistics; it runs no users.

    `accounting` is the account of the last run's samples, None while there was none; `lost_workers` are those that
    were silent and have not come back, with something of the run to deliver; `drained_workers` those that have left
    because they were told to; `has_resumed` says that the journal of another master is gone on with.
    """

    def __init__(
        self,
        environment: Environment,
        host: str,
        port: int,
        secret: Secret,
        *,
        settings: MasterSettings | None = None,
        journal: Path | None = None,
    ) -> None:
        super().__init__(environment)
        settings = settings or MasterSettings(
            heartbeat_interval=runners.HEARTBEAT_INTERVAL,
            missing_after=runners.HEARTBEAT_LIVENESS,
            report_interval=runners.WORKER_REPORT_INTERVAL,
            options=options.to_share(environment.parsed_options),
        )
        self._swarm_interval_then = runners.WORKER_REPORT_INTERVAL
        self._swarm_options = options.SharedOptions(environment.parsed_options, settings.options)
        self.accounting: Accounting | None = None
        self.lost_workers: set[str] = set()
        self.drained_workers: set[str] = set()
        self.has_resumed = False
        self._swarm_resumed_run = 0
        self._swarm_core = MasterCore(settings, secrets.token_hex(16))
        self._swarm_socket = MasterSocket(host, port, secret)
        self.clients = WorkerNodes(self._swarm_core.fleet)
        self.monitor: SwarmMonitor = SwarmMonitor(environment)
        self._swarm_tick_waits = False
        self._swarm_serving = False
        self._swarm_ledger = Ledger(self, journal, self._swarm_bring)
        self._swarm_duties = MasterDuties(self, self._swarm_core, self._swarm_socket, self._swarm_ledger)
        self._swarm_driver = Driver[Happening](
            self._handle,
            lambda: self._swarm_core.phase,
            self._swarm_duties.carry_out,
            self.quit,
            self._is_at_once,
        )
        self._swarm_clock = gevent.spawn(self._swarm_tick_for_ever, settings.heartbeat_interval, self._tick)
        for greenlet in self._swarm_driver.greenlets:
            self.greenlet.add(greenlet)

    # -- what a locustfile uses --------------------------------------------------------------------------------

    @property
    def node_id(self) -> str:
        """The name under which the other nodes know this one."""
        return "master"

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._swarm_socket.host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._swarm_socket.port

    @property
    def lifecycle(self) -> RunLifecycle:
        """The chart of this run, which owns its state and its target. Only to be read."""
        return self._swarm_core.lifecycle

    @property
    def internal_errors(self) -> int:
        """Steps of the run and listeners of messages that failed."""
        return self._swarm_driver.failed_instructions + self.messages.failed_listeners

    @property
    def worker_count(self) -> int:
        """The workers that are there and can run users."""
        return self._swarm_core.fleet.there

    @property
    def user_count(self) -> int:
        """The users that run on all workers, as they last said."""
        return sum(node.user_count for node in self.clients.all)

    @property
    def user_classes_count(self) -> dict[str, int]:
        """The same by class."""
        counts = dict.fromkeys(self.user_classes_by_name, 0)
        for node in self.clients.all:
            for name, count in node.user_classes_count.items():
                counts[name] = counts.get(name, 0) + count
        return counts

    @property
    def reported_user_classes_count(self) -> dict[str, int]:
        """Another name of `user_classes_count`."""
        return self.user_classes_count

    @property
    def worker_indexes(self) -> dict[str, int]:
        """The workers' numbers in the swarm, from 0, by their names."""
        return {node.id: node.index for node in self.clients.all}

    @property
    def worker_index_max(self) -> int:
        """One more than the highest of them; 0 without workers."""
        return max(self.worker_indexes.values(), default=-1) + 1

    def rebalancing_enabled(self) -> bool:
        """Tell whether users are distributed anew when workers come or go: they always are."""
        return True

    def get_worker_index(self, client_id: str) -> int:
        """Return the worker's number in the swarm, from 0; -1 for one that is not there."""
        node = self.clients.get(client_id)
        return -1 if node is None else node.index

    def start(self, user_count: int, spawn_rate: float, wait: bool = False, user_classes: Any = None) -> None:
        """Begin a run, or give the one that goes on a new target; see Runner.start.

        Without a worker the users start when the first one comes.
        """
        if not self.worker_count:
            log.warning("there is no worker yet: the users start when one comes", users=user_count)
        super().start(user_count, spawn_rate, wait=False, user_classes=user_classes)
        if self.spawning_greenlet is None or self.spawning_greenlet.dead:
            self.spawning_greenlet = gevent.spawn(self._await_spawned)
        if wait and not self._swarm_is_within():
            self.spawning_greenlet.join()

    def drain(self, client_id: str) -> None:
        """Let a worker leave in order: its users go to the others at the spawn rate, and it ends its own.

        When it has delivered all that it measured its process ends, with exit code 0. Raises LifecycleError that
        says why it cannot leave now.
        """
        self._swarm_driver.ask(DrainAsked(client_id))

    def reason_not_to_drain(self, client_id: str) -> str:
        """Return why a worker cannot leave now, empty when it can."""
        return self._swarm_core.draining.refusal(client_id, goes_on=self.lifecycle.state in ACTIVE)

    def awaited_now(self) -> tuple[list[str], list[str], float]:
        """Return the workers whose last report of a run that is stopping has not come, those of them that are
        silent, and the seconds until they are waited for no longer.
        """
        closing = self._swarm_core.closing
        awaited = closing.awaited_workers() if self.lifecycle.state == "stopping" else []
        silent = [member.identity for member in awaited if member.state == "missing"]
        return [member.identity for member in awaited], silent, closing.left(self._swarm_now())

    @property
    def last_worker_count(self) -> int:
        """`worker_count`; of a master that quits, and has sent its workers away, what it was before that."""
        closing = self._swarm_core.closing
        return closing.there_at_quit if closing.is_quitting else self.worker_count

    def share_user_settings(self, user_settings: Mapping[str, Any]) -> None:
        """Give settings of a user class, as `Environment.update_user_class` takes them, to all workers.

        Those that are there get them now, the others when they come. Raises RPCSendError that names what of them
        cannot be sent; nothing has changed then.
        """
        self._swarm_options.set_user(user_settings)
        self._swarm_driver.bring(Asked("configure", options=self._swarm_options.now()))

    def reset_stats(self) -> None:
        """Set the statistics to zero, then call the listeners of `reset_stats` on every node.

        What a worker has recorded when it hears of the reset is counted as recorded before it.
        """
        self._try("reset")

    def send_message(self, msg_type: str, data: Any = None, client_id: str | None = None) -> None:
        """Send a message of the user's own to a worker, or to all that are there.

        Raises RPCSendError that names what cannot be sent, or the worker that is not there.
        """
        if client_id is not None and client_id not in self.clients:
            raise RPCSendError(
                f"There is no worker {client_id!r}; there are: {', '.join(self.clients) or 'none'}."
            )
        self._swarm_driver.bring(CustomAsked(msg_type, checked(msg_type, data), client_id))

    # -- the shell ---------------------------------------------------------------------------------------------

    def _swarm_bring(self, happening: Happening) -> None:
        self._swarm_driver.bring(happening)

    def serve(self) -> None:
        """Take up the run of a journal, if there is one, and let workers in from now on."""
        if not self._swarm_serving:
            self._swarm_serving = True
            if self._swarm_interval_then != runners.WORKER_REPORT_INTERVAL:  # a listener of init has set it
                self._swarm_core.voice.report_interval = runners.WORKER_REPORT_INTERVAL
            if runners.WORKER_LOG_REPORT_INTERVAL > 0 and LINES not in self.custom_messages:
                collect_texts(self)
            restored = self._swarm_ledger.restored()
            if restored is not None:
                self.has_resumed = restored.run.state in (*ACTIVE, "stopping")
                self._swarm_resumed_run = restored.run.run if self.has_resumed else 0
                self._swarm_driver.ask(restored)
            self._swarm_socket.serve(self._receive)

    def _swarm_ask(self, event: str, target: Target | None = None) -> None:
        environment = self.environment
        asked = Asked(
            event,
            target,
            environment.host,
            environment.stop_timeout,
            environment.reset_stats,
            self._swarm_options.now(),
        )
        self._swarm_driver.ask(asked)

    def _swarm_elapsed_before(self) -> float:
        core = self._swarm_core
        if not core.run or core.run != self._swarm_resumed_run:
            return 0.0
        return max(0.0, self._swarm_now() - core.plan.began_at)

    def _swarm_settle(self) -> None:
        if self._swarm_is_within():
            return
        while self.lifecycle.state == "stopping":
            gevent.sleep(SETTLE_POLL_S)
        self._swarm_driver.settle()

    def _swarm_is_within(self) -> bool:
        return is_one_of(self._swarm_driver.greenlets)

    def _quit(self) -> None:
        super()._quit()
        while not self._swarm_driver.has_ended:  # workers may have to say goodbye
            gevent.sleep(SETTLE_POLL_S)
        gevent.joinall(self._swarm_driver.greenlets, timeout=1)

    def _await_spawned(self) -> None:
        while self.lifecycle.state == "spawning":
            gevent.sleep(SETTLE_POLL_S)

    def _receive(self, peer: bytes, message: Message) -> None:
        self._swarm_driver.bring(Received(peer, message))

    def _tick(self) -> None:
        if not self._swarm_tick_waits:
            self._swarm_tick_waits = True
            self._swarm_driver.bring(MasterTick())

    def _handle(self, happening: Happening) -> list[Instruction]:
        if isinstance(happening, MasterTick):
            self._swarm_tick_waits = False
        instructions = self._swarm_core.handle(self._swarm_now(), happening)
        if isinstance(happening, Received) and isinstance(happening.message, Heartbeat):
            member = self._swarm_core.fleet.at(happening.peer)
            if member is not None:
                self.monitor.note(member.identity, happening.message)
        return instructions

    def _is_at_once(self, instruction: Instruction, busy: bool) -> bool:
        if isinstance(instruction, _BEHIND_LISTENERS):
            return False
        if isinstance(instruction, Send) and isinstance(instruction.message, Assignment | SpawningComplete):
            return not busy  # the listeners of test_start come before the users
        return True
