"""What a request of `FastHttpUser` costs in CPU time, the kernel's included, against nginx, and where it goes.

    .venv/bin/python scripts/bench/http_path.py            # pyperf
    .venv/bin/python scripts/bench/http_path.py --quick    # the best of many rounds, at once
    .venv/bin/python scripts/bench/http_path.py --profile  # layer by layer, from the bare sockets up

Fifty users at a time on the first core, nginx on the last one. Swarm is imported where it is measured: pyperf's
own process, which starts the others, is left unpatched.
"""

from __future__ import annotations

import os
import sys
import time
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

from requests_path import CORES, nginx

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

USERS = 50
ROUND = 200  # requests of a user in a round
HEAD = (
    "GET /hello HTTP/1.1\r\nHost: {}\r\nUser-Agent: swarm\r\nAccept: */*\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n\r\n"
)


def together(uses: list[Callable[[], Any]]) -> Callable[[int], float]:
    """Return a function that lets all users do their use n times at once and returns the CPU seconds."""
    import gevent

    def life(use: Callable[[], Any], times: int) -> None:
        for _ in range(times):
            use()

    def measure(times: int) -> float:
        begin = time.process_time()
        gevent.joinall([gevent.spawn(life, use, times) for use in uses], raise_error=True)
        return time.process_time() - begin

    measure(5)
    return measure


# -- one use of a client after the other ---------------------------------------------------------------------

NAMES = [
    "get",
    "get, judged in a with block",
    "get, headers given",
    "get, params given",
    "get, another URL each time",
    "get, a cookie kept",
    "get, a listener listens",
    "post, json",
    "post, a form",
]


@cache
def case(name: str, url: str) -> Callable[[int], float]:
    from swarm import FastHttpUser
    from swarm.environment import Environment

    environment = Environment()
    customer = type("Customer", (FastHttpUser,), {"host": url})
    users = [customer(environment) for _ in range(USERS)]
    numbers = count()
    body = {"product": 12, "name": "a lamp", "tags": ["light", "home"]}
    if name == "get, a listener listens":
        environment.events.request.add_listener(lambda **_: None)

    def use_of(user: Any) -> Callable[[], Any]:
        client = user.client
        if name == "get, a cookie kept":
            client.cookiejar.set("session", "0123456789abcdef")

        def judge() -> None:
            with client.get("/hello", catch_response=True) as response:
                response.success()

        return {
            "get, judged in a with block": judge,
            "get, headers given": lambda: client.get(
                "/hello", headers={"X-Id": "1", "Authorization": "Bearer x"}
            ),
            "get, params given": lambda: client.get("/hello", params={"page": 2, "sort": "name"}),
            "get, another URL each time": lambda: client.get(f"/item/{next(numbers)}", name="/item/[id]"),
            "post, json": lambda: client.post("/hello", json=body),
            "post, a form": lambda: client.post("/hello", data={"user": "somebody", "password": "secret"}),
        }.get(name, lambda: client.get("/hello"))

    return together([use_of(user) for user in users])


# -- the layers of a plain get -------------------------------------------------------------------------------


def bare_sockets(host: str, port: int) -> Callable[[int], float]:
    """send, epoll, recv, and nothing else."""
    import select
    import socket

    from gevent.monkey import get_original

    head = HEAD.format(f"{host}:{port}").encode()
    plain: Any = get_original("socket", "socket")
    poll: Any = get_original("select", "epoll")()
    sockets = {}
    for _ in range(USERS):
        opened = plain(socket.AF_INET, socket.SOCK_STREAM)
        opened.connect((host, port))
        opened.setblocking(False)
        poll.register(opened.fileno(), select.EPOLLIN)
        sockets[opened.fileno()] = opened

    def measure(times: int) -> float:
        begin = time.process_time()
        left = dict.fromkeys(sockets, times)
        for opened in sockets.values():
            opened.send(head)
        while left:
            for number, _ in poll.poll():
                sockets[number].recv(65536)
                left[number] -= 1
                if left[number]:
                    sockets[number].send(head)
                else:
                    del left[number]
        return time.process_time() - begin

    return measure


