"""The worker's decisions: what happens comes in through `handle`, what is to be done goes out as values.

The rule: what the worker does of the run stands in its part, whether there is a master in its contact. What it
measured it keeps until the master has it safe, whoever is away meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from swarm.control import happenings as happen
from swarm.control import messages as say
from swarm.control.contact import Contact
from swarm.control.effects import Cut, DeliverCustom, End, Forward, Log, Reconnect, Say, Welcomed
from swarm.control.instructions import FireSpawningComplete, Instruction
from swarm.control.part import ACTIVE, Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.control.settings import WorkerSettings


class WorkerCore:
    """A worker's part in the swarm. One greenlet calls `handle`, and it never blocks."""

    def __init__(self, settings: WorkerSettings, identity: str, incarnation: int) -> None:
        """Begin without a master; `identity` names the worker, `incarnation` (random, 63 bits) its process."""
        self.settings = settings
        self.identity = identity
        self.incarnation = incarnation
        self.part = Part()
        self.lifecycle = self.part.lifecycle
        self.reports = self.part.reports
        self.contact = Contact(settings)
        self._vitals = happen.WorkerTick()
        self._cut_run, self._cut_at = 0, 0.0
        self._leave_by: float | None = None
        self._farewell_by = 0.0
        self._out: list[Instruction] = []
        self._now = 0.0

    @property
    def state(self) -> str:
        """The state of the worker's own lifecycle."""
        return self.lifecycle.state

    @property
    def phase(self) -> int:
        """The number of the lifecycle's phase."""
        return self.lifecycle.phase

    @property
    def run(self) -> int:
        """The number of the run that the worker has part in; 0 for none."""
        return self.reports.run

    def handle(self, now: float, happening: happen.Happening) -> list[Instruction]:
        """Take in what happened at `now` and return what is to be done, in order."""
        self._now, self._out = now, []
        self.part.out = self._out
        if self.state != "quit":
            self._ON[type(happening)](self, happening)
        return self._out

    # -- the master's messages ---------------------------------------------------------------------------------

    def _heard(self, heard: happen.Heard) -> None:
        message = heard.message
        if isinstance(message, say.Welcome):
            self._welcome(message)
        elif isinstance(message, say.Refusal):
            self._refusal(message)
        elif isinstance(message, say.Source):
            self._out.append(Forward(message))
        elif self.contact.session and getattr(message, "session", None) == self.contact.session:
            self.contact.hear(self._now, getattr(message, "sent_at", 0.0))
            react = self._ON_MESSAGE.get(type(message))
            if react is None:
                self._out.append(Forward(message))
            else:
                react(self, message)

    def _welcome(self, message: say.Welcome) -> None:
        if not self.contact.is_answered_by(message):
            return
        again = bool(self.contact.session)
        self.contact.take(self._now, message)
        if message.run == self.run:
            self.reports.acknowledge(message.applied)
        elif message.run < self.run:
            self.part.abandon()
        self._out.append(Welcomed(message.index, message.options, again))
        self._beat()
        self._out += [Say(delta) for delta in self.reports.all(self._now, self.contact.session)]

    def _refusal(self, message: say.Refusal) -> None:
        if not message.retry:
            if self.contact.greeting:
                self._end(message.reason)
            return
        if not self.contact.greeting:
            self.contact.lose()
            self._greet()
        elif self.contact.is_news(message.reason):
            self._out.append(
                Log("warning", "the master refuses this worker for now", {"reason": message.reason})
            )

    def _assignment(self, message: say.Assignment) -> None:
        if self.contact.greeting:  # the welcome says first which of our runs the master knows
            return
        self.part.take(message)
        self._beat()

    def _pulse(self, message: say.Pulse) -> None:
        if message.run == self.run:
            self.reports.acknowledge(message.applied)
            self.part.take_reset(message.run, message.resets)
            self._leave_if_done()

    def _complete(self, message: say.SpawningComplete) -> None:
        # Whoever has stopped without a master takes its part up again, and is told again then.
        if message.run == self.run and message.ramp > self.part.ramp and self.state in ACTIVE:
            self.part.ramp = message.ramp
            self._out.append(FireSpawningComplete(message.user_count))
        self._beat()

    def _custom(self, message: say.Custom) -> None:
        if self.contact.inbox.take(message.number):
            self._out.append(DeliverCustom("", message.type, message.data))
        self._out.append(Say(say.CustomReceived(self.contact.session, self.contact.inbox.delivered)))

    def _custom_received(self, message: say.CustomReceived) -> None:
        self.contact.outbox.acknowledge(message.number)

    def _quit(self, _: say.Quit) -> None:
        self._end("")

    # -- what the shell reports --------------------------------------------------------------------------------

    def _spawned(self, done: happen.Spawned) -> None:
        if self.part.spawned(done.phase):
            self._beat()

    def _users_stopped(self, done: happen.UsersStopped) -> None:
        self.part.users_stopped(done.phase)

    def _delta_cut(self, cut: happen.DeltaCut) -> None:
        if cut.run != self.run or self.reports.closed:  # nothing comes after the last one
            return
        self.reports.add(cut.samples, cut.payload, final=cut.final, resets=cut.resets)
        self._vitals = happen.WorkerTick(0, self._vitals.users)
        if not self.contact.greeting:
            self._out.append(Say(self.reports.newest(self._now, self.contact.session)))

    def _custom_asked(self, asked: happen.CustomAsked) -> None:
        self.contact.outbox.add(asked.type, asked.data)
        self._send_customs()

    def _leave_asked(self, _: happen.LeaveAsked) -> None:
        if self._leave_by is not None:
            return
        self._leave_by = self._now + self.part.stop_timeout + self.settings.leave_deadline
        self._farewell_by = self._now + self.settings.farewell_deadline
        self.part.leave()
        self._leave_if_done()

    def _leave_if_done(self) -> None:
        if self._leave_by is None:
            return
        # Who is just connecting again waits a moment for it, since who leaves without a goodbye counts as lost.
        speechless = self.contact.greeting and self.contact.session and self._now < self._farewell_by
        if self._now >= self._leave_by or (self.part.is_delivered and not speechless):
            self._end("")

    def _end(self, reason: str) -> None:
        self._out += self.lifecycle.handle("quit")
        if self.contact.session and not self.contact.greeting:
            self._out.append(Say(say.Goodbye(self.contact.session)))
        self._out.append(End(reason))

    # -- time --------------------------------------------------------------------------------------------------

    def _connected(self, _: happen.Connected) -> None:
        if self.contact.greeting:
            self._greet()

    def _tick(self, tick: happen.WorkerTick) -> None:
        self._vitals = tick
        contact, now = self.contact, self._now
        contact.tick(now)
        if contact.is_silent(now):
            if not contact.greeting:
                self._out.append(Log("warning", "the master is silent; connecting again"))
            contact.lose()
            contact.reconnect(now)
            self._out.append(Reconnect())
            self._greet()
        elif contact.greeting:
            if now - contact.hello_at >= contact.interval:
                self._greet()
        else:
            self._report()
        if self.run != self._cut_run:
            self._cut_run, self._cut_at = self.run, now
        if self.state in ACTIVE:
            if contact.is_orphaned(now):
                self._out.append(Log("warning", "without a master for too long; the users are stopped"))
                self.part.stop_alone()
            elif (
                now - self._cut_at >= contact.report_interval
                and len(self.reports) < self.settings.delta_window
            ):
                self._cut_at = now
                self._out.append(Cut(self.run, final=False))
        self._leave_if_done()

    def _report(self) -> None:
        now, contact = self._now, self.contact
        if now - contact.beat_at >= contact.interval:
            self._beat()
        overdue = self.reports.overdue(now, contact.session, 2 * contact.interval)
        self._out += [Say(delta) for delta in overdue]
        self._send_customs()

    def _send_customs(self) -> None:
        contact = self.contact
        if not contact.greeting and len(contact.outbox):
            due = contact.outbox.due(self._now, contact.session, 2 * contact.interval)
            self._out += [Say(message) for message in due]

    def _greet(self) -> None:
        self.contact.hello_at = self._now
        self._out.append(
            Say(
                say.Hello(
                    self.identity,
                    self.incarnation,
                    self.contact.session,
                    self._now,
                    say.PROTOCOL,
                    self.settings.version,
                    self.settings.locustfile,
                    self.run,
                    self.part.applied,
                    self.reports.cut,
                    self.state,
                    self._vitals.users,
                )
            )
        )

    def _beat(self) -> None:
        contact, vitals = self.contact, self._vitals
        contact.beat_at = self._now
        self._out.append(
            Say(
                say.Heartbeat(
                    contact.session,
                    self._now,
                    self.run,
                    self.state,
                    vitals.users,
                    self.reports.samples + vitals.uncut,
                    self.reports.cut,
                    self.part.applied,
                    self.part.reached,
                    contact.heard_at,
                    contact.master_time,
                    vitals.cpu_percent,
                    vitals.memory_bytes,
                    vitals.lag_p99_ms,
                    self.part.ramp,
                )
            )
        )

    _ON: ClassVar[dict[type[happen.Happening], Callable[[WorkerCore, Any], None]]] = {
        happen.Heard: _heard,
        happen.WorkerTick: _tick,
        happen.Connected: _connected,
        happen.Spawned: _spawned,
        happen.UsersStopped: _users_stopped,
        happen.DeltaCut: _delta_cut,
        happen.CustomAsked: _custom_asked,
        happen.LeaveAsked: _leave_asked,
    }
    _ON_MESSAGE: ClassVar[dict[type[say.Message], Callable[[WorkerCore, Any], None]]] = {
        say.Assignment: _assignment,
        say.Pulse: _pulse,
        say.SpawningComplete: _complete,
        say.Custom: _custom,
        say.CustomReceived: _custom_received,
        say.Quit: _quit,
    }
