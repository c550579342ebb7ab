"""What a swarm costs its master: the real process, over ZeroMQ with CURVE, with workers that are played.

    .venv/bin/python scripts/bench/master.py                        # 1,000 workers x 100 names, 200 x 1,000
    .venv/bin/python scripts/bench/master.py --workers 100 --names 100 --seconds 5

Two other processes play hundreds of workers each: real connections, the worker's core, heartbeats and deltas each
`--interval`; only the requests are made up. What counts is the CPU time of the master's process from the moment
when all users run. When the players are late they were short of CPU: take a longer `--interval`, the cost of a
report remains.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import psutil
import zmq

from swarm import _gevent
from swarm.control.effects import Cut, Reconnect, Say
from swarm.control.happenings import Connected, DeltaCut, Heard, Spawned, UsersStopped, WorkerTick
from swarm.control.instructions import Spawn, StopUsers
from swarm.control.messages import Delta, Message, Pulse
from swarm.control.settings import WorkerSettings
from swarm.control.worker import WorkerCore
from swarm.transport.codec import decode, encode
from swarm.transport.curve import derive_keys
from swarm.transport.parts import split
from swarm.transport.secret import Secret
from swarm_stats.columns import pack_floats
from swarm_stats.deltas import cut
from swarm_stats.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from swarm.control.happenings import Happening

PLAYERS = 2
USERS_EACH = 100
REQUESTS_A_NAME = 5  # in a report
VARIANTS = 8
TICKS = 4  # in an interval, as the core wants them
COME_A_SECOND = 50  # workers of each player
WARM_UP_S = 3.0
POLL_MS = 5
LOCUSTFILE = """
from swarm import User, constant, task

class Played(User):
    wait_time = constant(1)

    @task
    def nothing(self):
        pass
"""


# -- the players -----------------------------------------------------------------------------------------------


def payloads(names: int) -> list[dict[str, Any]]:
    """Return reports of different workers: the same names, times of their own, a failure in 200 requests."""
    chance, out = random.Random(8), []
    for _ in range(VARIANTS):
        registry, now = Registry(time.time), float(int(time.time()))
        for number in range(names):
            for _ in range(REQUESTS_A_NAME):
                error = "503 Service Unavailable" if chance.random() < 0.005 else None
                us = int(chance.lognormvariate(9.5, 0.6))
                registry.record(
                    "GET", f"/shop/products/{number}/details", us, 4096, now + chance.random(), error
                )
        out.append(cut(registry))
    return out


class Wire:
    """What went over the wire, and how late the master's acknowledgements and the player itself were."""

    def __init__(self) -> None:
        self.sent = self.sent_bytes = self.heard = self.heard_bytes = self.reports = self.samples = 0
        self.ack_ms: list[float] = []
        self.late_ms: list[float] = []


class Played:
    """A worker without users: its core, its connection."""

    def __init__(self, number: int, player: Player) -> None:
        self.core = WorkerCore(player.settings, f"player_{number:04}", random.getrandbits(63))
        self.ended = False
        self._player = player
        self._users: Mapping[str, int] = {}
        self._cut_at: dict[int, float] = {}
        self._numbers = itertools.count(1)
        self._turn = number
        self.socket = player.connect(self)
        self.bring(Connected())

    def bring(self, happening: Happening) -> None:
        for instruction in self.core.handle(time.time(), happening):
            match instruction:
                case Say(message):
                    self._say(message)
                case Cut(run, final):
                    self._report(run, final)
                case Spawn(phase, target):
                    self._users = dict(target.users)
                    self.bring(Spawned(phase))
                case StopUsers(phase):
                    self._users = {}
                    self.bring(UsersStopped(phase))
                case Reconnect():
                    self._player.disconnect(self)
                    self.socket = self._player.connect(self)
                case _:
                    self.ended = self.ended or self.core.state == "quit"

    def tick(self) -> None:
        self.bring(WorkerTick(0, self._users, 35.0, 120_000_000, 1.5))

    def hear(self, message: Message) -> None:
        if isinstance(message, Pulse) and message.run == self.core.run:
            now = time.time()
            for number in [each for each in self._cut_at if each <= message.applied]:
                self._player.wire.ack_ms.append(1000 * (now - self._cut_at.pop(number)))
        self.bring(Heard(message))

    def _report(self, run: int, final: bool) -> None:
        player = self._player
        payload = player.payloads[self._turn % VARIANTS]
        self._turn += 1
        now = time.time()
        last = pack_floats([now] * len(payload["names"]))
        samples = REQUESTS_A_NAME * (len(payload["names"]) - 1)
        self.bring(DeltaCut(run, final, samples, payload | {"second": int(now), "last": last}))
        player.wire.reports += 1
        player.wire.samples += samples

    def _say(self, message: Message) -> None:
        wire = self._player.wire
        if isinstance(message, Delta) and not message.final:
            self._cut_at.setdefault(message.number, time.time())
        for frame in split(encode(message), next(self._numbers)):
            wire.sent += 1
            wire.sent_bytes += len(frame)
            self.socket.send(frame, zmq.DONTWAIT)


