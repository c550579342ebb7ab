"""`swarm-cli demo` as a whole: the shop's process, the run, the exit code, and nothing left behind."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import gevent
import psutil
import pytest

from swarm_cli.demo import LOCUSTFILE
from swarm_cli.demo.process import open_shop

SWARM_CLI = Path(sys.executable).with_name("swarm-cli")
PATIENCE_S = 60


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [SWARM_CLI, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def shop_of(process: subprocess.Popen[str]) -> psutil.Process:
    """Wait until the demo's shop serves."""
    with gevent.Timeout(PATIENCE_S):
        while True:
            for child in psutil.Process(process.pid).children():
                if "swarm_cli.demo.shop" in child.cmdline() and child.net_connections():
                    return child
            gevent.sleep(0.02)


def wait_until_loaded(shop: psutil.Process) -> None:
    """Wait until the shop has answered somebody."""
    with gevent.Timeout(PATIENCE_S):
        (port,) = {c.laddr.port for c in shop.net_connections() if c.status == psutil.CONN_LISTEN}
        while get(f"http://127.0.0.1:{port}/stats")["requests"] == 0:
            gevent.sleep(0.02)


def test_the_demo_ends_with_0_although_the_shop_fails_some_requests_and_takes_the_shop_along() -> None:
    demo = start("demo", "--headless", "-u", "30", "-r", "30", "-t", "4s", "--json")
    shop = shop_of(demo)
    stdout, stderr = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0, stderr
    entries = json.loads(stdout)
    assert {entry["name"] for entry in entries} >= {"/", "/catalogue", "/product/[id]", "/search", "/basket"}
    assert "Aggregated" in stderr
    assert not shop.is_running()


def test_the_table_agrees_with_the_shops_own_count_to_the_request() -> None:
    with open_shop() as url:
        run = start(
            "-f", str(LOCUSTFILE), "-H", url, "--headless", "-u", "20", "-r", "20", "-t", "3s", "--json"
        )
        stdout, stderr = run.communicate(timeout=PATIENCE_S)
        routes = get(f"{url}/stats")["routes"]
    assert run.returncode in (0, 1), stderr
    seen = {(route["method"], route["name"]): route["requests"] for route in routes}
    counted = {(entry["method"], entry["name"]): entry["num_requests"] for entry in json.loads(stdout)}
    assert counted == seen
    failed = {(route["method"], route["name"]): route["failures"] for route in routes if route["failures"]}
    reported = {(e["method"], e["name"]): e["num_failures"] for e in json.loads(stdout) if e["num_failures"]}
    assert reported == failed


def test_every_customer_logs_in_once_and_out_once() -> None:
    with open_shop() as url:
        run = start(
            "-f", str(LOCUSTFILE), "-H", url, "--headless", "-u", "6", "-r", "6", "-t", "2s", "Customer"
        )
        run.communicate(timeout=PATIENCE_S)
        counts = {(r["method"], r["name"]): r["requests"] for r in get(f"{url}/stats")["routes"]}
    assert (counts["POST", "/login"], counts["POST", "/logout"]) == (6, 6)


def test_ctrl_c_ends_the_run_in_order_and_the_shop_after_it() -> None:
    demo = start("demo", "-t", "10m")
    shop = shop_of(demo)
    wait_until_loaded(shop)
    os.killpg(demo.pid, signal.SIGINT)
    _, stderr = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0, stderr
    assert "Aggregated" in stderr
    assert "Traceback" not in stderr
    assert not shop.is_running()


def test_on_a_terminal_the_demo_serves_the_ui_until_ctrl_c() -> None:
    screen, terminal = pty.openpty()
    demo = subprocess.Popen(
        [SWARM_CLI, "demo", "-P", "0"],
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        assert demo.stderr is not None
        with gevent.Timeout(PATIENCE_S):
            line = next(line for line in demo.stderr if line.startswith("Browser UI: "))
            url = line.removeprefix("Browser UI: ").strip()
            while get(f"{url}api/v1/snapshot")["total"]["requests"] == 0:
                gevent.sleep(0.05)
        shop = shop_of(demo)
        os.killpg(demo.pid, signal.SIGINT)
        _, rest = demo.communicate(timeout=PATIENCE_S)
    finally:
        demo.kill()
        os.close(screen)
    assert demo.returncode == 0, rest
    assert "Aggregated" in rest
    assert not shop.is_running()


def test_the_shop_ends_when_its_starter_is_killed() -> None:
    demo = start("demo", "-t", "10m")
    shop = shop_of(demo)
    demo.kill()
    demo.communicate(timeout=PATIENCE_S)
    shop.wait(PATIENCE_S)


def test_the_demo_takes_the_users_own_options() -> None:
    demo = start("demo", "--list")
    stdout, stderr = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0, stderr
    assert "Visitor" in stdout
    assert "Customer" in stdout


def test_a_wrong_option_ends_the_demo_with_2_and_leaves_no_shop() -> None:
    demo = start("demo", "--no-such-option")
    _, stderr = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 2
    assert "--no-such-option" in stderr


def test_the_shop_alone_prints_its_url_and_ends_with_ctrl_c() -> None:
    shop = subprocess.Popen(
        [sys.executable, "-m", "swarm_cli.demo.shop"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert shop.stdout is not None
    url = shop.stdout.readline().strip()
    assert get(f"{url}/catalogue")["page"] == 1
    shop.send_signal(signal.SIGINT)
    _, stderr = shop.communicate(timeout=PATIENCE_S)
    assert (shop.returncode, stderr) == (0, "")


@pytest.mark.parametrize("port", ["x", "70000"])
def test_a_port_that_is_none_is_a_clear_error(port: str) -> None:
    shop = subprocess.run(
        [sys.executable, "-m", "swarm_cli.demo.shop", port],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert shop.returncode == 1
    assert f"cannot serve on port {port}" in shop.stderr
