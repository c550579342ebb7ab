"""Runs `swarm-cli` as its users do: as a process, in a folder with a locustfile."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SWARM_CLI = str(Path(sys.executable).with_name("swarm-cli"))

SLEEPER = """
    import time
    from swarm import User, constant, task

    class Sleeper(User):
        wait_time = constant(0.01)

        @task
        def nap(self):
            with self.environment.events.request.measure("SLEEP", "nap"):
                time.sleep(0.005)
"""
"""A locustfile whose requests need no server."""


NO_WEB = """
    import importlib.metadata as metadata
    import sys

    def entry_points(**params):
        return [entry for entry in found(**params) if not entry.value.startswith("swarm_web")]

    def distribution(name):
        if name == "swarm-web":
            raise metadata.PackageNotFoundError(name)
        return get(name)

    found, metadata.entry_points = metadata.entry_points, entry_points
    get, metadata.distribution = metadata.distribution, distribution
    sys.modules["swarm_web"] = None
"""


class Finished:
    """What a finished process said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def refused(self, code: int) -> str:
        """Return the one message on stderr of a process that refused to run, after checking that it is one."""
        assert self.code == code, self.err
        assert self.out == ""
        assert "Traceback" not in self.err
        assert self.err.startswith("swarm-cli: ")
        return self.err


class Cli:
    """`swarm-cli` in a folder of its own, with no settings from outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        home = folder / "home"
        home.mkdir()
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SWARM_", "LOCUST_", "TERM"))
        } | {"HOME": str(home), "COLUMNS": "200"}

    def write(self, name: str, text: str) -> Path:
        """Write a file of the folder; the text's common indentation goes."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def without_extra_web(self) -> Cli:
        """Let processes find no browser UI and no report, as where the extra is not installed."""
        self.write("hidden/sitecustomize.py", NO_WEB)
        self.environment["PYTHONPATH"] = str(self.folder / "hidden")
        return self

    def run(
        self,
        *args: str,
        env: dict[str, str] | None = None,
        preexec: Callable[[], None] | None = None,
        timeout: float = 100,
    ) -> Finished:
        """Run it to its end."""
        return self.run_program([SWARM_CLI, *args], env=env, preexec=preexec, timeout=timeout)

    def run_program(
        self,
        command: list[str],
        env: dict[str, str] | None = None,
        preexec: Callable[[], None] | None = None,
        timeout: float = 100,
    ) -> Finished:
        """Run a program in the folder to its end."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | (env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            preexec_fn=preexec,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def headless(self, *args: str, env: dict[str, str] | None = None) -> Finished:
        """Run it headless for a second."""
        return self.run("--headless", "-t", "1", *args, env=env)

    @contextmanager
    def running(self, *args: str, within: Sequence[str] = ()) -> Iterator[Running]:
        """Start it, if need be by another program; it is killed when the block ends and it has not ended by itself."""
        process = subprocess.Popen(
            [*within, SWARM_CLI, *args],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Running(process)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


class Running:
    """A process whose stderr is read as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._err: list[str] = []
        self._out: list[str] = []
        self._readers = [
            gevent.spawn(self._read, stream, lines)
            for stream, lines in ((process.stdout, self._out), (process.stderr, self._err))
        ]

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            lines.append(line)  # noqa: PERF402  `wait_for` looks at them as they come

    def wait_for(self, text: str) -> None:
        """Return when stderr has a line with `text`."""
        _await_line(self._err, text)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def err(self) -> str:
        """What it has written to stderr so far."""
        return "".join(self._err)

    @property
    def out(self) -> str:
        """What it has written to stdout so far."""
        return "".join(self._out)

    def wait_for_output(self, text: str) -> None:
        """Return when stdout has a line with `text`."""
        _await_line(self._out, text)

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def finish(self, timeout: float = 60) -> Finished:
        """Wait for its end."""
        code = self._process.wait(timeout)
        gevent.joinall(self._readers, timeout=5)
        return Finished(code, "".join(self._out), "".join(self._err))


def _await_line(lines: list[str], text: str) -> None:
    with gevent.Timeout(60, AssertionError(f"{text!r} did not come in {''.join(lines)}")):
        while not any(text in line for line in lines):
            gevent.sleep(0.01)
