"""A TCP proxy that behaves as networks do at their worst; a program of its own, which a test commands at run time.

    python tests/system/tcp_proxy.py PORT

It listens on a port that the system chose and connects each client to 127.0.0.1:PORT. A command is one line of
JSON on stdin, its answer one line on stdout: what it has seen since it began. Without a command at all it says so
once, when it listens. It ends with its stdin. `network.py` is the tests' end.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import random
import socket
import struct
import sys
from dataclasses import dataclass, field
from typing import Any

CHUNK = 65536
_SLICES_A_SECOND = 20
_SO_ATTACH_FILTER = 26  # Linux's number; the socket module does not have it
_UP, _DOWN = "up", "down"


@dataclass
class Conditions:
    """What the network is like. Directions: "up" is from the clients, "down" is to them."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float = 0.0
    """Of each direction of each connection; 0 for no limit."""
    blocked: frozenset[str] = field(default_factory=frozenset)
    """Directions in which nothing is forwarded."""
    refuses: bool = False


class Link:
    """One client, and its connection to the target."""

    def __init__(self, near: socket.socket) -> None:
        self.near = near
        self.far = socket.socket()
        self.far.setblocking(False)
        self.vanished = False
        self.task: asyncio.Task[None] | None = None

    def vanish(self) -> None:
        """Be as a machine without power: nothing arrives any more, and the kernel answers nothing either."""
        self.vanished = True
        drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: return 0 bytes
        program = struct.pack("HP", 1, ctypes.addressof(drop_all))
        for each in (self.near, self.far):
            each.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

    async def reset(self) -> None:
        """End with a reset, which tells both sides at once and loses what is under way."""
        for each in (self.near, self.far):
            with contextlib.suppress(OSError):  # closed already
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await _end(self.task)


class Proxy:
    """Accepts, forwards under its conditions, and does what it is told."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.conditions = Conditions()
        self.links: set[Link] = set()
        self.accepted = 0
        self.forwarded = {_UP: 0, _DOWN: 0}
        self._changed = asyncio.Condition()
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self.port = 0
        self._listen()

    # -- commands ----------------------------------------------------------------------------------------------

    async def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out a command and return what was seen until then."""
        action, conditions = command.pop("do", "look"), command
        if action == "reset":
            await self._reset_all()
        elif action == "vanish":
            for link in self.links:
                link.vanish()
        elif action == "become":
            conditions["blocked"] = frozenset(conditions.get("blocked", ()))
            await self._become(Conditions(**conditions))
        return self._seen()

    async def _become(self, conditions: Conditions) -> None:
        async with self._changed:
            self.conditions = conditions
            self._changed.notify_all()
        if conditions.refuses:
            await self._stop_listening()
            await self._reset_all()
        elif self._listener is None:
            self._listen()

    def _seen(self) -> dict[str, Any]:
        alive = sum(1 for link in self.links if not link.vanished)
        return {"port": self.port, "accepted": self.accepted, "open": alive, "forwarded": self.forwarded}

    # -- connections -------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept(self._listener))

    async def _stop_listening(self) -> None:
        if self._listener is not None:
            await _end(self._accepting)
            self._listener.close()
            self._listener = None

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            near, _ = await asyncio.get_running_loop().sock_accept(listener)
            near.setblocking(False)
            self.accepted += 1
            link = Link(near)
            self.links.add(link)
            link.task = asyncio.create_task(self._serve(link))

    async def _serve(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        try:
            await self._until_passing(link, _UP)
            await loop.sock_connect(link.far, ("127.0.0.1", self.target))
            for each in (link.near, link.far):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ways = [
                asyncio.create_task(self._forward(link, link.near, link.far, _UP)),
                asyncio.create_task(self._forward(link, link.far, link.near, _DOWN)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    await _end(way)
        except OSError:  # the target is not there
            return
        finally:
            self.links.discard(link)
            for each in (link.near, link.far):
                each.close()

    async def _reset_all(self) -> None:
        for link in list(self.links):
            await link.reset()

    async def _forward(self, link: Link, source: socket.socket, sink: socket.socket, way: str) -> None:
        """Forward what comes, in its order, each piece after its delay; return at the end of either side."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=256)
        reading = asyncio.create_task(self._read(source, queue))
        loop = asyncio.get_running_loop()
        try:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._until_passing(link, way)
                if not data:
                    return
                await self._write(link, sink, data, way)
        except OSError:
            return
        finally:
            await _end(reading)

    async def _read(self, source: socket.socket, queue: asyncio.Queue[tuple[float, bytes]]) -> None:
        loop = asyncio.get_running_loop()
        data = b"begin"
        while data:
            try:
                data = await loop.sock_recv(source, CHUNK)
            except OSError:
                data = b""
            conditions = self.conditions
            await queue.put((loop.time() + conditions.delay_s + random.random() * conditions.jitter_s, data))

    async def _write(self, link: Link, sink: socket.socket, data: bytes, way: str) -> None:
        loop = asyncio.get_running_loop()
        while data:
            rate = self.conditions.bytes_per_s
            piece = data[: max(1, int(rate / _SLICES_A_SECOND))] if rate else data
            await loop.sock_sendall(sink, piece)
            self.forwarded[way] += len(piece)
            data = data[len(piece) :]
            if rate:
                await asyncio.sleep(len(piece) / rate)
                await self._until_passing(link, way)

    async def _until_passing(self, link: Link, way: str) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not link.vanished and way not in self.conditions.blocked)


async def _end(task: asyncio.Task[None] | None) -> None:
    """End a task, so that its sockets are watched no more when they are closed."""
    if task is not None:
        task.cancel()
        await asyncio.wait([task])


async def main(target: int) -> None:
    """Serve until stdin ends."""
    proxy = Proxy(target)
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    line = b"{}\n"
    while line:
        sys.stdout.write(json.dumps(await proxy.obey(json.loads(line))) + "\n")
        sys.stdout.flush()
        line = await commands.readline()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
