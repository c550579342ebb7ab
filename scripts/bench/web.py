"""What the browser UI costs the process that it runs in, beside WEB.md's budgets: frames, viewers, answers, the report.

    .venv/bin/python scripts/bench/web.py                     # 1,000 names x 100 workers, 20 viewers
    .venv/bin/python scripts/bench/web.py --names 5000 --viewers 100

All names get requests in each second. Costs are CPU time of this process, medians where there are many, so that
what else the machine does counts little; a turn is how long the UI runs before other greenlets have theirs, in
CPU time, too. The viewers are greenlets of a process of their own. Budgets lie beside the figures.
"""

from __future__ import annotations

import swarm  # noqa: F401  patches the process before anything else

# isort: split

import argparse
import gc
import random
import subprocess
import sys
import time
from http.client import HTTPConnection
from statistics import median
from typing import TYPE_CHECKING

import gevent

from swarm import Environment
from swarm.control.member import Vitals
from swarm.control.records import WorkerRecord
from swarm.transport.secret import Secret
from swarm_web import recorder as recorder_module
from swarm_web import stream as stream_module
from swarm_web.documents import Document
from swarm_web.recorder import Recorder, recorder_of
from swarm_web.report import report
from swarm_web.web import create_web_ui

if TYPE_CHECKING:
    from collections.abc import Callable

    from swarm_web.web_ui import WebUI

TICKS = 40
SECONDS = 10
PROBE_S = 0.005
SLICE = 10
"""Names that get requests before the load sleeps."""
VIEWERS = """
import sys, gevent
from gevent import monkey
monkey.patch_all()
import socket

def look(port):
    viewer = socket.create_connection(("127.0.0.1", port))
    viewer.sendall(b"GET /api/v1/stream HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    while viewer.recv(1 << 20):
        pass

gevent.joinall([gevent.spawn(look, int(sys.argv[1])) for _ in range(int(sys.argv[2]))])
"""


def master_of(workers: int) -> Environment:
    """Return a master with so many workers that are there, and say nothing by themselves."""
    environment = Environment(user_classes=[])
    runner = environment.create_master_runner(master_bind_port=0, secret=Secret.new(), serve=False)
    runner._swarm_clock.kill()
    fleet, now = runner._swarm_core.fleet, time.time()
    for index in range(workers):
        member = fleet.restore(now, 0, 0, WorkerRecord(f"host-{index % 10}.example_{index:032x}", 1, index))
        member.turn("back")
        member.turn("reached")
    return environment


class Load:
    """Counts requests, and lets the workers say that they are there."""

    def __init__(self, environment: Environment, names: int) -> None:
        self._environment = environment
        self._names = [f"/area/{number % 37}/item/{number}" for number in range(names)]

    def second(self, now: float, pause: Callable[[], None] = lambda: None) -> None:
        """Count two requests of each name."""
        record = self._environment.stats.record
        for number, name in enumerate(self._names, 1):
            for _ in range(2):
                error = "503 Service Unavailable" if random.random() < 0.002 else None
                record("GET", name, int(random.lognormvariate(9, 1)), 512, now, error)
            if number % SLICE == 0:
                pause()
        for member in self._environment.runner._swarm_core.fleet:  # type: ignore[union-attr]
            member.heard_at = now
            member.vitals = Vitals(random.uniform(30, 70), 61_000_000, random.uniform(0.2, 2))
            member.heard = member.merged = member.merged + 20
            member.applied += 1

    def for_ever(self) -> None:
        """Count them evenly over each second."""
        slices = len(self._names) / SLICE
        while True:
            self.second(time.time(), lambda: gevent.sleep(1 / slices))


class Turns:
    """How long others ran between two turns of this greenlet: ms of CPU time."""

    def __init__(self) -> None:
        self.lengths: list[float] = []
        self._greenlet = gevent.spawn(self._watch)
        gevent.sleep(0)

    def _watch(self) -> None:
        clock = time.thread_time
        last = clock()
        while True:
            gevent.sleep(0)
            now = clock()
            self.lengths.append((now - last) * 1000)
            last = now

    def end(self) -> list[float]:
        self._greenlet.kill()
        return sorted(self.lengths)


class Clock:
    """Adds up the CPU time (ms) that a function takes."""

    def __init__(self, function: Callable[..., object]) -> None:
        self.spent = 0.0
        self._function = function

    def __call__(self, *arguments: object, **options: object) -> object:
        begun = time.process_time()
        try:
            return self._function(*arguments, **options)
        finally:
            self.spent += (time.process_time() - begun) * 1000

    def taken(self) -> float:
        spent, self.spent = self.spent, 0.0
        return spent


