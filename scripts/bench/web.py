"""What the browser UI costs the process that it runs in, beside WEB.md's budgets: frames, viewers, answers, the report.

    .venv/bin/python scripts/bench/web.py                # 1,000 names that all change each second, 20 viewers
    .venv/bin/python scripts/bench/web.py 5000 100

Times are CPU of this process, and lie next to the budget. The viewers are greenlets of a process of their own.
"""

from __future__ import annotations

import swarm  # noqa: F401  patches the process before anything else

# isort: split

import random
import subprocess
import sys
import time
from http.client import HTTPConnection
from statistics import median

import gevent

from swarm import Environment
from swarm_web.report import report
from swarm_web.stream import encode_in_turns
from swarm_web.web import create_web_ui

SECONDS = 10
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


def load(environment: Environment, names: int) -> None:
    """Count two requests of each name."""
    now, record = time.time(), environment.stats.record
    for number in range(names):
        for _ in range(2):
            record("GET", f"/area/{number % 37}/item/{number}", int(random.lognormvariate(9, 1)), 512, now)


def lateness(seconds: float) -> list[float]:
    """Return how late (ms) a sleep of 5 ms ended, again and again."""
    late, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        due = time.perf_counter() + 0.005
        gevent.sleep(0.005)
        late.append((time.perf_counter() - due) * 1000)
    return sorted(late)


def keep_alive(port: int) -> float:
    """Return the median time (ms) of an answer over one connection."""
    connection, times = HTTPConnection("127.0.0.1", port), []
    for _ in range(200):
        begun = time.perf_counter()
        connection.request("GET", "/api/v1/session")
        connection.getresponse().read()
        times.append((time.perf_counter() - begun) * 1000)
    return median(times)


def tell(what: str, figure: str, budget: str) -> None:
    sys.stdout.write(f"{what:<46} {figure:>12}   {budget}\n")
    sys.stdout.flush()


def main() -> None:
    """Print the figures."""
    names, viewers = (int(text) for text in (sys.argv[1:] or ["1000", "20"]))
    environment = Environment(user_classes=[])
    environment.create_local_runner()
    ui = create_web_ui(environment, port=0)
    recorder = ui.recorder
    recorder.facts.state = "running"
    encoding: list[float] = []
    for second in range(SECONDS):
        load(environment, names)
        recorder.tick(time.time() + second)
        begun = time.process_time()
        encode_in_turns({"names": recorder.snapshot()["names"]})
        encoding.append((time.process_time() - begun) * 1000)
    tell("build and encode a frame, all rows changed", f"{median(encoding):.1f} ms", "3 ms")
    tell("keep-alive answer, p50", f"{keep_alive(ui.port):.2f} ms", "5 ms")

    begun = time.process_time()
    alone = lateness(SECONDS)
    quiet = time.process_time() - begun
    looking = subprocess.Popen([sys.executable, "-c", VIEWERS, str(ui.port), str(viewers)])
    while recorder.stream.viewers < viewers:
        gevent.sleep(0.05)
    begun = time.process_time()
    late = lateness(SECONDS)
    cost = (time.process_time() - begun - quiet) / SECONDS * 1000
    looking.kill()
    looking.wait()
    tell(f"{viewers} viewers, CPU a second", f"{max(0.0, cost):.1f} ms", "10 ms")
    tell("the loop's lateness with them, p99", f"{late[int(len(late) * 0.99)]:.2f} ms", "2 ms")
    tell("  and without", f"{alone[int(len(alone) * 0.99)]:.2f} ms", "")

    begun = time.process_time()
    page = report(environment)
    tell("the report", f"{(time.process_time() - begun) * 1000:.0f} ms", "")
    tell("  its size", f"{len(page.encode()) / 1000:.0f} kB", "500 kB for 1,000 names and 2 h")
    ui.stop()


if __name__ == "__main__":
    main()
