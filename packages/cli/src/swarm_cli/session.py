"""A run from its first user to the end of the process.

Two greenlets share the work. The main one only waits, since whatever ends the process from elsewhere (a
greenlet of the locustfile that calls `sys.exit()`) is thrown into it; another one does everything in order:
start, wait for the end, stop, `quitting`, outputs, summary, exit code, `quit`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from swarm.exceptions import SwarmError
from swarm.log import get_logger
from swarm.runners.steered import ACTIVE
from swarm_cli import ui
from swarm_cli.console import tell
from swarm_cli.display import display_for
from swarm_cli.exit_codes import ExitCode, Outcome, resolve
from swarm_cli.keys import Keys
from swarm_cli.progress import Progress
from swarm_cli.signals import Signals
from swarm_cli.timespan import format_timespan

if TYPE_CHECKING:
    from swarm.control.accounting import Accounting
    from swarm.environment import Environment
    from swarm.runners.steered import SteeredRunner
    from swarm.shape import LoadTestShape
    from swarm_cli.outputs import Outputs
    from swarm_cli.parser import Options
    from swarm_cli.workers import Gathering

log = get_logger(__name__)

POLL_S = 0.1
"""How often a run with a UI is asked whether it goes on."""


class Session:
    """Carries one run out; made when everything was checked."""

    def __init__(
        self,
        environment: Environment,
        runner: SteeredRunner,
        options: Options,
        outputs: Outputs,
        gathering: Gathering | None = None,
    ) -> None:
        self._environment = environment
        self._runner = runner
        self._options = options
        self._outputs = outputs
        self._gathering = gathering
        self._keys = Keys(runner)
        self._progress = Progress(runner)
        self._display = display_for(environment, options, self._progress)
        self._ended = Event()
        self._exit_asked: SystemExit | None = None
        self._errors = 0

    def run(self) -> int:
        """Run until the run time is over, the runner quits or somebody says stop; return the exit code."""
        with Signals(self._ended.set, self._abort):
            work = gevent.spawn(self._work)
            while not work.ready():
                try:
                    work.join()
                except SystemExit as asked:
                    self._exit_asked = self._exit_asked or asked
                    self._ended.set()
            self._keys.stop()
        code: int = work.get()
        return code

    def _work(self) -> int:
        self._outputs.start()
        self._display.start()
        self._keys.start()
        helpers = [gevent.spawn(self._await_quit), gevent.spawn(self._start_safely)]
        self._ended.wait()
        gevent.killall(helpers, block=False)
        self._keys.stop()
        self._runner.quit()
        self._display.stop()
        return self._conclude()

    def _start_safely(self) -> None:
        try:
            self._start()
        except SwarmError as error:  # a setting that a listener has made, say
            self._give_up(str(error))

    def _start(self) -> None:
        options, runner = self._options, self._runner
        if not (options.headless or options.autostart or options.headful):
            return
        if self._gathering is not None and not self._gather(self._gathering):
            return
        shape = self._environment.shape_class
        if shape is not None:
            self._follow(shape)
            return
        options.num_users = 1 if options.num_users is None else options.num_users
        options.spawn_rate = 1.0 if options.spawn_rate is None else options.spawn_rate
        self._progress.begin(options.run_time)
        if not self._resumed:
            ui.note_plan(self._environment, options.run_time)
            runner.start(options.num_users, options.spawn_rate)
        self._progress.begin(options.run_time)  # anew: listeners of test_start may have taken their time
        if options.run_time:
            rest = max(0.0, options.run_time - self._elapsed_before())
            log.info(f"the run lasts {format_timespan(round(rest))}")
            if self._lasts(rest):
                log.info("the run time is over")
            self._end_of_load()
        elif options.headless:
            log.info("no run time was given: the run lasts until Ctrl-C")
        elif options.autoquit >= 0:
            self._lasts(float("inf"))
            self._end_of_load()

    def _lasts(self, seconds: float) -> bool:
        """Wait until the time is over; return whether it is: in the UI somebody may end the run before."""
        if self._options.headless:
            gevent.sleep(seconds)
            return True
        end = time.monotonic() + seconds
        while self._runner.lifecycle.state in ACTIVE:
            rest = end - time.monotonic()
            if rest <= 0:
                return True
            gevent.sleep(min(rest, POLL_S))
        return False

    @property
    def _resumed(self) -> bool:
        """Whether the run is a journal's, which another master had begun."""
        return bool(getattr(self._runner, "has_resumed", False))

    def _elapsed_before(self) -> float:
        """Return the seconds that the run had lasted before this process took it up."""
        return self._runner._swarm_elapsed_before()

    def _gather(self, gathering: Gathering) -> bool:
        """Wait for the workers; return whether there is a run to be started or gone on with."""
        if self._resumed:
            if self._runner.lifecycle.state not in ACTIVE:  # it was being ended
                self._ended.set()
            return not self._ended.is_set()
        problem = gathering.wait()
        if problem:
            self._give_up(problem)
        return not problem

    def _give_up(self, problem: str) -> None:
        self._exit_asked = self._exit_asked or SystemExit(f"swarm-cli: {problem}")
        self._ended.set()

    def _follow(self, shape: LoadTestShape) -> None:
        options = self._options
        run_time = options.run_time if shape.use_common_options else None
        given = (options.num_users, options.spawn_rate, options.run_time)
        if not shape.use_common_options and any(value is not None for value in given):
            log.warning("--users, --spawn-rate and --run-time are ignored: the load shape decides on them")
        before = self._elapsed_before()
        self._progress.begin(run_time)
        self._runner.start_shape()
        shape._swarm_started = time.perf_counter() - before
        if self._runner.shape_greenlet is not None:
            self._runner.shape_greenlet.join(max(0.0, run_time - before) if run_time else None)
        self._end_of_load()

    def _end_of_load(self) -> None:
        options = self._options
        if options.headless:
            self._ended.set()
            return
        if self._runner.lifecycle.state in ACTIVE:
            self._runner.stop()
        if options.autoquit >= 0:
            gevent.sleep(options.autoquit)
            self._ended.set()

    def _await_quit(self) -> None:
        self._runner.greenlet.join()
        self._ended.set()

    def _conclude(self) -> int:
        environment = self._environment
        self._fire_quitting()
        results = self._outputs.finish()
        if self._exit_asked is not None:
            code = _code_of(self._exit_asked)
        else:
            code = resolve(
                self._outcome(valid=results.valid),
                exit_code_on_error=self._options.exit_code_on_error,
                require_valid=self._options.require_valid,
            )
        tell(results.summary)
        log.info(f"shutting down (exit code {code})")
        environment.events.quit.fire(exit_code=code)
        ui.end_ui(environment)
        return code

    def _fire_quitting(self) -> None:
        try:
            self._environment.events.quitting.fire(environment=self._environment, reverse=True)
        except SystemExit as asked:
            self._exit_asked = asked

    def _outcome(self, *, valid: bool) -> Outcome:
        environment, runner = self._environment, self._runner
        accounting: Accounting | None = getattr(runner, "accounting", None)  # a master's
        return Outcome(
            process_exit_code=environment.process_exit_code,
            errors=environment.events.listener_errors + runner.internal_errors + self._outputs.failed,
            missing=accounting.missing if accounting else 0,
            lost_workers=len(getattr(runner, "lost_workers", ())),
            failures=len(runner.errors) + len(runner.exceptions),
            invalid=not valid,
        )

    def _abort(self) -> None:
        self._keys.stop()
        self._display.abort()


def _code_of(asked: SystemExit) -> int:
    if asked.code is None:
        return ExitCode.OK
    if isinstance(asked.code, int):
        return asked.code
    tell(f"{asked.code}\n")
    return ExitCode.FAILED
