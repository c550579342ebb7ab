"""The life of a worker as its master sees it, as a statechart; one for each worker.

The rule is the lifecycle's: a hook only appends effects. The chart follows what a worker reports, so that a ramp
that is over before its next heartbeat costs no transition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statemachine import State, StateMachine

from swarm.control.effects import Effect, WorkerBack, WorkerJoined, WorkerLeft, WorkerLost

if TYPE_CHECKING:
    from swarm.control.instructions import Instruction


class WorkerStates(StateMachine):
    """connecting → ready → spawning → running → stopping → ready, draining and missing from any of them, and quit."""

    connecting = State(initial=True)
    ready = State()
    spawning = State()
    running = State()
    stopping = State()
    draining = State()
    missing = State()
    quitted = State("quit", value="quit", final=True)

    welcomed = connecting.to(ready)
    ramping = ready.to(spawning) | running.to(spawning)
    reached = ready.to(running) | spawning.to(running)
    halting = ready.to(stopping) | spawning.to(stopping) | running.to(stopping)
    drain = ready.to(draining) | spawning.to(draining) | running.to(draining)
    delivered = stopping.to(ready) | spawning.to(ready) | running.to(ready)
    lost = (
        connecting.to(missing)
        | ready.to(missing)
        | spawning.to(missing)
        | running.to(missing)
        | stopping.to(missing)
        | draining.to(missing)
    )
    back = missing.to(ready)
    left = (
        connecting.to(quitted)
        | ready.to(quitted)
        | spawning.to(quitted)
        | running.to(quitted)
        | stopping.to(quitted)
        | draining.to(quitted)
        | missing.to(quitted)
    )

    def __init__(self, identity: str, index: int) -> None:
        self.identity = identity
        self.index = index
        self.is_draining = False
        """Whether it was told to leave; also while it is missing, since that holds when it comes back."""
        self._effects: list[Instruction] = []
        super().__init__()
        self.state = str(self.current_state_value)
        """The name of the current state; kept, since it is read often and reading a chart takes its time."""

    def handle(self, event: str) -> list[Instruction]:
        """Take an event in and return its effects; raises TransitionNotAllowed for one that has no place."""
        self.send(event)
        self.state = str(self.current_state_value)
        effects, self._effects = self._effects, []
        return effects

    def on_welcomed(self) -> None:
        """A worker that was not there before."""
        self._append(WorkerJoined(self.identity, self.index))

    def on_enter_draining(self) -> None:
        """Note that it leaves, whatever is heard of it from now on."""
        self.is_draining = True

    def on_enter_missing(self, source: State) -> None:
        """Say that a worker is lost, unless it is one that a journal only names."""
        if source.id != "connecting":
            self._append(WorkerLost(self.identity))

    def on_exit_missing(self, target: State) -> None:
        """Say that a worker is there again."""
        if target.id == "ready":
            self._append(WorkerBack(self.identity))

    def on_enter_quitted(self) -> None:
        """Say that a worker has gone in order."""
        self._append(WorkerLeft(self.identity, self.is_draining))

    def _append(self, effect: Effect) -> None:
        self._effects.append(effect)
