"""What a run leaves behind: CSV, JSON and HTML files, JSON on stdout, and the summary, from one snapshot."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent

from swarm import stats as settings
from swarm.environment import missing_extra
from swarm.log import get_logger
from swarm_cli import ui, workers
from swarm_cli.csv_files import CsvFiles
from swarm_cli.errors import MissingExtraError
from swarm_cli.files import OutputFile
from swarm_cli.summary import summary_text
from swarm_cli.timespan import format_timespan
from swarm_stats.reports import json as json_report
from swarm_stats.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm.control.accounting import Accounting
    from swarm.control.generator import Verdict
    from swarm.environment import Environment
    from swarm.runners.steered import SteeredRunner
    from swarm_cli.parser import Options

log = get_logger(__name__)

HTML_REPORT_GROUP = "swarm.html_report"
"""The entry-point group under which an installed distribution offers `report(environment) -> HTML text`."""


@dataclass(frozen=True, slots=True)
class Results:
    """What is left to tell when the outputs are written: the summary's text, and whether the run is valid."""

    summary: str
    valid: bool


class Outputs:
    """All outputs that the options ask for; `failed` counts those that are not complete.

    Raises, when made, MissingExtraError for a report that nobody can write and CommandLineError for a file
    that cannot be written: before a run, not after it.
    """

    def __init__(self, environment: Environment, options: Options) -> None:
        self._environment = environment
        self._options = options
        self._make_html = _html_report() if options.html_file else None
        self._html = OutputFile(_html_path(options), "--html") if options.html_file else None
        self._json = OutputFile(_json_path(options.json_file), "--json-file") if options.json_file else None
        self._csv = (
            CsvFiles(environment, options.csv_prefix, full_history=options.stats_history_enabled)
            if options.csv_prefix
            else None
        )
        self._history: gevent.Greenlet[..., Any] | None = None
        self._recording: Any = None
        if options.record:
            ui.check_recording(options.record)
        self._stdout_problem: str | None = None

    @property
    def failed(self) -> int:
        """How many outputs are not complete."""
        return len(self._problems())

    def start(self) -> None:
        """Begin to write what is written while the run lasts."""
        begin = getattr(self._make_html, "begin", None)
        if begin is not None:
            begin(self._environment)
        if self._options.record:
            self._recording = ui.open_recording(self._environment, self._options.record)
        if self._environment.runner is not None:
            self._history = gevent.spawn(settings.stats_history, self._environment.runner)
        if self._csv is not None:
            self._csv.start()

    def finish(self) -> Results:
        """Write everything from one snapshot of the ended run."""
        runner: SteeredRunner = self._environment.runner  # type: ignore[assignment] # a run has ended
        if self._history is not None:
            self._history.kill()
        settings.update_stats_history(runner)
        snapshot = Snapshot.of(runner.stats, runner.exceptions.values())
        verdict = runner.monitor.verdict()
        if self._csv is not None:
            self._csv.finish(snapshot)
        accounting: Accounting | None = getattr(runner, "accounting", None)  # a master's
        facts = run_facts(snapshot, verdict, self._environment.profile) | workers.facts(accounting)
        document = json_report.text(snapshot, facts) + "\n"
        if self._json is not None:
            self._json.replace(document.encode())
            self._json.close()
        if self._html is not None and self._make_html is not None:
            self._html.replace(self._make_html(self._environment).encode())
            self._html.close()
        if self._recording is not None:
            self._recording.close()
        if self._options.json:
            self._print(document)
        return Results(
            summary_text(snapshot, verdict, [*workers.remarks(accounting), *self._problems()]), verdict.valid
        )

    def _print(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            self._stdout_problem = error.strerror or str(error)

    def _problems(self) -> list[str]:
        files = [*(self._csv.files if self._csv else []), self._json, self._html]
        found = [f"{file.path} is not complete: {file.problem}." for file in files if file and file.problem]
        if self._recording is not None and self._recording.problem:
            found.append(f"{self._recording.path} is not complete: {self._recording.problem}.")
        if self._stdout_problem:
            found.append(f"The JSON could not be written to stdout: {self._stdout_problem}.")
        return found


def run_facts(snapshot: Snapshot, verdict: Verdict, profile: str | None = None) -> dict[str, Any]:
    """Return what the JSON tells of the run as a whole: its label, its length, the verdict on the generator."""
    return {
        "profile": profile,
        "start_time": snapshot.start_time,
        "end_time": snapshot.time,
        "interrupted": snapshot.interrupted,
        "valid": verdict.valid,
        "invalid_reasons": list(verdict.reasons),
        "generator_cpu_max_percent": round(verdict.cpu_max, 1),
        "generator_cpu_mean_percent": round(verdict.cpu_mean, 1),
        "generator_lag_p99_ms": round(verdict.lag_p99_ms, 3),
        "generator_lag_max_ms": round(verdict.lag_max_ms, 3),
    }


def _json_path(name: str) -> Path:
    return Path(name if name.endswith(".json") else f"{name}.json")


def process_html_filename(options: Options) -> None:
    """Fill users, spawn rate and run time into the name of the report (Locust's `locust.html`)."""
    options.html_file = str(_html_path(options))


def _html_path(options: Options) -> Path:
    name: str = options.html_file
    values = {
        "{u}": str(options.num_users or 1),
        "{r}": f"{options.spawn_rate or 1:g}",
        "{t}": format_timespan(options.run_time or 0),
    }
    for placeholder, value in values.items():
        name = name.replace(placeholder, value)
    return Path(name)


def _html_report() -> Callable[[Environment], str]:
    offers = list(metadata.entry_points(group=HTML_REPORT_GROUP))
    if not offers:
        raise MissingExtraError(f"--html: {missing_extra('HTML report', 'use --csv or --json-file')}")
    make: Callable[[Environment], str] = offers[0].load()
    return make