def frames(environment: Environment, names: int) -> Recorder:
    """Tell what a frame costs when nothing else goes on."""
    recorder, load = recorder_of(environment), Load(environment, names)
    recorder._is_moving = lambda _now: True  # type: ignore[method-assign]
    reading = recorder.names.update = Clock(recorder.names.update)  # type: ignore[method-assign,assignment]
    building = Clock(recorder_module.name_rows.table)
    recorder_module.name_rows.table = building  # type: ignore[assignment]
    nodes = recorder.nodes.table = Clock(recorder.nodes.table)  # type: ignore[method-assign,assignment]
    publishing = recorder.stream.publish = Clock(recorder.stream.publish)  # type: ignore[method-assign,assignment]
    begin, costs = time.time() - TICKS, []
    for second in range(TICKS):
        load.second(begin + second)
        gc.collect()
        begun = time.process_time()
        recorder.tick(begin + second + 1)
        whole = (time.process_time() - begun) * 1000
        parts = (reading.taken(), building.taken(), nodes.taken(), publishing.taken())
        costs.append((whole - parts[0], *parts))
    columns = list(zip(*costs[5:], strict=True))
    shown = [median(column) for column in columns]
    frame = recorder.stream._ring[-1].message
    tell("build and encode a frame, all rows changed", f"{shown[0]:.2f} ms", "3 ms")
    tell("  at best (others use this machine, too)", f"{min(columns[0]):.2f} ms")
    tell("  the table of names", f"{shown[2]:.2f} ms")
    tell("  the table of workers", f"{shown[3]:.2f} ms")
    tell("  encoding, putting into the ring", f"{shown[4]:.2f} ms")
    tell("  its size", f"{len(frame) / 1000:.0f} kB")
    tell("read the statistics before (percentiles)", f"{shown[1]:.2f} ms", "at most 12 ms of each second")

    turns = Turns()
    for second in range(TICKS, TICKS + 10):
        load.second(begin + second)
        gevent.sleep(0)
        turns.lengths.clear()
        recorder.tick(begin + second + 1)
    tell("  the longest turn of a tick", f"{turns.end()[-1]:.2f} ms", "2 ms")

    for what, kept in (("the snapshot", recorder.full), ("the errors", recorder.failed)):
        spent = []
        for _ in range(10):
            kept._known = Document(b"")
            begun = time.process_time()
            document = kept.get()
            spent.append((time.process_time() - begun) * 1000)
        turns = Turns()
        kept._known = Document(b"")
        kept.get()
        tell(what, f"{median(spent):.2f} ms")
        tell("  its longest turn", f"{turns.end()[-1]:.2f} ms", "2 ms")
        sizes = (len(document.plain), len(document.gzipped()))
        tell("  its size, plain and compressed", ", ".join(f"{size / 1000:.0f} kB" for size in sizes))
    return recorder


def lateness(seconds: float) -> tuple[str, float]:
    """Return how late (ms, p99 and at most) a sleep ended, again and again, and the CPU time (ms) a second meanwhile.

    Late by what this process did: no more than the CPU time that it took from when the sleep began.
    """
    late, begun, end = [], time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        due, spent = time.perf_counter() + PROBE_S, time.thread_time()
        gevent.sleep(PROBE_S)
        late.append(min(time.perf_counter() - due, time.thread_time() - spent) * 1000)
    late.sort()
    shown = f"{late[int(len(late) * 0.99)]:.2f}, {late[-1]:.1f} ms"
    return shown, (time.process_time() - begun) / seconds * 1000


def keep_alive(port: int) -> float:
    """Return the median time (ms) of an answer over one connection."""
    connection, times = HTTPConnection("127.0.0.1", port), []
    for _ in range(200):
        begun = time.perf_counter()
        connection.request("GET", "/api/v1/session")
        connection.getresponse().read()
        times.append((time.perf_counter() - begun) * 1000)
    return median(times)


def writing(recorder: Recorder) -> float:
    """Return the CPU time (ms) of sending one frame, in which all rows have changed, to all viewers."""
    data = max((frame.message for frame in recorder.stream._ring), key=len)
    known, stream_module.encode_in_turns = stream_module.encode_in_turns, lambda *_: data
    begun = time.process_time()
    for _ in range(TICKS):
        recorder.stream.publish("frame", {})
        gevent.sleep(0.1)
    stream_module.encode_in_turns = known
    return (time.process_time() - begun) * 1000 / TICKS


def viewers_cost(environment: Environment, names: int, viewers: int) -> WebUI:
    """Tell what watching costs while the load goes on."""
    load = gevent.spawn(Load(environment, names).for_ever)
    gevent.sleep(1)
    alone, quiet = lateness(SECONDS)
    ui = create_web_ui(environment, port=0)
    ui.recorder._is_moving = lambda _now: True  # type: ignore[method-assign]
    tell("keep-alive answer, p50", f"{keep_alive(ui.port):.2f} ms", "5 ms")
    gevent.sleep(2)
    watched, without = lateness(SECONDS)
    looking = subprocess.Popen([sys.executable, "-c", VIEWERS, str(ui.port), str(viewers)])
    while ui.recorder.stream.viewers < viewers:
        gevent.sleep(0.05)
    gevent.sleep(2)
    late, cost = lateness(SECONDS)
    load.kill()
    alike = writing(ui.recorder)
    looking.kill()
    looking.wait()
    while ui.recorder.stream.viewers:
        gevent.sleep(0.05)
    tell("the UI without viewers, CPU a second", f"{without - quiet:.1f} ms")
    tell(f"{viewers} viewers more, CPU a second", f"{alike - writing(ui.recorder):.1f} ms", "10 ms")
    tell("  all of it, with the load's own difference", f"{cost - quiet:.1f} ms")
    tell("the loop's lateness with them, p99 and most", late, "2 ms")
    tell("  without viewers", watched)
    tell("  without the UI", alone)
    return ui


def tell(what: str, figure: str, budget: str = "") -> None:
    sys.stdout.write(f"{what:<46} {figure:>14}   {budget}\n")
    sys.stdout.flush()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--names", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--viewers", type=int, default=20)
    given = parser.parse_args()
    environment = master_of(given.workers)
    frames(environment, given.names)
    begun = time.process_time()
    page = report(environment)
    tell("the report", f"{(time.process_time() - begun) * 1000:.0f} ms")
    tell("  its size", f"{len(page.encode()) / 1000:.0f} kB", "500 kB for 1,000 names and 2 h")
    environment = master_of(given.workers)
    ui = viewers_cost(environment, given.names, given.viewers)
    ui.stop()


if __name__ == "__main__":
    main()