def bare_greenlets(host: str, port: int) -> Callable[[int], float]:
    """The same in greenlets, over gevent's hub with one persistent watcher a connection."""
    import socket

    from gevent import get_hub
    from gevent.monkey import get_original
    from greenlet import getcurrent, greenlet

    head = HEAD.format(f"{host}:{port}").encode()
    plain: Any = get_original("socket", "socket")
    hub = get_hub()
    to_hub: Any = greenlet.switch.__get__(hub)

    def user() -> Callable[[], Any]:
        opened = plain(socket.AF_INET, socket.SOCK_STREAM)
        opened.connect((host, port))
        opened.setblocking(False)
        waiter: list[Any] = [None]
        watcher: Any = hub.loop.io(opened.fileno(), 1)

        def ready() -> None:
            waiter[0].switch()

        watcher.start(ready)

        def use() -> bytes:
            opened.send(head)
            waiter[0] = getcurrent()
            to_hub()
            return bytes(opened.recv(65536))

        return use

    return together([user() for _ in range(USERS)])


def connections(host: str, port: int) -> Callable[[int], float]:
    """With `Connection`: deadlines, faults, parsing."""
    from swarm.http.dial import dial
    from swarm.http.message import RawResponse
    from swarm.http.tls import insecure_ssl_context

    head = HEAD.format(f"{host}:{port}").encode()

    def user() -> Callable[[], Any]:
        connection = dial("http", host, port, 10, insecure_ssl_context)
        return lambda: connection.exchange(head, None, "GET", RawResponse(), 60.0)

    return together([user() for _ in range(USERS)])


def pools(host: str, port: int) -> Callable[[int], float]:
    """With `ConnectionPool`: places, stale connections, retries."""
    from swarm.http.message import RawResponse
    from swarm.http.pool import ConnectionPool

    head = HEAD.format(f"{host}:{port}").encode()

    def user() -> Callable[[], Any]:
        pool = ConnectionPool()
        return lambda: pool.exchange(("http", host, port), head, None, "GET", RawResponse())

    return together([user() for _ in range(USERS)])


def sessions(host: str, port: int) -> Callable[[int], float]:
    """With `FastHttpSession`: arguments, heads, responses, cookies, failures, statistics."""
    return case("get", f"http://{host}:{port}")


def lives(host: str, port: int) -> Callable[[int], float]:
    """With `FastHttpUser`: the choice of a task, its run, the wait, the checks between."""
    from gevent.pool import Group

    from swarm import FastHttpUser, StopUser, task
    from swarm.environment import Environment

    environment = Environment()

    class Customer(FastHttpUser):
        left = 0

        @task
        def hello(self) -> None:
            self.client.get("/hello")
            self.left -= 1
            if not self.left:
                raise StopUser

    def measure(times: int) -> float:
        users = [
            type("Some", (Customer,), {"host": f"http://{host}:{port}"})(environment) for _ in range(USERS)
        ]
        for user in users:
            user.client.get("/hello")  # connected before the clock runs
        group = Group()
        begin = time.process_time()
        for user in users:
            user.left = times
            user.start(group)
        group.join()
        return time.process_time() - begin

    return measure


LAYERS: dict[str, Callable[[str, int], Callable[[int], float]]] = {
    "the kernel: send, epoll, recv": bare_sockets,
    "gevent: hub, watcher, two switches": bare_greenlets,
    "connection: deadline, parser, faults": connections,
    "pool: places, stale connections": pools,
    "session: head, response, statistics": sessions,
    "user: choice of the task, its run": lives,
}


def profile(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    measures = {name: layer(host, int(port)) for name, layer in LAYERS.items()}
    best = dict.fromkeys(measures, float("inf"))
    for _ in range(40):  # interleaved, so that what else the machine does hits all alike
        for name, measure in measures.items():
            best[name] = min(best[name], measure(ROUND) / USERS / ROUND * 1e6)
    before = 0.0
    for name, total in best.items():
        print(f"{name:40} {total - before:5.1f} µs of CPU, {total:5.1f} in all")
        before = total


def quick(url: str) -> None:
    for name in NAMES:
        measure = case(name, url)
        best = min(measure(ROUND) for _ in range(20)) / USERS / ROUND
        print(f"{name:32} {best * 1e6:5.1f} µs of CPU")


def main() -> None:
    os.sched_setaffinity(0, CORES[:1])
    for flag, report in (("--quick", quick), ("--profile", profile)):
        if flag in sys.argv:
            with nginx() as url:
                report(url)
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
        runner.bench_time_func(name, lambda times, name=name: case(name, url)(times), inner_loops=USERS)


if __name__ == "__main__":
    main()
