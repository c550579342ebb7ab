"""The worker: runs users for its master, and reports what they measured until the master has it."""

from __future__ import annotations

import secrets
import socket
import uuid
from typing import TYPE_CHECKING, Any

import gevent

from swarm import runners
from swarm.control.effects import Cut, End, Forward, PrepareRun, Reconnect, Reset, Say, Welcomed
from swarm.control.happenings import (
    Connected,
    CustomAsked,
    DeltaCut,
    Happening,
    Heard,
    LeaveAsked,
    Spawned,
    UsersStopped,
    WorkerTick,
)
from swarm.control.instructions import CutUsers, Instruction, Shutdown, StopUsers
from swarm.control.messages import Message, Pulse, Quit
from swarm.control.settings import WorkerSettings
from swarm.control.worker import WorkerCore
from swarm.exceptions import RPCSendError
from swarm.log import get_logger
from swarm.runners import options, source
from swarm.runners.distributed import END_RUN, Call, DistributedRunner
from swarm.runners.driver import Driver
from swarm.runners.duties import UserHost
from swarm.runners.entrance import Entrance
from swarm.runners.messages import checked
from swarm.runners.monitor import memory_bytes
from swarm.runners.steered import is_one_of, locusts_word
from swarm.transport.codec import UnsendableError
from swarm.transport.worker_socket import WorkerSocket
from swarm_stats.deltas import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swarm.environment import Environment
    from swarm.transport.secret import Secret
    from swarm.users.user import User

log = get_logger(__name__)

_AT_ONCE = (Say, Reconnect, Welcomed, Forward, CutUsers)
MEMORY_EVERY = 20
"""Ticks between two looks at the process's memory, which cost more than the tick."""


