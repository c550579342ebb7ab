"""Drives one core by hand, message by message, at times that a test gives."""

from __future__ import annotations

from typing import Any, TypeVar

from swarm import _gevent
from swarm.control import effects as effect
from swarm.control import happenings as happen
from swarm.control import messages as say
from swarm.control.instructions import Instruction, Target
from swarm.control.master import MasterCore
from swarm.control.member import Member
from swarm.control.settings import MasterSettings, WorkerSettings
from swarm.control.worker import WorkerCore

_gevent.statemachine_queue()

T = TypeVar("T")
START = 1000.0


def of_kind(instructions: list[Instruction], kind: type[T] | Any) -> list[T]:
    """Return those of one kind."""
    return [each for each in instructions if isinstance(each, kind)]


class MasterByHand:
    """A master whose workers are the test."""

    def __init__(self, **settings: Any) -> None:
        self.core = MasterCore(MasterSettings(**settings), "s1")
        self.now = START

    def bring(self, happening: happen.Happening) -> list[Instruction]:
        return self.core.handle(self.now, happening)

    def tick(self, seconds: float = 0.25, silent: tuple[str, ...] = ("*",)) -> list[Instruction]:
        """Let time go by in quarters of a second; all workers but the silent ones (`*`: all) are heard meanwhile."""
        done: list[Instruction] = []
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now += 0.25
            if "*" not in silent:
                for member in list(self.core.fleet):
                    if member.identity not in silent and member.peer is not None:
                        done += self.beat(member.identity)
            done += self.bring(happen.MasterTick())
        return done

    def hello(
        self, identity: str, incarnation: int = 1, peer: bytes = b"", **fields: Any
    ) -> list[Instruction]:
        message = say.Hello(identity, incarnation, fields.pop("session", ""), self.now, **fields)
        return self.bring(happen.Received(peer or identity.encode(), message))

    def join(self, *identities: str) -> None:
        for identity in identities:
            self.hello(identity)

    def member(self, identity: str) -> Member:
        member = self.core.fleet.named(identity)
        assert member is not None
        return member

    def say(self, identity: str, message: say.Message) -> list[Instruction]:
        """A message comes from the worker of this name."""
        peer = self.member(identity).peer
        assert peer is not None
        return self.bring(happen.Received(peer, message))

    def beat(self, identity: str, **fields: Any) -> list[Instruction]:
        """A heartbeat of a worker that has done all that it was told."""
        member = self.member(identity)
        told = member.assignment
        state = (
            "ready" if told is None else {"run": "running", "pause": "paused", "stop": "stopped"}[told.phase]
        )
        facts: dict[str, Any] = {
            "run": member.run,
            "state": state,
            "users": dict(member.share),
            "samples": member.merged,
            "cut": member.received,
            "applied": member.number,
            "reached": member.number,
        } | fields
        return self.say(identity, say.Heartbeat("s1", self.now, **facts))

    def beat_all(self) -> None:
        for member in list(self.core.fleet):
            self.beat(member.identity)

    def ask(
        self, name: str, users: dict[str, int] | None = None, rate: float = 10.0, **fields: Any
    ) -> list[Instruction]:
        return self.bring(happen.Asked(name, None if users is None else Target(users, rate), **fields))

    def running(self, *identities: str, users: dict[str, int], rate: float = 10.0) -> None:
        """Come to a run in which these workers run these users."""
        self.join(*identities)
        self.ask("start", users, rate)
        self.beat_all()
        self.tick()
        assert self.core.state == "running"

    def delta(
        self, identity: str, number: int, samples: int = 1, final: bool = False, run: int = 1
    ) -> list[Instruction]:
        """A delta comes, and is safe at once when the core asks for it."""
        done = self.say(identity, say.Delta("s1", run, number, samples, final, {}))
        for dealt_with in of_kind(done, effect.Apply | effect.Discard):
            worker, delta = (dealt_with.identity, dealt_with.incarnation), dealt_with.delta
            done += self.bring(happen.Journaled(*worker, delta.run, delta.number))
        return done

    def sent(self, instructions: list[Instruction], kind: type[T], identity: str | None = None) -> list[T]:
        """Return the messages of a kind that leave (to one worker)."""
        peer = None if identity is None else self.member(identity).peer
        sends = of_kind(instructions, effect.Send)
        return [
            s.message for s in sends if isinstance(s.message, kind) and (identity is None or s.peer == peer)
        ]

    def assignments(self, instructions: list[Instruction]) -> dict[str, say.Assignment]:
        """Return the last assignment that leaves to each worker."""
        found = {}
        for each in of_kind(instructions, effect.Send):
            member = self.core.fleet.at(each.peer)
            if member is not None and isinstance(each.message, say.Assignment):
                found[member.identity] = each.message
        return found


class WorkerByHand:
    """A worker whose master is the test."""

    def __init__(self, **settings: Any) -> None:
        self.core = WorkerCore(WorkerSettings(**settings), "w", 7)
        self.now = START
        self.uncut = 0

    def bring(self, happening: happen.Happening) -> list[Instruction]:
        return self.core.handle(self.now, happening)

    def hear(self, message: say.Message) -> list[Instruction]:
        return self.bring(happen.Heard(message))

    def tick(self, seconds: float = 0.25, pulses: bool = False) -> list[Instruction]:
        done: list[Instruction] = []
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now += 0.25
            if pulses:
                done += self.pulse(0)
            done += self.bring(happen.WorkerTick(self.uncut))
        return done

    def pulse(self, applied: int, session: str = "s1") -> list[Instruction]:
        return self.hear(say.Pulse(session, self.now, self.core.run, applied))

    def welcome(self, session: str = "s1", run: int = 0, applied: int = 0) -> list[Instruction]:
        """Greet, and be welcomed."""
        done = self.bring(happen.WorkerTick(self.uncut))
        hello = self.core.contact.hello_at
        return done + self.hear(say.Welcome(session, self.now, 0, run, applied, 1.0, 1.0, {}, hello))

    def assign(
        self, number: int, phase: str = "run", users: int = 5, run: int = 1, session: str = "s1"
    ) -> list[Instruction]:
        shares = {"Shopper": users} if phase == "run" else {}
        return self.hear(say.Assignment(session, number, run, phase, shares, 10.0))

    def spawned(self) -> list[Instruction]:
        return self.bring(happen.Spawned(self.core.phase))

    def stopped(self) -> list[Instruction]:
        return self.bring(happen.UsersStopped(self.core.phase))

    def cut(self, samples: int = 3, final: bool = False) -> list[Instruction]:
        return self.bring(happen.DeltaCut(self.core.run, final, samples, {"n": samples}))

    def running(self) -> None:
        """Come to a run of five users."""
        self.welcome()
        self.assign(1)
        self.spawned()
        assert self.core.state == "running"

    def said(self, instructions: list[Instruction], kind: type[T]) -> list[T]:
        return [each.message for each in of_kind(instructions, effect.Say) if isinstance(each.message, kind)]
