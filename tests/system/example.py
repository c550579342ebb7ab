"""Runs the files of `examples/`, each twice: as written, for Locust, and with our names in its imports."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.system.cli_process import Cli, Finished

FILES = Path(__file__).with_name("examples")
OURS = {
    "import swarm.compat.locust  # noqa: F401\n": "",
    "locust.env": "swarm.environment",
    "locust.exception": "swarm.exceptions",
    "locust": "swarm",
}
"""What stands in an import, and what in its place makes it Swarm's own."""

_IMPORT = re.compile(r"^(from locust\S* import|import swarm\.compat).*\n", re.MULTILINE)


def in_our_names(text: str) -> str:
    """Return a file with its imports replaced."""
    return _IMPORT.sub(_replaced, text)


def _replaced(match: re.Match[str]) -> str:
    line = match[0]
    for theirs, ours in OURS.items():
        if theirs in line:
            return line.replace(theirs, ours, 1)
    return line


class Example:
    """The examples in an empty folder, in the names of `flavour`, locust or swarm."""

    def __init__(self, cli: Cli, flavour: str) -> None:
        self.folder = cli.folder
        self._cli = cli
        self._flavour = flavour

    def write(self, name: str) -> None:
        """Put a file, or a folder of them, there."""
        for file in sorted(FILES.glob(f"{name}/**/*.py")) or [FILES / f"{name}.py"]:
            text = file.read_text()
            self._cli.write(
                str(file.relative_to(FILES)), in_our_names(text) if self._flavour == "swarm" else text
            )

    def run(
        self, name: str, *args: str, time: str = "1", env: dict[str, str] | None = None, timeout: float = 40
    ) -> Finished:
        """Run a file headless, with its statistics as JSON on stdout."""
        self.write(name)
        file = name if (self.folder / name).is_dir() else f"{name}.py"
        return self._cli.run("-f", file, "--headless", "--json", "-t", time, *args, env=env, timeout=timeout)

    def python(self, name: str, *args: str) -> Finished:
        """Run a file by Python."""
        self.write(name)
        return self._cli.run_program([sys.executable, f"{name}.py", *args])