class Player:
    """Plays workers until the master sends them away."""

    def __init__(self, port: int, names: int, interval: float) -> None:
        _gevent.statemachine_queue()
        self.settings = WorkerSettings(heartbeat_interval=interval)
        self.payloads = payloads(names)
        self.wire = Wire()
        self._interval = interval
        self._keys = derive_keys(Secret.parse(os.environ["SWARM_SECRET"], "SWARM_SECRET"))
        self._context = zmq.Context()
        self._context.set(zmq.MAX_SOCKETS, 10_000)
        self._url = f"tcp://127.0.0.1:{port}"
        self._poller = zmq.Poller()
        self._by_socket: dict[zmq.Socket[bytes], Played] = {}

    def connect(self, worker: Played) -> zmq.Socket[bytes]:
        dealer = self._context.socket(zmq.DEALER)
        dealer.linger = 1000
        dealer.routing_id = b"\1" + random.randbytes(15)
        dealer.curve_publickey = self._keys.workers.public
        dealer.curve_secretkey = self._keys.workers.secret
        dealer.curve_serverkey = self._keys.master.public
        dealer.connect(self._url)
        self._by_socket[dealer] = worker
        self._poller.register(dealer, zmq.POLLIN)
        return dealer

    def disconnect(self, worker: Played) -> None:
        self._poller.unregister(worker.socket)
        del self._by_socket[worker.socket]
        worker.socket.close()

    def play(self, first: int, count: int) -> None:
        step = self._interval / TICKS
        due: list[tuple[float, int, Played]] = []
        to_come = iter(range(first, first + count))
        next_at, coming = time.perf_counter(), True
        while due or coming:
            self._listen(POLL_MS)
            now = time.perf_counter()
            if coming and now >= next_at:
                number = next(to_come, None)
                coming, next_at = number is not None, now + 1 / COME_A_SECOND
                if number is not None:
                    heapq.heappush(due, (now + step * random.random(), number, Played(number, self)))
            while due and due[0][0] <= now:
                at, number, worker = heapq.heappop(due)
                if worker.ended:
                    self.disconnect(worker)
                    continue
                self.wire.late_ms.append(1000 * (now - at))
                worker.tick()
                heapq.heappush(due, (max(at + step, now), number, worker))

    def tell(self, *_: object) -> None:
        """Write what there was to tell, and end at once: connections that are open are nobody's any more."""
        os.write(1, json.dumps(vars(self.wire)).encode())
        os._exit(0)

    def _listen(self, timeout: int) -> None:
        for socket, _ in self._poller.poll(timeout):
            worker = self._by_socket[socket]
            for frame in _all_of(socket):
                self.wire.heard += 1
                self.wire.heard_bytes += len(frame)
                if not worker.ended:
                    worker.hear(decode(frame[1:]))  # what the master says is short


def _all_of(socket: zmq.Socket[bytes]) -> Iterator[bytes]:
    while not socket.closed:
        try:
            yield socket.recv(zmq.DONTWAIT)
        except zmq.Again:
            return


# -- the master ------------------------------------------------------------------------------------------------


class Master:
    """The master's process, and what it says."""

    def __init__(self, stack: ExitStack, folder: Path, secret: Secret, workers: int, interval: float) -> None:
        (folder / "played.py").write_text(LOCUSTFILE)
        users = str(workers * USERS_EACH)
        self.log = folder / "log"
        self.out = folder / "out"
        self.environ = os.environ | {"SWARM_SECRET": secret.text, "HOME": str(folder)}
        intervals = {f"SWARM_{name}_INTERVAL": str(interval) for name in ("HEARTBEAT", "REPORT")}
        self.process = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "swarm_cli",
                    "-f",
                    str(folder / "played.py"),
                    "--master",
                    "--headless",
                ),
                *(
                    "--master-bind-host",
                    "127.0.0.1",
                    "--master-bind-port",
                    "0",
                    "--expect-workers",
                    str(workers),
                ),
                *("-u", users, "-r", users, "-t", "1000", "--only-summary", "--json"),
            ],
            env=self.environ | intervals,
            stdout=stack.enter_context(self.out.open("w")),
            stderr=stack.enter_context(self.log.open("w")),
            text=True,
        )
        stack.callback(self.process.kill)
        self._meter = psutil.Process(self.process.pid)
        self.port = int(self.wait_for(r"listening for workers on 127\.0\.0\.1:(\d+)"))

    def wait_for(self, pattern: str, others: Sequence[subprocess.Popen[str]] = ()) -> str:
        while all(each.poll() is None for each in (self.process, *others)):
            found = re.search(pattern, self.log.read_text())
            if found:
                return found[found.re.groups]
            time.sleep(0.1)
        raise SystemExit(f"the master or a player has ended:\n{self.log.read_text()}")

    def cpu_s(self) -> float:
        times = self._meter.cpu_times()
        return float(times.user + times.system)

    def rss_mb(self) -> float:
        return float(self._meter.memory_info().rss / 1e6)

    def end(self) -> dict[str, Any]:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)
        (report, *_), _ = json.JSONDecoder().raw_decode(self.out.read_text())
        run: dict[str, Any] = report["run"]
        return run