class WorkerRunner(UserHost, DistributedRunner):
    """A node that runs users for its master.

    `client_id` is its name in the swarm, `worker_index` its number from 0 (-1 until the master has taken it in).
    `end_reason` says why it ended, empty when it was asked to; `at_end` are called then.
    """

    def __init__(
        self,
        environment: Environment,
        host: str,
        port: int,
        secret: Secret,
        *,
        settings: WorkerSettings | None = None,
        identity: str | None = None,
    ) -> None:
        super().__init__(environment)
        settings = settings or WorkerSettings(
            heartbeat_interval=runners.HEARTBEAT_INTERVAL,
            missing_after=runners.HEARTBEAT_LIVENESS,
            orphan_after=runners.MASTER_HEARTBEAT_TIMEOUT,
            locustfile=source.content_hash(environment.parsed_locustfiles or []),
        )
        self.client_id = identity or f"{socket.gethostname()}_{uuid.uuid4().hex}"
        self.worker_index = -1
        self.end_reason = ""
        self._swarm_core = WorkerCore(settings, self.client_id, secrets.randbits(63))
        self._swarm_socket = WorkerSocket(host, port, secret)
        self._swarm_entrance = Entrance(self._swarm_socket, self._give_up)
        self._swarm_forwards: dict[type[Message], Callable[[Forward], None]] = {}
        self.at_end: list[Callable[[], object]] = []
        self._swarm_begun = False
        self._swarm_tick_waits = False
        self._swarm_ticks = 0
        self._swarm_memory = 0
        self._swarm_resets = 0  # that lie before all that is recorded now
        self._swarm_driver = Driver[Happening](
            self._handle,
            lambda: self._swarm_core.phase,
            self._carry_out,
            self._swarm_end_test,
            lambda instruction, _busy: isinstance(instruction, _AT_ONCE),
            ends=End,
        )
        self._swarm_clock = gevent.spawn(self._swarm_tick_for_ever, settings.heartbeat_interval, self._tick)
        for greenlet in self._swarm_driver.greenlets:
            self.greenlet.add(greenlet)

    # -- what a locustfile uses --------------------------------------------------------------------------------

    @property
    def node_id(self) -> str:
        """The name under which the other nodes know this one."""
        return self.client_id

    @property
    def state(self) -> str:
        """Where this worker stands, in one of the words of `swarm.runners`."""
        return locusts_word(self._swarm_core.state)

    @property
    def internal_errors(self) -> int:
        """Steps of the run that failed, and users that could not be made."""
        return (
            self._swarm_driver.failed_instructions
            + self._swarm_pool.failed_starts
            + self.messages.failed_listeners
        )

    @property
    def is_connected(self) -> bool:
        """Whether there is a master that knows this worker."""
        return not self._swarm_core.contact.greeting

    @property
    def target_user_count(self) -> int:
        """The users that this worker is to run."""
        return self._swarm_core.lifecycle.target.user_count

    def start(
        self,
        user_count: int,
        spawn_rate: float,  # noqa: ARG002  the signature of all runners
        wait: bool = False,  # noqa: ARG002
        user_classes: list[type[User]] | None = None,  # noqa: ARG002
    ) -> None:
        """Do nothing but log: the master decides which users run here."""
        log.info("ignored: a worker starts users only when its master says so", users=user_count)

    def stop(self) -> None:
        """Do nothing but log: the master ends the run."""
        log.info("ignored: a worker stops its users only when its master says so")

    def reset_stats(self) -> None:
        """Do nothing but log: the master resets the statistics of the run."""
        log.info("ignored: the statistics of a run are the master's to reset")

    def quit(self) -> None:
        """Leave the swarm in order: users stop, the last statistics go to the master; then this node has ended."""
        self._swarm_driver.bring(LeaveAsked())
        if not is_one_of(self._swarm_driver.greenlets):
            self.greenlet.join()

    def send_message(
        self,
        msg_type: str,
        data: Any = None,
        client_id: str | None = None,  # noqa: ARG002  the signature of all runners
    ) -> None:
        """Send a message of the user's own to the master.

        Raises RPCSendError that names what cannot be sent.
        """
        self._swarm_driver.bring(CustomAsked(msg_type, checked(msg_type, data)))

    def _send_stats(self) -> None:
        """Report what was measured to the master now."""
        if self._swarm_core.run:
            self._cut(self._swarm_core.run, final=False)

    # -- the shell ---------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Connect to the master, from now on."""
        if not self._swarm_begun:
            self._swarm_begun = True
            self._swarm_entrance.begin()
            self._swarm_socket.serve(self._hear, lambda: self._swarm_driver.bring(Connected()))

    def _swarm_ramp_complete(self) -> None:
        """Do nothing: the resets of a swarm's run come from its master."""

    def _swarm_end_test(self) -> None:
        self._swarm_driver.bring(CustomAsked(END_RUN, self.environment.process_exit_code))

    def _swarm_report(self, name: str, phase: int) -> None:
        if name == "spawned":
            log.info("this worker has its users", users=self.user_count, **self._swarm_pool.counts())
            self._swarm_driver.bring(self._vitals())  # so that the master hears at once how many there are
        self._swarm_driver.bring(Spawned(phase) if name == "spawned" else UsersStopped(phase))

    def _hear(self, message: Message) -> None:
        if isinstance(message, Pulse) and self.environment.events.heartbeat_received._handlers:
            self.environment.events.heartbeat_received.fire(
                client_id=self.client_id, timestamp=message.sent_at
            )
        if isinstance(message, Quit) and self._swarm_driver.is_busy:
            # What a listener of test_stop still has to say goes before the goodbye.
            self._swarm_driver.do_later([Call(lambda: self._swarm_driver.bring(Heard(message)))])
        else:
            self._swarm_driver.bring(Heard(message))

    def _tick(self) -> None:
        if self._swarm_tick_waits:
            return
        self._swarm_tick_waits = True
        self._give_up_a_dead_master()
        if self._swarm_ticks % MEMORY_EVERY == 0:
            self._swarm_memory = memory_bytes()
        self._swarm_ticks += 1
        self._swarm_driver.bring(self._vitals())

    def _vitals(self) -> WorkerTick:
        return WorkerTick(
            uncut=self.stats.num_requests,
            users=self._swarm_pool.counts(),
            cpu_percent=self.cpu_usage,
            memory_bytes=self._swarm_memory,
            lag_p99_ms=self.monitor.health.repeated_lag_us() / 1000,
        )

    def _handle(self, happening: Happening) -> list[Instruction]:
        if isinstance(happening, WorkerTick):
            self._swarm_tick_waits = False
        return self._swarm_core.handle(self._swarm_now(), happening)

    def _carry_out(self, instruction: Instruction) -> None:
        match instruction:
            case Say(message):
                self._say(message)
            case Reconnect():
                self._swarm_socket.reconnect()
            case Welcomed():
                self._welcomed(instruction)
            case PrepareRun():
                self._prepare(instruction)
            case Cut(run, final):
                self._cut(run, final=final)
            case Reset(run, resets):
                self._reset(run, resets)
            case StopUsers():  # it may take the stop timeout, in which reports go on
                gevent.spawn(self._swarm_duties.carry_out, instruction)
            case Forward():
                self._forward(instruction)
            case End(reason):
                self._end(reason)
            case _:
                self._swarm_carry_out_common(instruction)
                self._swarm_duties.carry_out(instruction)

    def _prepare(self, effect: PrepareRun) -> None:
        options.take_over(self.environment, effect.options)
        if effect.host is not None:
            self.environment.host = effect.host
        self.environment.stop_timeout = effect.stop_timeout
        self._swarm_resets = effect.resets

    def _reset(self, run: int, resets: int) -> None:
        self._cut(run, final=False)
        self._swarm_resets = resets
        log.info("statistics reset")
        self.environment.events.reset_stats.fire()

    def _forward(self, effect: Forward) -> None:
        serve = self._swarm_forwards.get(type(effect.message))
        if serve is not None:
            serve(effect)

    def _say(self, message: Message) -> None:
        try:
            self._swarm_socket.send(message)
        except UnsendableError as error:
            log.warning(f"a message to the master cannot be sent: {error}")

    def _welcomed(self, effect: Welcomed) -> None:
        self.worker_index = effect.index
        self._swarm_entrance.admitted()
        options.take_over(self.environment, effect.options)
        what = "connected again to the master" if effect.again else "connected to the master"
        log.info(f"{what} as {self.client_id}", index=effect.index)

    def _cut(self, run: int, *, final: bool) -> None:
        data: dict[str, Any] = {
            "user_count": self.user_count,
            "user_classes_count": dict(self.user_classes_count),
        }
        own = len(data)
        self.environment.events.report_to_master.fire(client_id=self.client_id, data=data)
        if self.environment.events.report_to_master._handlers:
            try:
                data = checked("report_to_master", data)
            except RPCSendError as error:
                self.messages.failed_listeners += 1
                log.warning(f"what listeners of report_to_master added is left out: {error}")
                data = {}
        # From here to the inbox nobody else has a turn, so that no sample is counted twice or not at all.
        samples = self.stats.num_requests
        payload = cut(self.stats, self.exceptions)
        if final or len(data) > own or _says_something(payload):
            payload["report"] = data
            self._swarm_driver.bring(DeltaCut(run, final, samples, payload, self._swarm_resets))

    def _give_up_a_dead_master(self) -> None:
        """End when the master has been away for longer than one is waited for after the users were stopped."""
        contact, settings = self._swarm_core.contact, self._swarm_core.settings
        patience = settings.orphan_after + runners.CONNECT_TIMEOUT * runners.CONNECT_RETRY_COUNT
        if contact.greeting and contact.heard_at and self._swarm_now() - contact.heard_at > patience:
            self._give_up(f"the master was away for {patience:.0f} s: {self._swarm_socket.diagnosis().text}")

    def _give_up(self, reason: str) -> None:
        self._swarm_driver.do_later([End(reason)])

    def _end(self, reason: str) -> None:
        if self._swarm_driver.has_ended and self._swarm_clock.dead:
            return
        self._swarm_driver.has_ended = True
        self.end_reason = reason
        if reason:
            log.error(f"this worker ends: {reason}")
        self._swarm_clock.kill(block=False)
        self._swarm_entrance.end()
        self.monitor.end()
        for call in self.at_end:
            call()
        self._swarm_duties.carry_out(Shutdown())
        self._swarm_socket.close()
        self._swarm_driver.greenlets[0].kill(block=False)


def _says_something(payload: Mapping[str, Any]) -> bool:
    return len(payload["names"]) > 1 or bool(payload["failures"]) or bool(payload["exceptions"])
