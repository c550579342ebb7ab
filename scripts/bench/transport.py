"""What messages between master and workers cost: µs of CPU each, both ways, over real sockets with CURVE.

    .venv/bin/python scripts/bench/transport.py [messages]

The peer is a process of its own; what counts is the CPU time of this one, libzmq's thread and the kernel
included. A delta has 100 names with 50 requests each. "alone" is encoding or decoding without a socket.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from swarm.control.messages import Custom, Delta, Goodbye, Heartbeat, Message
from swarm.transport.codec import decode, encode
from swarm.transport.master_socket import MasterSocket
from swarm.transport.secret import Secret
from swarm.transport.worker_socket import WorkerSocket
from swarm_stats.deltas import cut
from swarm_stats.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES, REQUESTS = 100, 50
BATCH = 100  # so many in flight, well below the queues' limits


def heartbeat() -> Heartbeat:
    users = {f"User{number}": 250 for number in range(4)}
    return Heartbeat("0" * 32, time.time(), 1, "running", users, 10**6, 60, 3, 3, 1.0, 1.0, 12.5, 10**8, 0.4)


def delta() -> Delta:
    registry, source = Registry(time.time), random.Random(8)
    now = time.time()
    for number in range(NAMES):
        for _ in range(REQUESTS):
            registry.record("GET", f"/shop/{number}", int(source.lognormvariate(9, 0.5)), 4096, now)
    return Delta("0" * 32, 1, 1, NAMES * REQUESTS, False, cut(registry))


def us(seconds: float, count: int) -> str:
    return f"{seconds / count * 1e6:8.1f} µs"


def alone(what: Callable[[], object], count: int) -> float:
    begin = time.process_time()
    for _ in range(count):
        what()
    return time.process_time() - begin


class Peer:
    """The other end of it, in its own process, which counts what comes or sends what it is asked for."""

    def __init__(self, role: str, secret: Secret, port: int) -> None:
        command = [sys.executable, __file__, "--peer", role, str(port)]
        environ = {**os.environ, "SWARM_SECRET": secret.text}
        self._process = subprocess.Popen(command, env=environ)

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()


def receiving(message: Message, count: int) -> float:
    """Return the master's CPU seconds for `count` messages that a worker sends."""
    secret, left, done = Secret.new(), count, Event()
    master = MasterSocket("127.0.0.1", 0, secret)
    begun = 0.0

    def take(peer: bytes, got: Message) -> None:
        nonlocal left, begun
        if isinstance(got, Goodbye):
            begun = time.process_time()
            master.send(peer, Custom("", count, type(message).__name__, None))
            return
        left -= 1
        if not left:
            done.set()

    master.serve(take)
    peer = Peer("worker", secret, master.port)
    done.wait()
    spent = time.process_time() - begun
    peer.end()
    master.close(0)
    return spent


def sending(message: Message, count: int) -> float:
    """Return the master's CPU seconds for sending a worker `count` messages."""
    secret, left, done, begun = Secret.new(), count, Event(), 0.0
    master = MasterSocket("127.0.0.1", 0, secret)

    def take(peer: bytes, _: Message) -> None:
        nonlocal left, begun
        begun = begun or time.process_time()
        if not left:
            done.set()
            return
        for _number in range(min(BATCH, left)):
            assert master.send(peer, message)
        left -= min(BATCH, left)

    master.serve(take)
    peer = Peer("reader", secret, master.port)
    done.wait()
    spent = time.process_time() - begun
    peer.end()
    master.close(0)
    return spent


def be_peer(role: str, port: int) -> None:
    socket = WorkerSocket("127.0.0.1", port, Secret.parse(os.environ["SWARM_SECRET"], "SWARM_SECRET"))
    messages: dict[str, Message] = {"Heartbeat": heartbeat(), "Delta": delta()}
    got = 0

    def send(asked: Custom) -> None:
        for _ in range(asked.number):
            while not socket.send(messages[asked.type]):
                gevent.sleep(0.001)

    def take(message: Message) -> None:
        nonlocal got
        got += 1
        if role == "worker" and isinstance(message, Custom):
            gevent.spawn(send, message)
        elif role == "reader" and got % BATCH == 0:
            socket.send(Goodbye(""))

    def begin() -> None:
        socket.send(Goodbye(""))

    socket.serve(take, begin)
    Event().wait()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    count -= count % BATCH
    for message, times in ((heartbeat(), count), (delta(), count // 10 // BATCH * BATCH)):
        data = encode(message)
        print(f"{type(message).__name__}, {len(data)} bytes")
        print("  encode alone  ", us(alone(partial(encode, message), times), times))
        print("  decode alone  ", us(alone(partial(decode, data), times), times))
        print("  master receives", us(receiving(message, times), times))
        print("  master sends  ", us(sending(message, times), times))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        be_peer(sys.argv[2], int(sys.argv[3]))
    else:
        main()