def measure(workers: int, names: int, seconds: float, interval: float) -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        master = Master(stack, Path(name), Secret.new(), workers, interval)
        begun = time.perf_counter()
        players = [
            subprocess.Popen(
                [sys.executable, __file__, "--play", *map(str, (master.port, first, count, names, interval))],
                env=master.environ,
                stdout=subprocess.PIPE,
                text=True,
            )
            for first, count in shares(workers)
        ]
        for player in players:
            stack.callback(player.kill)
        master.wait_for("all users spawned", players)
        print(f"{workers:,} workers x {names:,} names, a report in {interval:g} s, {seconds:g} s")
        print(f"  all are there after      {time.perf_counter() - begun:.1f} s")
        time.sleep(WARM_UP_S)
        begin, cpu = time.perf_counter(), master.cpu_s()
        players_cpu = [psutil.Process(player.pid) for player in players]
        before = [sum(each.cpu_times()[:2]) for each in players_cpu]
        time.sleep(seconds)
        spent, elapsed = master.cpu_s() - cpu, time.perf_counter() - begin
        theirs = [sum(each.cpu_times()[:2]) - past for each, past in zip(players_cpu, before, strict=True)]
        rss = master.rss_mb()
        begin = time.perf_counter()
        run = master.end()
        print(f"  its end takes            {time.perf_counter() - begin:.1f} s")
        for player in players:
            player.terminate()
        wires = [json.loads(player.communicate(timeout=60)[0]) for player in players]
    tell(spent / elapsed, [each / elapsed for each in theirs], rss, workers / interval, wires, run)


def shares(workers: int) -> list[tuple[int, int]]:
    size = -(-workers // PLAYERS)
    return [(first, min(size, workers - first)) for first in range(0, workers, size)]


def tell(
    cores: float,
    theirs: list[float],
    rss: float,
    rate: float,
    wires: list[dict[str, Any]],
    run: dict[str, Any],
) -> None:
    def each_report(what: str) -> float:
        return float(sum(wire[what] for wire in wires) / sum(wire["reports"] for wire in wires))

    def late(what: str) -> str:
        ms = sorted(itertools.chain.from_iterable(wire[what] for wire in wires))
        cuts = quantiles(ms, n=100)
        return f"p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms, at most {ms[-1]:.0f} ms"

    print(f"  the master's CPU         {cores:.2f} cores, {1000 * cores / rate:.2f} ms a report")
    print(f"  its memory               {rss:.0f} MB")
    print(f"  it hears                 {each_report('sent') * rate:,.0f} messages/s,"
          f" {each_report('sent_bytes') * rate / 1e6:.2f} MB/s")  # fmt: skip
    print(f"  it says                  {each_report('heard') * rate:,.0f} messages/s,"
          f" {each_report('heard_bytes') * rate / 1e6:.2f} MB/s")  # fmt: skip
    print(f"  a report is acknowledged {late('ack_ms')}")
    print(
        f"  the players' ticks late  {late('late_ms')}; their CPU {', '.join(f'{each:.2f}' for each in theirs)}"
    )
    samples = sum(wire["samples"] for wire in wires)
    print(f"  samples                  {samples:,} said, {run['samples_merged']:,} merged,"
          f" {run['samples_missing']:,} missing")  # fmt: skip
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int)
    parser.add_argument("--names", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument(
        "--realtime",
        action="store_true",
        help="run all before all other programs (as root): for a machine that others use, too",
    )
    arguments = parser.parse_args()
    if arguments.realtime:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(5))
    for workers, names in (
        [(arguments.workers, arguments.names)] if arguments.workers else [(1000, 100), (200, 1000)]
    ):
        measure(workers, names, arguments.seconds, arguments.interval)


if __name__ == "__main__":
    _soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))
    if sys.argv[1:2] == ["--play"]:
        _port, _first, _count, _names = map(int, sys.argv[2:6])
        _player = Player(_port, _names, float(sys.argv[6]))
        signal.signal(signal.SIGTERM, _player.tell)
        _player.play(_first, _count)
        signal.pause()
    else:
        main()
