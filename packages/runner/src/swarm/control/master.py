"""The master's decisions: what happens comes in through `handle`, what is to be done goes out as values.

The rule: the run's state lives in its lifecycle, who is there in the fleet, and what each worker was told in the
plan. A worker is told something only by a numbered, absolute assignment, and whoever may not know of one is told
again; so any message may be lost, be late, or come twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from swarm.control import happenings as happen
from swarm.control import messages as say
from swarm.control.closing import Closing
from swarm.control.draining import Draining
from swarm.control.effects import (
    Apply,
    Discard,
    Drop,
    FireResetStats,
    Forward,
    Remember,
    ResetStatistics,
    Send,
)
from swarm.control.fleet import UNKNOWN, Fleet
from swarm.control.instructions import (
    CutUsers,
    FireSpawningComplete,
    HoldUsers,
    Instruction,
    ReleaseUsers,
    Spawn,
    StopUsers,
)
from swarm.control.lifecycle import LifecycleError, RunLifecycle
from swarm.control.plan import Plan
from swarm.control.post import Post
from swarm.control.spreading import Spreading
from swarm.control.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.control.accounting import Accounting
    from swarm.control.member import Member
    from swarm.control.settings import MasterSettings

ACTIVE = frozenset({"spawning", "running", "paused"})


class MasterCore:
    """The run, its workers, and who runs which users. One greenlet calls `handle`, and it never blocks."""

    def __init__(self, settings: MasterSettings, session: str) -> None:
        """Begin with no worker and no run; `session` is a random token of this life of the master."""
        self.settings = settings
        self.session = session
        self.lifecycle = RunLifecycle()
        self.fleet = Fleet(settings)
        self.plan = Plan(session)
        self.plan.offer(settings.options)
        self.voice = Voice(session, settings, self.plan)
        self.spreading = Spreading(settings, self.fleet, self.plan)
        self.closing = Closing(settings, self.fleet, self.plan)
        self.draining = Draining(settings, self.fleet, self.plan, self.closing)
        self.post = Post(session, self.fleet, self.voice)
        self.strangers = 0
        """Messages that came from no worker of this session, and were dropped."""
        self._out: list[Instruction] = []
        self._now = 0.0
        self._ticked_at: float | None = None
        self._ramp_was_complete = False

    @property
    def state(self) -> str:
        """The state of the run's lifecycle."""
        return self.lifecycle.state

    @property
    def phase(self) -> int:
        """The number of the lifecycle's phase."""
        return self.lifecycle.phase

    @property
    def run(self) -> int:
        """The number of the present run, or of the last one; 0 before the first."""
        return self.plan.run

    def accounting(self) -> Accounting:
        """Return the account of the present run, or of the last one, as far as it has come."""
        return self.closing.accounting()

    def handle(self, now: float, happening: happen.Happening) -> list[Instruction]:
        """Take in what happened at `now` and return what is to be done, in order.

        Raises LifecycleError for an Asked that the run's state does not allow.
        """
        self._now, self._out = now, []
        self._ON[type(happening)](self, happening)
        return self._out

    # -- what the run is asked for -----------------------------------------------------------------------------

    def _asked(self, asked: happen.Asked) -> None:
        if asked.name == "quit":
            self._out += self.closing.quit(self._now)
            self._quit_when_it_is_time()
            return
        if self.closing.is_quitting:
            raise LifecycleError(f"The master is quitting; it cannot {asked.name}.")
        if asked.name == "reset":
            self._reset()
            return
        if asked.name == "configure":
            self._configure(asked)
            return
        instructions = self.lifecycle.handle(asked.name, target=asked.target)
        if asked.name == "start":
            self.fleet.begin_run(self.run)
            self.plan.begin_run(self._now)
        if asked.name in ("start", "retarget"):
            self._ramp_was_complete = False
            self.plan.aim(asked)
        self._follow(instructions)

    def _follow(self, instructions: list[Instruction]) -> None:
        """Do what the lifecycle asks for; what concerns listeners goes on to the shell."""
        self._remember()
        for instruction in instructions:
            match instruction:
                case Spawn():
                    self._out += self.plan.spread(self._now, self.fleet.takers())
                case ReleaseUsers():
                    if self.state == "running":
                        self._out += self.plan.spread(self._now, self.fleet.takers())
                case HoldUsers():
                    present = [m for m in self.fleet.takers() if m.run == self.run]
                    self._out += self.plan.tell_all(self._now, present, "pause")
                case StopUsers():
                    self._out += self.closing.begin(self._now)
                    self._close_when_it_is_time()
                case CutUsers():
                    self._out += self.closing.force(self._now)
                case FireSpawningComplete():
                    self._announce_completion(instruction)
                case _:
                    self._out.append(instruction)

    def _remember(self) -> None:
        chart = self.lifecycle
        record = self.plan.record(chart.state, complete=chart.target_reached, forced=chart.forced)
        self._out.append(Remember(record))

    def _reset(self) -> None:
        """Set the statistics to zero: what workers had recorded when they hear of it lies before the reset."""
        self.plan.resets += 1
        for member in self.closing.participants:
            member.reset_statistics(self.plan.resets)
        self._remember()
        self._out += [ResetStatistics(), FireResetStats()]
        for member in self.closing.participants:
            self._out += self.voice.pulse(self._now, member)

    def _configure(self, asked: happen.Asked) -> None:
        """Give the options to workers now; those that are paused take them over when they go on."""
        if asked.options is not None:
            self.plan.offer(asked.options)
        if self.state in ("spawning", "running"):
            self._out += self.plan.spread(self._now, self.fleet.takers())

    def _restored(self, restored: happen.Restored) -> None:
        record, plan = restored.run, self.plan
        plan.restore(record)
        members = [
            self.fleet.restore(self._now, record.run, record.resets, worker) for worker in restored.workers
        ]
        if record.state not in ACTIVE and record.state != "stopping":
            for member in members:
                member.closed = True
            return
        self._ramp_was_complete = record.complete
        instructions = self.lifecycle.handle("adopt", target=plan.target)
        if record.state in ("paused", "stopping"):
            instructions += self.lifecycle.handle("pause" if record.state == "paused" else "stop")
        if record.forced and self.state == "stopping":
            instructions += self.lifecycle.handle("force")
        self._follow(instructions)
        # Whoever is heard first is not to take the users of all the others.
        patience = (self.settings.missing_after + 1) * self.settings.heartbeat_interval
        plan.due_at, plan.hold_until = self._now, self._now + patience

    # -- who comes, speaks and goes ----------------------------------------------------------------------------

    def _received(self, received: happen.Received) -> None:
        peer, message = received.peer, received.message
        member = self.fleet.at(peer)
        if isinstance(message, say.Hello):
            self._hello(peer, message)
        elif isinstance(message, say.SourceRequest):
            self._out.append(Forward(message, peer, member.identity if member else ""))
        elif member is None or getattr(message, "session", None) != self.session:
            self.strangers += 1
            what = type(message).__name__
            self._out += [Drop("messages of no worker of this session", what), Send(peer, UNKNOWN)]
        else:
            self._hear(member)
            react = self._ON_MESSAGE.get(type(message))
            if react is None:
                self._out.append(Forward(message, peer, member.identity))
            else:
                react(self, member, message)

    def _hello(self, peer: bytes, hello: say.Hello) -> None:
        member, effects = self.fleet.admit(self._now, peer, hello)
        self._out += effects
        if member is None:
            return
        member.number = max(member.number, hello.applied)
        member.taken = max(member.taken, hello.applied)
        member.users = hello.users
        self._out += self.voice.welcome(self._now, member, hello)
        self._hear(member)
        if self.closing.is_quitting:  # it may not have heard
            self._out += self.closing.dismiss(member)

    def _hear(self, member: Member) -> None:
        member.heard_at = self._now
        if member.state == "connecting":
            self._out += member.turn("welcomed")
        elif member.state == "missing":
            self._out += member.turn("back")
        else:
            return
        if member.is_draining:
            self._out += self.draining.take_back(self._now, member)
            return
        part = member.run == self.run
        if self.state == "paused" and part:
            self._out += self.plan.tell_all(self._now, [member], "pause")
        elif self.state == "stopping" and part and not member.final:
            self._out += self.closing.halt(self._now, member)
        elif self.state in ("spawning", "running"):
            # After a moment, so that many who come together share at once.
            self.plan.postpone(self._now + self.settings.heartbeat_interval)

    def _disconnected(self, gone: happen.Disconnected) -> None:
        self.fleet.cannot_reach(gone.peer)

    def _drain_asked(self, asked: happen.DrainAsked) -> None:
        if self.closing.is_quitting:
            raise LifecycleError("The master is quitting; its workers end with it.")
        self._out += self.draining.begin(self._now, asked.identity, goes_on=self.state in ACTIVE)

    def _goodbye(self, member: Member, _: say.Goodbye) -> None:
        self._depart(member)

    def _depart(self, member: Member) -> None:
        self._out += self.fleet.depart(member)
        member.share, member.users = {}, {}
        self.plan.postpone(self._now)
        self._await_no_longer(member)
        self._quit_when_it_is_time()

    def _lose(self, member: Member) -> None:
        self._out += member.turn("lost")
        member.share, member.assignment = {}, None
        self.plan.postpone(self._now)

    # -- what workers report -----------------------------------------------------------------------------------

    def _heartbeat(self, member: Member, message: say.Heartbeat) -> None:
        self._out += member.beat(self._now, message)
        rests = message.state in ("ready", "stopped") and member.at_target and member.taken >= member.number
        if (
            rests
            and not member.is_draining
            and message.run == self.run
            and self.state in ("spawning", "running")
        ):
            # It heard no master for so long that it stopped its users, while we heard it well.
            member.share, member.assignment = {}, None
            self.plan.postpone(self._now)

    def _delta(self, member: Member, delta: say.Delta) -> None:
        if delta.run != member.run:
            return
        if member.closed:  # its run's account is: what comes now is not counted, and need not come again
            member.applied = max(member.applied, delta.number)
            member.pulse_due = True
            return
        for each in member.receive(delta):
            if each.resets == self.plan.resets:
                self._out.append(Apply(member.identity, member.incarnation, each, member.clock.offset))
            else:  # before the last reset; or after one that there was not
                mad = each.resets > self.plan.resets
                self._out.append(Discard(member.identity, member.incarnation, each, refused=mad))

    def _journaled(self, done: happen.Journaled) -> None:
        member = self.fleet.members.get((done.identity, done.incarnation))
        if member is None or member.run != done.run:
            return
        member.commit(done.number, refused=done.refused)
        if member.final:
            self._out += self.voice.pulse(self._now, member)
            if member.state in ("stopping", "spawning", "running"):
                self._out += member.turn("delivered")
            if member.state == "draining":
                self._out += self.draining.go_on(self._now, member)
            self._await_no_longer(member)

    def _custom(self, member: Member, message: say.Custom) -> None:
        self._out += self.post.take(member, message)

    def _custom_received(self, member: Member, message: say.CustomReceived) -> None:
        member.outbox.acknowledge(message.number)

    def _custom_asked(self, asked: happen.CustomAsked) -> None:
        self._out += self.post.send(self._now, asked)

    # -- time --------------------------------------------------------------------------------------------------

    def _tick(self, _: happen.MasterTick) -> None:
        now, interval = self._now, self.settings.heartbeat_interval
        stalled = 0.0 if self._ticked_at is None else now - self._ticked_at
        self._ticked_at = now
        silent_since = now - self.settings.missing_after * interval
        for member in list(self.fleet):
            if stalled > 2 * interval:  # it was the master that did not listen
                member.heard_at = min(now, member.heard_at + stalled)
            if member.state == "quit":
                continue
            if member.heard_at < silent_since and self.draining.has_done(member):
                self._depart(member)
            elif member.state == "missing":
                continue
            elif member.heard_at < silent_since:
                self._lose(member)
            elif member.peer is not None:
                self._out += self.voice.due(now, member)
                self._out += self.draining.due(now, member)
        if self.closing.is_quitting:
            self._quit_when_it_is_time()
            return
        self._out += self.spreading.look(now, goes_on=self.state in ("spawning", "running"))
        if self.state == "spawning" and self.spreading.is_complete:
            if not self._ramp_was_complete:
                self.plan.ramp += 1
            self._follow(self.lifecycle.handle("spawned"))
        elif self.state == "running":
            self._out += self.voice.late(now, self.fleet.takers())
        self._close_when_it_is_time()

    # -- the ramp's end and the run's --------------------------------------------------------------------------

    def _announce_completion(self, instruction: FireSpawningComplete) -> None:
        if self._ramp_was_complete:  # before this master's death; nobody is to hear of it twice
            return
        if self.plan.reset_when_complete:
            self._reset()
        self._out.append(instruction)
        for member in self.fleet.takers():
            self._out += self.voice.complete(self._now, member)

    def _await_no_longer(self, member: Member) -> None:
        self.closing.await_no_longer(member)
        self._close_when_it_is_time()

    def _close_when_it_is_time(self) -> None:
        if self.state == "stopping" and self.closing.is_due(self._now):
            self._out += self.closing.close()
            self._follow(self.lifecycle.handle("users_stopped", phase=self.phase))

    def _quit_when_it_is_time(self) -> None:
        if self.state != "quit" and self.closing.may_quit(self._now):
            self._out += self.lifecycle.handle("quit")

    _ON: ClassVar[dict[type[happen.Happening], Callable[[MasterCore, Any], None]]] = {
        happen.Received: _received,
        happen.MasterTick: _tick,
        happen.Journaled: _journaled,
        happen.Asked: _asked,
        happen.CustomAsked: _custom_asked,
        happen.DrainAsked: _drain_asked,
        happen.Disconnected: _disconnected,
        happen.Restored: _restored,
    }
    _ON_MESSAGE: ClassVar[dict[type[say.Message], Callable[[MasterCore, Member, Any], None]]] = {
        say.Heartbeat: _heartbeat,
        say.Delta: _delta,
        say.Goodbye: _goodbye,
        say.Custom: _custom,
        say.CustomReceived: _custom_received,
    }
