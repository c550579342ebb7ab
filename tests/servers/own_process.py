"""Runs programs that serve in a process of their own and print their port."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Served:
    """A service: its address, and, after its end, what else it printed."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.output = ""


@contextmanager
def served_by(program: Path, *arguments: str, folder: Path | None = None) -> Iterator[Served]:
    """Run a program, which prints its port first, until the block ends; then its stdin is closed."""
    with subprocess.Popen(
        [sys.executable, str(program), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            assert port.isdigit(), f"{program.name} printed {port!r}"
            service = Served(f"127.0.0.1:{port}")
            yield service
            service.output = process.communicate("", timeout=30)[0]
        finally:
            process.kill()
