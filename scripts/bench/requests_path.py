"""What a request of `HttpSession` costs in CPU time, beside requests' own session, against nginx.

    .venv/bin/python scripts/bench/requests_path.py           # pyperf
    .venv/bin/python scripts/bench/requests_path.py --quick   # the best of forty, at once
    .venv/bin/python scripts/bench/requests_path.py --memory  # KB a session

nginx answers from memory, on the last core; the client has the first. CPU time, the kernel's included, is what
counts: a client that waits for the server costs nothing meanwhile. Swarm is imported where it is measured: pyperf's
own process, which starts the others, is left unpatched.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    import requests

CORES = sorted(os.sched_getaffinity(0))

NGINX = """
worker_processes 1;
daemon off;
error_log stderr error;
pid {folder}/pid;
events {{ worker_connections 1000; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /moved {{ return 302 /hello; }}
    location / {{ return 200 "Hello!"; }}
  }}
}}
"""


@contextmanager
def nginx() -> Iterator[str]:
    """Run nginx on the last core and give its URL."""
    if shutil.which("nginx") is None:
        sys.exit("nginx is missing: apt-get install nginx-light")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w") as file:
            file.write(NGINX.format(folder=folder, port=port))
        server = subprocess.Popen(["nginx", "-c", path, "-p", folder])
        os.sched_setaffinity(server.pid, CORES[-1:])
        try:
            _until_it_answers(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def _until_it_answers(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    sys.exit("nginx did not start")


NAMES = [
    "get",
    "catch_response",
    "post json",
    "headers",
    "params",
    "cookie",
    "login",
    "text and headers read",
    "redirect (two requests)",
    "requests' way (a hook)",
    "requests.Session, CoreAdapter",
    "requests.Session, its own",
]


@cache
def cases(url: str) -> dict[str, Callable[[], Any]]:
    from swarm.environment import Environment
    from swarm.http.on_requests.adapter import CoreAdapter
    from swarm.http.on_requests.session import HttpSession

    # isort: split
    import requests

    def counted() -> Any:
        return HttpSession(url, Environment().events.request)

    session = counted()
    judged, cookies, login = counted(), counted(), counted()
    cookies.cookies.set("session", "abc")
    login.auth = ("user", "password")

    def judge() -> None:
        with judged.get("/hello", catch_response=True) as response:
            response.success()

    own, adapted = requests.Session(), requests.Session()
    own.trust_env = adapted.trust_env = False
    adapted.mount("http://", CoreAdapter())
    uses: list[Callable[[], Any]] = [
        lambda: session.get("/hello"),
        judge,
        lambda: session.post("/hello", json={"a": 1}),
        lambda: session.get("/hello", headers={"X-A": "b"}),
        lambda: session.get("/hello", params={"a": "b"}),
        lambda: cookies.get("/hello"),
        lambda: login.get("/hello"),
        lambda: (lambda r: (r.text, r.headers["Server"]))(session.get("/hello")),
        lambda: session.get("/moved"),
        lambda: session.get("/hello", hooks={"response": print_nothing}),
        lambda: adapted.get(url + "/hello"),
        lambda: own.get(url + "/hello"),
    ]
    return dict(zip(NAMES, uses, strict=True))


def print_nothing(_response: requests.Response, **_options: Any) -> None:
    """Makes a request go through requests' own code."""


def cpu(use: Callable[[], Any], times: int) -> float:
    """Return the CPU seconds that `times` uses took."""
    begin = time.process_time()
    for _ in range(times):
        use()
    return time.process_time() - begin


def quick(url: str) -> None:
    for name, use in cases(url).items():
        use()
        best = min(cpu(use, 200) for _ in range(40)) / 200
        print(f"{name:32} {best * 1e6:6.1f} µs of CPU")


def memory() -> None:
    import gc
    import tracemalloc

    from swarm.http.on_requests.session import HttpSession

    # isort: split
    import requests

    for name, make in (
        ("HttpSession", lambda: HttpSession("http://h")),
        ("requests.Session", requests.Session),
    ):
        kept: list[Any] = [make()]
        gc.collect()
        tracemalloc.start()
        kept += [make() for _ in range(1_000)]
        print(f"{name:20} {tracemalloc.get_traced_memory()[0] / 1_000 / 1_024:.2f} KB while it is idle")
        tracemalloc.stop()


def main() -> None:
    os.sched_setaffinity(0, CORES[:1])
    if "--memory" in sys.argv:
        memory()
        return
    if "--quick" in sys.argv:
        with nginx() as url:
            quick(url)
        return
    import pyperf

    def hand_on(command: list[str], options: Namespace) -> None:
        command += ["--url", options.url]

    runner = pyperf.Runner(add_cmdline_args=hand_on)
    runner.argparser.add_argument("--url", help="a server that runs already")
    options = runner.parse_args()
    if options.url:
        measure(runner, options.url)
        return
    with nginx() as options.url:
        measure(runner, options.url)


def measure(runner: Any, url: str) -> None:
    for name in NAMES:
        runner.bench_time_func(name, lambda times, name=name: cpu(cases(url)[name], times))


if __name__ == "__main__":
    main()
