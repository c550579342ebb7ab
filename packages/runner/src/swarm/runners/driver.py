"""Drives a lifecycle chart under gevent: one greenlet sends to it, another carries its instructions out.

Everybody else leaves an event in the inbox and may wait for its outcome. The two greenlets are apart so that a
listener of `test_start` that takes its time does not keep a stop from being heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import AsyncResult
from gevent.queue import Queue

from swarm import _gevent
from swarm.control.instructions import Instruction, Shutdown, Spawn, StopUsers, Target
from swarm.control.lifecycle import LifecycleError, RunLifecycle
from swarm.exceptions import StopTest
from swarm.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Event:
    name: str | None
    outcome: AsyncResult[None]
    target: Target | None = None
    phase: int | None = None


class LifecycleDriver:
    """Owns a run's chart; `carry_out` does the work of one instruction and may block.

    A listener that is called by it may raise StopTest; `end_test` is called then, and must not block.
    """

    def __init__(self, carry_out: Callable[[Instruction], None], end_test: Callable[[], object]) -> None:
        _gevent.statemachine_queue()  # the chart's engine takes its queue when it is made
        self.lifecycle = RunLifecycle()
        self.failed_instructions = 0
        self._carry_out = carry_out
        self._end_test = end_test
        self._inbox: Queue[_Event] = Queue()
        self._work: Queue[tuple[list[Instruction], AsyncResult[None]]] = Queue()
        self.greenlets: list[gevent.Greenlet[..., Any]] = [
            gevent.spawn(self._take_events),
            gevent.spawn(self._work_off),
        ]

    def ask(self, name: str, target: Target | None = None) -> None:
        """Send an event and wait until its instructions are carried out.

        A caller that itself carries out an instruction (a listener of `test_start`, say) does not wait.
        Raises LifecycleError when the state does not allow the event.
        """
        outcome = self._send(_Event(name, AsyncResult(), target))
        if gevent.getcurrent() not in self.greenlets:
            outcome.get()

    def settle(self) -> None:
        """Wait until all that was sent so far, and what it reported, is carried out."""
        if gevent.getcurrent() in self.greenlets or self._has_ended:
            return
        self._send(_Event(None, AsyncResult())).get()

    def report(self, name: str, phase: int) -> None:
        """Report the end of work that an instruction of `phase` asked for."""
        self._send(_Event(name, AsyncResult(), phase=phase))

    def _send(self, event: _Event) -> AsyncResult[None]:
        if self._has_ended:
            event.outcome.set_exception(LifecycleError(f"The run has quit; it cannot {event.name}."))
        else:
            self._inbox.put(event)
        return event.outcome

    @property
    def _has_ended(self) -> bool:
        return self.lifecycle.state == "quit"

    def _take_events(self) -> None:
        while not self._has_ended:
            event = self._inbox.get()
            if event.name is None:
                self._work.put(([], event.outcome))
                continue
            try:
                instructions = self.lifecycle.handle(event.name, target=event.target, phase=event.phase)
            except LifecycleError as refusal:
                event.outcome.set_exception(refusal)
            else:
                self._work.put((instructions, event.outcome))

    def _work_off(self) -> None:
        while True:
            instructions, outcome = self._work.get()
            for instruction in instructions:
                self._carry_out_safely(instruction)
            outcome.set(None)
            if instructions and isinstance(instructions[-1], Shutdown):
                return

    def _carry_out_safely(self, instruction: Instruction) -> None:
        if isinstance(instruction, Spawn | StopUsers) and instruction.phase != self.lifecycle.phase:
            return
        try:
            self._carry_out(instruction)
        except StopTest:
            self._end_test()
        except Exception:
            self.failed_instructions += 1
            log.error("a step of the run failed", step=type(instruction).__name__, exc_info=True)
