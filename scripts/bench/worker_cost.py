"""What a request costs a worker in CPU time beside a local run: what reporting and heartbeats add.

    .venv/bin/python scripts/bench/worker_cost.py            # five rounds of 6 s each
    .venv/bin/python scripts/bench/worker_cost.py 2 3        # two rounds of 3 s
    chrt -r 5 .venv/bin/python scripts/bench/worker_cost.py 3 2    # as root, on a machine that others use, too

In turns, a local run and a swarm of a master and two workers ask nginx (on the last core, the load on the first)
as often as they can. Each process counts its requests and its CPU time, the kernel's included, from its first
user to its stop. The least of each kind counts most: whatever disturbs, adds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from requests_path import CORES, nginx

USERS = 50
LOCUSTFILE = """
import json, os, time
from pathlib import Path
from swarm import FastHttpUser, events, task

counted = 0
begun = None

class Asker(FastHttpUser):
    @task
    def ask(self):
        global counted
        self.client.get("/hello")
        counted += 1

@events.test_start.add_listener
def begin(**_):
    global begun
    begun = (counted, time.process_time())

@events.test_stopping.add_listener
def end(environment, **_):
    if counted:
        row = {"requests": counted - begun[0], "cpu_s": time.process_time() - begun[1]}
        (Path(os.environ["BENCH_OUT"]) / f"{os.getpid()}.json").write_text(json.dumps(row))
"""


def measure(folder: Path, url: str, seconds: int, workers: int = 0) -> float:
    """Run once and return the µs of CPU of a request, in the processes whose users asked."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    users = str(USERS * max(workers, 1))
    more = ("--processes", str(workers)) if workers else ()
    subprocess.run(
        [
            *("taskset", "-c", str(CORES[0]), sys.executable, "-m", "swarm_cli", "--headless", "-H", url),
            *("-f", str(folder / "asker.py"), "-u", users, "-r", users, "-t", str(seconds), *more),
            *("--only-summary", "-L", "ERROR"),
        ],
        env=os.environ | {"BENCH_OUT": str(out)},
        stderr=subprocess.DEVNULL,
        check=True,
    )
    rows = [json.loads(path.read_text()) for path in out.iterdir()]
    assert len(rows) == max(workers, 1)
    return float(sum(row["cpu_s"] for row in rows) / sum(row["requests"] for row in rows) * 1e6)


def main() -> None:
    """Print the figures."""
    rounds, seconds = (int(text) for text in (sys.argv[1:] or ["5", "6"]))
    with nginx() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "asker.py").write_text(LOCUSTFILE)
        local, worker = [], []
        for _ in range(rounds):
            local.append(measure(folder, url, seconds))
            worker.append(measure(folder, url, seconds, workers=2))
            sys.stdout.write(f"local {local[-1]:.1f} µs, worker {worker[-1]:.1f} µs\n")
            sys.stdout.flush()
    for kind, of in (("least", min), ("median", median)):
        here, there = of(local), of(worker)
        sys.stdout.write(f"{kind}: local {here:.1f} µs, worker {there:.1f} µs: {there / here - 1:+.1%}\n")


if __name__ == "__main__":
    main()
