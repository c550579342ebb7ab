"""A network namespace with one cable to the machine's own network, as another machine would have.

It is anonymous and lives as long as the process that holds it, and the cable lives as long as the namespace. So
nothing is left behind however a test ends.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import random
import shutil
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLONE_NEWNET = 0x40000000
_COUNT = itertools.count()


def can_be_made() -> bool:
    """Whether this process may make namespaces and cables here."""
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("ip", "tc", "unshare", "nsenter")):
        return False
    trial = ["unshare", "--net", "ip", "link", "add", "trial", "type", "veth"]
    return subprocess.run(trial, capture_output=True).returncode == 0


class Namespace:
    """Another machine: `address` is its own, `our_address` is how it reaches us; `within` begins a command there."""

    def __init__(self, pid: int) -> None:
        self.within = ["nsenter", f"--net=/proc/{pid}/ns/net", "--"]
        self.device = f"swarm{os.getpid()}-{next(_COUNT)}"[-15:]
        # Out of 198.18.0.0/15, which is kept for benchmarks (RFC 2544).
        block = random.randrange(2**15) * 4
        self.our_address, self.address = (
            f"198.{18 + block // 65536}.{block // 256 % 256}.{block % 256 + host}" for host in (1, 2)
        )
        self._path = f"/proc/{pid}/ns/net"
        _run("ip", "link", "add", self.device, "type", "veth", "peer", "name", "cable", "netns", str(pid))
        _run("ip", "address", "add", f"{self.our_address}/30", "dev", self.device)
        _run(*self.within, "ip", "address", "add", f"{self.address}/30", "dev", "cable")
        for device in ("lo", "cable"):
            _run(*self.within, "ip", "link", "set", device, "up")
        self.plug()

    def plug(self) -> None:
        """Plug the cable in."""
        _run("ip", "link", "set", self.device, "up")

    def unplug(self) -> None:
        """Pull the cable out."""
        _run("ip", "link", "set", self.device, "down")

    def spoil(self) -> str:
        """Make the cable lose packets, by whatever the kernel has; return what that is, "" if it has nothing."""
        for kind, *how in (
            ("netem", "delay", "40ms", "30ms", "loss", "5%", "duplicate", "5%"),
            (
                "tbf",
                "rate",
                "120kbit",
                "burst",
                "2000",
                "limit",
                "4000",
            ),  # drops what its queue does not hold
        ):
            command = ["tc", "qdisc", "add", "dev", self.device, "root", kind, *how]
            if subprocess.run(command, capture_output=True).returncode == 0:
                return kind
        return ""

    def mend(self) -> None:
        """Take back `spoil`."""
        subprocess.run(["tc", "qdisc", "del", "dev", self.device, "root"], capture_output=True)

    def listen(self) -> socket.socket:
        """Return a socket of this process that listens there, on 127.0.0.1 and a port that the system chose."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as ours, open(self._path) as theirs:
            if libc.setns(theirs.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                return socket.create_server(("127.0.0.1", 0), backlog=256)
            finally:
                libc.setns(ours.fileno(), _CLONE_NEWNET)


@contextmanager
def namespace() -> Iterator[Namespace]:
    """Make a namespace for a block."""
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo made; exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "made\n"
        yield Namespace(holder.pid)
    finally:
        holder.kill()
        holder.communicate()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
