"""The life of a run as a statechart: all its states and transitions live here, and nowhere else.

The rule: a hook only appends instructions. It never blocks, yields or calls a user's code, so a state is
entered whole or not at all; the shell carries the instructions out after `send` has returned.
"""

from __future__ import annotations

from statemachine import State, StateMachine
from statemachine.exceptions import TransitionNotAllowed

from swarm.control import instructions as do
from swarm.exceptions import SwarmError


class LifecycleError(SwarmError):
    """The run's state does not allow what was asked for; nothing has changed."""


class RunLifecycle(StateMachine):
    """ready → spawning → running → stopping → stopped, with pauses, new targets and new runs.

    Events come in through `handle`, which returns the instructions that they lead to. Work that was
    instructed reports back with the number of its phase; the report of an earlier phase changes nothing.
    """

    ready = State(initial=True)
    spawning = State()
    running = State()
    paused = State()
    stopping = State()
    stopped = State()
    quitted = State("quit", value="quit", final=True)

    start = ready.to(spawning, on="begin_run") | stopped.to(spawning, on="begin_run")
    adopt = ready.to(spawning, on="take_up_run") | stopped.to(spawning, on="take_up_run")
    retarget = spawning.to(spawning) | running.to(spawning) | paused.to(spawning)
    spawned = spawning.to(running)
    pause = running.to(paused) | spawning.to(paused)
    resume = paused.to(running, cond="target_reached") | paused.to(spawning)
    stop = spawning.to(stopping) | running.to(stopping) | paused.to(stopping)
    force = stopping.to(stopping, internal=True)
    users_stopped = stopping.to(stopped)
    quit = (
        ready.to(quitted)
        | spawning.to(quitted)
        | running.to(quitted)
        | paused.to(quitted)
        | stopping.to(quitted)
        | stopped.to(quitted)
    )

    def __init__(self) -> None:
        self.target = do.Target()
        self.phase = 0
        self.target_reached = False
        self.forced = False
        """Whether the users that drain, or drained, are cut off."""
        self._instructions: list[do.Instruction] = []
        super().__init__()
        self.state = str(self.current_state_value)
        """The name of the current state; kept, since it is read often and reading a chart takes its time."""

    def handle(
        self, event: str, *, target: do.Target | None = None, phase: int | None = None
    ) -> list[do.Instruction]:
        """Take an event in and return what is to be done, in order.

        `target` goes with `start`, `adopt` and `retarget`; `phase` with the reports `spawned` and `users_stopped`.
        Raises LifecycleError when the state does not allow the event; the state is then unchanged.
        """
        if phase is not None and phase != self.phase:
            return []
        try:
            self.send(event, new_target=target)
        except TransitionNotAllowed:
            allowed = ", ".join(sorted(str(e.id) for e in self.allowed_events))
            raise LifecycleError(
                f"A run that is {self.state} cannot {event.replace('_', ' ')}; it can: {allowed or 'nothing'}."
            ) from None
        self.state = str(self.current_state_value)
        instructions, self._instructions = self._instructions, []
        return instructions

    def begin_run(self) -> None:
        """Append what only a new run needs, not a new target of the run that goes on."""
        self._append(do.ClearStatistics(), do.FireTestStart())

    def take_up_run(self) -> None:
        """Append what a run needs that has been going on without this process: what it measured stays."""
        self._append(do.FireTestStart())

    def on_enter_spawning(self, new_target: do.Target | None = None) -> None:
        """Work towards the target: the new one, or after a pause the one that was not reached."""
        self.phase += 1
        self.target_reached = False
        if new_target is not None:
            self.target = new_target
        self._append(do.Spawn(self.phase, self.target))

    def on_spawned(self) -> None:
        """Tell the listeners that every user of the target is there."""
        self.target_reached = True
        self._append(do.FireSpawningComplete(self.target.user_count))

    def on_enter_paused(self) -> None:
        """Hold the users; a ramp that is under way ends with its phase."""
        self.phase += 1
        self._append(do.HoldUsers())

    def on_exit_paused(self) -> None:
        """Let the users go on, be it to their next task or to their end."""
        self._append(do.ReleaseUsers())

    def on_enter_stopping(self) -> None:
        """Announce the stop, then stop the users."""
        self.phase += 1
        self.forced = False
        self._append(do.FireTestStopping(), do.StopUsers(self.phase))

    def on_force(self) -> None:
        """Cut off what drains; once is enough."""
        if not self.forced:
            self.forced = True
            self._append(do.CutUsers(self.phase))

    def on_enter_stopped(self) -> None:
        """Tell the listeners that the run is over."""
        self._append(do.FireTestStop())

    def on_enter_quitted(self) -> None:
        """Cut off what still runs."""
        self.phase += 1
        self._append(do.Shutdown())

    def _append(self, *instructions: do.Instruction) -> None:
        self._instructions.extend(instructions)
