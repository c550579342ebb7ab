"""Drives a pure core under gevent: one greenlet brings in what happens, another carries out what takes time.

Everybody else leaves an event in the inbox and may wait for its outcome. The two greenlets are apart so that a
listener of `test_start` that takes its time does not keep a stop, or a heartbeat, from being heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

import gevent
from gevent.event import AsyncResult
from gevent.queue import Queue

from swarm import _gevent
from swarm.control.instructions import CutUsers, Instruction, Shutdown, Spawn, StopUsers, Target
from swarm.control.lifecycle import LifecycleError, RunLifecycle
from swarm.exceptions import StopTest
from swarm.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

log = get_logger(__name__)

EventT = TypeVar("EventT")


def _never(_instruction: Instruction, _busy: bool) -> bool:
    return False


class Driver(Generic[EventT]):
    """Sends events to `handle` and has its instructions carried out in their order by `carry_out`, which may block.

    `phase` gives the phase that goes on, since work of another one is dropped. What is to be done `at_once` must
    not block, and does not wait for what takes time (asked with whether there is any). A listener that is called
    may raise StopTest; `end_test` is called then, and must not block. An instruction that `ends` is the last one.
    """

    def __init__(
        self,
        handle: Callable[[EventT], list[Instruction]],
        phase: Callable[[], int],
        carry_out: Callable[[Instruction], None],
        end_test: Callable[[], object],
        at_once: Callable[[Instruction, bool], bool] = _never,
        ends: type[Instruction] = Shutdown,
    ) -> None:
        self.failed_instructions = 0
        self.has_ended = False
        self._handle = handle
        self._phase = phase
        self._carry_out = carry_out
        self._end_test = end_test
        self._at_once = at_once
        self._ends = ends
        self._pending = 0
        self._inbox: Queue[tuple[EventT | None, AsyncResult[None] | None]] = Queue()
        self._work: Queue[tuple[list[Instruction], AsyncResult[None] | None]] = Queue()
        self.greenlets: list[gevent.Greenlet[..., Any]] = [
            gevent.spawn(self._take_events),
            gevent.spawn(self._work_off),
        ]

    def bring(self, event: EventT) -> None:
        """Send an event and don't wait."""
        if not self.has_ended:
            self._inbox.put((event, None))

    def ask(self, event: EventT) -> None:
        """Send an event and wait until its instructions are carried out.

        A caller that itself carries out an instruction (a listener of `test_start`, say) does not wait.
        Raises LifecycleError when the state does not allow the event.
        """
        if self.has_ended:
            raise LifecycleError("The run has quit; nothing can be asked of it any more.")
        outcome: AsyncResult[None] = AsyncResult()
        self._inbox.put((event, outcome))
        if gevent.getcurrent() not in self.greenlets:
            outcome.get()

    def settle(self) -> None:
        """Wait until all that was sent so far, and what it reported, is carried out."""
        if gevent.getcurrent() in self.greenlets or self.has_ended:
            return
        outcome: AsyncResult[None] = AsyncResult()
        self._inbox.put((None, outcome))
        outcome.get()

    def do_later(self, instructions: list[Instruction]) -> None:
        """Have instructions carried out after all that waits."""
        self._pending += 1
        self._work.put((instructions, None))

    @property
    def is_busy(self) -> bool:
        """Whether something is being carried out, or waits for its turn."""
        return self._pending > 0

    def _take_events(self) -> None:
        while not self.has_ended:
            event, outcome = self._inbox.get()
            try:
                instructions = [] if event is None else self._handle(event)
            except LifecycleError as refusal:
                if outcome is not None:
                    outcome.set_exception(refusal)
                continue
            except Exception as error:
                self.failed_instructions += 1
                log.error("an event could not be handled", event_type=type(event).__name__, exc_info=True)
                if outcome is not None:
                    outcome.set_exception(error)
                continue
            self._dispatch(instructions, outcome)

    def _dispatch(self, instructions: list[Instruction], outcome: AsyncResult[None] | None) -> None:
        later: list[Instruction] = []
        for instruction in instructions:
            if self._at_once(instruction, self._pending > 0 or bool(later)):
                self._carry_out_safely(instruction)
            else:
                later.append(instruction)
        if any(isinstance(each, self._ends) for each in later):
            self.has_ended = True
        if later or outcome is not None:
            self._pending += 1
            self._work.put((later, outcome))

    def _work_off(self) -> None:
        while True:
            instructions, outcome = self._work.get()
            for instruction in instructions:
                self._carry_out_safely(instruction)
            self._pending -= 1
            if outcome is not None:
                outcome.set(None)
            if any(isinstance(each, self._ends) for each in instructions):
                self._refuse_the_rest()
                return

    def _refuse_the_rest(self) -> None:
        """Let nobody wait for ever who asked while the end was on its way."""
        for queue in (self._inbox, self._work):
            while not queue.empty():
                outcome = queue.get_nowait()[1]
                if outcome is not None:
                    outcome.set(None)

    def _carry_out_safely(self, instruction: Instruction) -> None:
        if isinstance(instruction, Spawn | StopUsers | CutUsers) and instruction.phase != self._phase():
            return
        try:
            self._carry_out(instruction)
        except StopTest:
            self._end_test()
        except SystemExit as asked:  # a listener ends the program: that is the main greenlet's to hear
            gevent.spawn(_exit, asked)
        except (Exception, gevent.Timeout):  # a timeout of a listener's own, which it did not catch
            self.failed_instructions += 1
            log.error("a step of the run failed", step=type(instruction).__name__, exc_info=True)


def _exit(asked: SystemExit) -> NoReturn:
    raise asked


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """An event of a run's chart, with what goes with it."""

    name: str
    target: Target | None = None
    phase: int | None = None


class LifecycleDriver(Driver[LifecycleEvent]):
    """Drives a run's chart, which it owns."""

    def __init__(self, carry_out: Callable[[Instruction], None], end_test: Callable[[], object]) -> None:
        _gevent.statemachine_queue()  # the chart's engine takes its queue when it is made
        self.lifecycle = RunLifecycle()
        super().__init__(
            self._send,
            lambda: self.lifecycle.phase,
            carry_out,
            end_test,
            lambda instruction, _busy: isinstance(instruction, CutUsers),  # while users are waited for
        )

    def _send(self, event: LifecycleEvent) -> list[Instruction]:
        return self.lifecycle.handle(event.name, target=event.target, phase=event.phase)
