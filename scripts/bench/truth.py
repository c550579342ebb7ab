"""Are the numbers true? Percentiles of a run beside those of the server that it loaded.

A server in a process of its own answers after delays that it draws from a lognormal distribution, and notes
for each request how long it took from the request's last byte to the answer's first. A run with users that
wait, so that the generator is at most half busy, measures the same requests from outside. The figures to hold:
p50 and p99 within 1 % + 0.2 ms of what the server did.

usage: .venv/bin/python scripts/bench/truth.py [--users 200] [--seconds 20] [--user FastHttpUser]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

SERVER = """
import asyncio, json, random, sys, time

random.seed(1)
took = []

class Delayed(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        begin = time.perf_counter()
        if data.startswith(b"GET /measured"):
            body = json.dumps(took).encode()
            self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
            return
        delay = min(random.lognormvariate(-4.0, 0.6), 1.0)
        asyncio.get_running_loop().call_later(delay, self.answer, begin)

    def answer(self, begin):
        took.append(time.perf_counter() - begin)
        self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")

async def main():
    server = await asyncio.get_running_loop().create_server(Delayed, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""

LOCUSTFILE = """
from swarm import {user}, constant, task


class Measured({user}):
    wait_time = constant(0.1)

    @task
    def look(self):
        self.client.get("/delayed")
"""


def percentile(values: list[float], fraction: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(fraction * len(ordered)), len(ordered) - 1)]


def measured_ms(histogram_us: dict[str, int]) -> list[float]:
    return [int(us) / 1000 for us, count in histogram_us.items() for _ in range(count)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--user", default="FastHttpUser", choices=["FastHttpUser", "HttpUser"])
    parser.add_argument(
        "--realtime",
        action="store_true",
        help="run both before all other programs (chrt, as root): for a machine that others use, too",
    )
    options = parser.parse_args()
    first = ["chrt", "-f", "5"] if options.realtime else []
    server = subprocess.Popen([*first, sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        host = f"http://127.0.0.1:{int(server.stdout.readline())}"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "locustfile.py"
            file.write_text(LOCUSTFILE.format(user=options.user), encoding="utf-8")
            done = subprocess.run(
                [
                    *first,
                    *(Path(sys.executable).with_name("swarm-cli"), "-f", file, "--headless", "-H", host),
                    *(
                        "-u",
                        str(options.users),
                        "-r",
                        str(options.users),
                        "-t",
                        f"{options.seconds}s",
                        "--json",
                    ),
                ],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        with urllib.request.urlopen(f"{host}/measured") as answer:
            server_ms = [1000 * seconds for seconds in json.load(answer)]
    finally:
        server.kill()
    entry = json.loads(done.stdout)[0]
    print(f"{entry['num_requests']} requests measured, {len(server_ms)} answered by the server")
    ours_ms = measured_ms(entry["histogram_us"])
    worst = 0.0
    for name, fraction in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        ours, theirs = percentile(ours_ms, fraction), percentile(server_ms, fraction)
        allowed = 0.01 * theirs + 0.2
        worst = max(worst, abs(ours - theirs) / allowed)
        print(
            f"{name}: {ours:8.3f} ms measured, {theirs:8.3f} ms by the server, "
            f"off by {ours - theirs:+.3f} of {allowed:.3f} ms"
        )
    print("within 1 % + 0.2 ms" if worst <= 1 else "NOT within 1 % + 0.2 ms")
    return 0 if worst <= 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
