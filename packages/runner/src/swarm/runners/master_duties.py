"""What the master does of its core's effects: sends, merges, keeps its books, and calls the run's listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent

from swarm.control.effects import (
    Apply,
    DeliverCustom,
    Discard,
    Drop,
    Forward,
    Remember,
    RememberWorker,
    ResetStatistics,
    RunClosed,
    Send,
    WorkerBack,
    WorkerJoined,
    WorkerLeft,
    WorkerLost,
)
from swarm.control.happenings import Disconnected
from swarm.control.instructions import (
    ClearStatistics,
    FireSpawningComplete,
    FireTestStart,
    FireTestStop,
    FireTestStopping,
    Instruction,
    Shutdown,
)
from swarm.control.messages import Delta, Message, Pulse, SourceRequest
from swarm.log import get_logger
from swarm.runners import source
from swarm.runners.distributed import END_RUN, Call
from swarm.runners.steered import ACTIVE
from swarm.transport.codec import UnsendableError
from swarm_stats.deltas import BadPayload

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.control.master import MasterCore
    from swarm.runners.ledger import Ledger
    from swarm.runners.master import MasterRunner
    from swarm.transport.master_socket import MasterSocket

log = get_logger(__name__)


class MasterDuties:
    """Carries effects out for `runner`.

    `forwards` serves what the core has no part in, by the message's type; `worker_gone` are called with the
    identity of a worker that is silent or has left, `worker_back` with that of one that was only silent.
    """

    def __init__(self, runner: MasterRunner, core: MasterCore, socket: MasterSocket, ledger: Ledger) -> None:
        self.forwards: dict[type[Message], Callable[[Forward], None]] = {SourceRequest: self._send_source}
        self.worker_gone: list[Callable[[str], None]] = []
        self.worker_back: list[Callable[[str], None]] = []
        self._runner = runner
        self._core = core
        self._socket = socket
        self._ledger = ledger

    def carry_out(self, instruction: Instruction) -> None:
        """Do what is asked for; blocks while listeners run, and while the journal is written."""
        if not isinstance(instruction, Remember | RememberWorker | ResetStatistics):
            self._ledger.flush()
        match instruction:
            case Send(peer, message):
                self.send(peer, message)
            case Apply() | Discard() | ResetStatistics():
                self._count(instruction)
            case Remember(run):
                self._ledger.remember(run)
            case RememberWorker(_, worker):
                self._ledger.remember_worker(worker)
            case Drop(reason, detail):
                self._socket.drops.count(reason, detail)
            case Forward(message):
                serve = self.forwards.get(type(message))
                if serve is not None:
                    serve(instruction)
            case DeliverCustom(_, type_, data) if type_ == END_RUN:
                self._end_run(data)
            case WorkerJoined() | WorkerLost() | WorkerBack() | WorkerLeft():
                self._tell_of_worker(instruction)
            case _:
                self._carry_out_of_run(instruction)

    def _carry_out_of_run(self, instruction: Instruction) -> None:
        runner = self._runner
        environment, events = runner.environment, runner.environment.events
        match instruction:
            case ClearStatistics():
                runner.stats.clear_all()
                runner.exceptions.clear()
                runner.accounting = None
                runner.lost_workers.clear()
                runner.monitor.begin()
            case FireTestStart():
                events.test_start.fire(environment=environment)
            case FireSpawningComplete(user_count):
                log.info("all users spawned", users=user_count, **runner.target_user_classes_count)
                events.spawning_complete.fire(user_count=user_count)
            case FireTestStopping():
                self._tell_who_is_waited_for()
                events.test_stopping.fire(environment=environment)
            case FireTestStop():
                runner.monitor.end()
                events.test_stop.fire(environment=environment)
            case RunClosed(accounting):
                runner.accounting = accounting
            case Shutdown():
                runner.monitor.end()
                runner._swarm_clock.kill(block=False)
                self._socket.close()
                self._ledger.close()
            case _:
                runner._swarm_carry_out_common(instruction)

    def _tell_of_worker(self, instruction: Instruction) -> None:
        runner = self._runner
        match instruction:
            case WorkerJoined(identity, index):
                runner.drained_workers.discard(identity)  # another process of that name may have been
                log.info("a worker has joined", worker=identity, index=index, workers=runner.worker_count)
                runner.environment.events.worker_connect.fire(client_id=identity)
            case WorkerLost(identity):
                if self._is_missed(identity):
                    runner.lost_workers.add(identity)
                self._tell_gone(identity)
                log.warning(
                    "a worker is silent; its users go to the others",
                    worker=identity,
                    workers=runner.worker_count,
                )
            case WorkerBack(identity):
                runner.lost_workers.discard(identity)
                for listener in self.worker_back:
                    listener(identity)
                log.info("a worker is back", worker=identity, workers=runner.worker_count)
            case WorkerLeft(identity, drained):
                runner.lost_workers.discard(identity)
                if drained:
                    runner.drained_workers.add(identity)
                self._tell_gone(identity)
                how = " (drained)" if drained else ""
                log.info(f"a worker has left{how}", worker=identity, workers=runner.worker_count)

    def _tell_who_is_waited_for(self) -> None:
        """A silent worker holds the end of a run up, and it may come back: say why nothing happens meanwhile."""
        core = self._core
        silent = [m.identity for m in core.closing.participants if m.state == "missing" and not m.final]
        if silent:
            seconds = core.settings.final_deadline + (core.plan.stop_timeout or 0)
            log.warning(
                f"the end of the run waits up to {seconds:g} s for what silent workers have measured",
                workers=", ".join(silent[:5]) + (f" and {len(silent) - 5} more" if len(silent) > 5 else ""),
            )

    def _is_missed(self, identity: str) -> bool:
        """Whether the run misses this worker: not one that has delivered all, nor one without part in its end."""
        core = self._core
        member = core.fleet.named(identity)
        if member is None or member.run != core.run:
            return core.state in ACTIVE
        return not member.final

    def _tell_gone(self, identity: str) -> None:
        for listener in self.worker_gone:
            listener(identity)

    def _end_run(self, code: Any) -> None:
        log.info("a user on a worker ends the run")
        if isinstance(code, int):
            self._runner.environment.process_exit_code = code
        gevent.spawn(self._runner.quit)

    def send(self, peer: bytes, message: Message) -> None:
        """Send a message to a peer, or bring in that it is gone."""
        try:
            sent = self._socket.send(peer, message)
        except UnsendableError as error:
            log.warning(f"a message to a worker cannot be sent: {error}")
            return
        heartbeat_sent = self._runner.environment.events.heartbeat_sent
        if not sent:
            self._runner._swarm_bring(Disconnected(peer))
        elif isinstance(message, Pulse) and heartbeat_sent._handlers:
            member = self._core.fleet.at(peer)
            if member is not None:
                heartbeat_sent.fire(client_id=member.identity, timestamp=message.sent_at)

    def _count(self, effect: Apply | Discard | ResetStatistics) -> None:
        runner = self._runner
        match effect:
            case Apply():
                self._apply(effect)
            case Discard(identity, refused=refused):
                self._ledger.discard(effect)
                if refused:
                    self._refused(identity, "it is said to be of after a reset that there was not")
                else:
                    self._tell_of_report(identity, effect.delta)
            case ResetStatistics():
                log.info("statistics reset")
                self._ledger.reset()
                if runner.accounting is not None:
                    runner.accounting = self._core.accounting()

    def _apply(self, effect: Apply) -> None:
        try:
            self._ledger.apply(effect)
        except BadPayload as error:
            self._ledger.discard(Discard(effect.identity, effect.incarnation, effect.delta, refused=True))
            self._refused(effect.identity, str(error))
        else:
            self._tell_of_report(effect.identity, effect.delta)

    def _refused(self, identity: str, why: str) -> None:
        self._socket.drops.count("statistics that cannot be read", f"{identity}: {why}")

    def _tell_of_report(self, identity: str, delta: Delta) -> None:
        runner = self._runner
        worker_report = runner.environment.events.worker_report
        report = delta.payload.get("report")
        if worker_report._handlers and isinstance(report, dict):
            call = Call(lambda: worker_report.fire(client_id=identity, data=report))
            runner._swarm_driver.do_later([call])

    def _send_source(self, effect: Forward) -> None:
        try:
            self.send(effect.peer, source.pack(self._runner.environment.parsed_locustfiles or []))
        except source.SourceError as error:
            log.warning(f"a worker asked for the locustfile: {error}")
