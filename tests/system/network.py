"""The tests' end of a network that can be made bad: a proxy in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import gevent

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("tcp_proxy.py")
PATIENCE_S = 30


class Network:
    """What lies between clients, which connect to `port`, and the server behind it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port: int = self._answer()["port"]

    def become(
        self, *, delay_s: float = 0, jitter_s: float = 0, bytes_per_s: float = 0, blocked: str = ""
    ) -> None:
        """Be like this from now on, for all connections; without arguments, be perfect.

        `blocked` names the directions in which nothing is forwarded: "up" (from the clients), "down", "up down".
        """
        conditions = {"delay_s": delay_s, "jitter_s": jitter_s, "bytes_per_s": bytes_per_s}
        self._tell(do="become", blocked=blocked.split(), **conditions)

    def refuse(self) -> None:
        """Reset all connections and listen no more, until it becomes something else."""
        self._tell(do="become", refuses=True)

    def reset(self) -> None:
        """Reset the connections that there are; what is under way in them is lost."""
        self._tell(do="reset")

    def vanish(self) -> None:
        """Let the connections that there are be half-open: nobody answers any more, nobody closes."""
        self._tell(do="vanish")

    @property
    def accepted(self) -> int:
        """How many connections were ever accepted."""
        return int(self._tell()["accepted"])

    @property
    def open(self) -> int:
        """How many connections there are."""
        return int(self._tell()["open"])

    def _tell(self, **command: Any) -> dict[str, Any]:
        to = cast("IO[str]", self._process.stdin)
        to.write(json.dumps(command) + "\n")
        to.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        with gevent.Timeout(PATIENCE_S, AssertionError("the proxy does not answer")):
            answer = cast("IO[str]", self._process.stdout).readline()
        assert answer, "the proxy has ended"
        return cast("dict[str, Any]", json.loads(answer))


@contextmanager
def network_to(port: int) -> Iterator[Network]:
    """Put a network before 127.0.0.1:`port` for a block."""
    process = subprocess.Popen(
        [sys.executable, "-I", PROGRAM, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Network(process)
    finally:
        process.kill()
        process.communicate()
