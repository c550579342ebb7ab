"""What users of load tests do with whole runs, numbers 11, 12, 17 to 23 and 25 to 28.

Each is a file in `examples/`, run in both names, and checked by what the server saw and what the run reported.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from xmlrpc.server import SimpleXMLRPCServer

import gevent
import pytest
from gevent.server import StreamServer

from tests.servers.site import Site
from tests.servers.tls import server_context
from tests.system.example import Example
from tests.system.results import Report, table


def printed(out: str) -> list[str]:
    """Return the lines that a file printed before the JSON."""
    return out[: out.index("[\n")].splitlines()


def test_11_listeners_are_called_in_order_with_their_arguments(example: Example, site: Site) -> None:
    result = example.run("11_listeners", "-H", site.url)

    assert result.code == 0, result.err
    before, _, after = result.out.partition("[\n")
    assert before.splitlines() == [
        "init_command_line_parser LocustArgumentParser",
        "init ['runner', 'web_ui']",
        "I'm on a standalone node",
        f"test_start {site.url} []",
        "on_start",
        "spawning_complete 1",
        "request GET /hello True 6 Hello! {'step': 1} None",
        f"True {site.url}/hello",
        "test_stopping 1",
        "on_stop",
        "test_stop 0",
        "quitting 0",
    ]
    assert after.splitlines()[-1].endswith("quit 0")


def test_12_a_run_without_the_command_line(example: Example, site: Site) -> None:
    result = example.python("12_library", site.url)

    assert result.code == 0, result.err
    counts = site.counts()
    found = counts["GET /"], counts["GET /status/404"]
    total, *entries, history = result.out.splitlines()
    assert total == f"total {sum(found)} {found[1]}"
    assert sorted(entries) == [
        f"GET / {found[0]} 0 True",
        f"GET /status/404 {found[1]} {found[1]} True",
    ]
    assert history == "history True 5"
    assert "Aggregated" in result.err  # stats_printer's table


def test_17_a_shape_has_stages_with_classes_of_their_own_and_ends(example: Example) -> None:
    result = example.run("17_stages", "-u", "500")

    assert result.code == 0, result.err
    # What the shape found when it was asked: the users of the stage before.
    assert list(dict.fromkeys(printed(result.out))) == [
        "0 {'Buyer': 0, 'Visitor': 0}",
        "4 {'Buyer': 0, 'Visitor': 4}",
        "10 {'Buyer': 5, 'Visitor': 5}",
        "6 {'Buyer': 6, 'Visitor': 0}",
    ]
    assert Report(result).names == {"shop look", "shop buy"}
    assert "--users, --spawn-rate and --run-time are ignored" in result.err


def test_17_a_double_wave_rises_twice(example: Example) -> None:
    result = example.run("17_double_wave")

    assert result.code == 0, result.err
    waves = [int(line) for line in printed(result.out)]
    # A tick may fall on either side of a second, and one that changes nothing is no new ramp.
    assert max(waves) == 20
    top = waves.index(20)
    assert waves[0] == 2
    assert min(waves[top:]) < 10 == max(waves[top + 2 :])


def test_18_options_come_from_everywhere_and_a_secret_is_shown_nowhere(example: Example, site: Site) -> None:
    (example.folder / "shop.conf").write_text("discount = 15\n")
    result = example.run(
        "18_options",
        *("--config", "shop.conf", "--tier", "gold", "-H", site.url, "--csv", "run", "-L", "DEBUG"),
        env={"SHOP_REGION": "seoul", "SHOP_API_KEY": "open-sesame"},
    )

    assert result.code == 0, result.err
    assert {seen.target for seen in site.seen} == {"/shop?tier=gold&region=seoul&discount=15"}
    assert {seen.headers["x-key"] for seen in site.seen} == {"open-sesame"}
    assert {seen.headers["x-internal"] for seen in site.seen} == {"as ever"}
    assert printed(result.out) == ["tier: gold"]
    files = [file for file in example.folder.iterdir() if file.is_file()]
    assert len(files) >= 6  # the file, its configuration, and the four of --csv
    assert "open-sesame" not in result.out + result.err + "".join(file.read_text() for file in files)


def test_19_the_fast_client_against_real_servers(example: Example, site: Site) -> None:
    with Site(server_context("127.0.0.1")) as secure:
        result = example.run(
            "19_fast_http", "-u", "24", "-r", "24", env={"PLAIN": site.url, "SECURE": secure.url}
        )

    assert result.code == 1
    assert "a task raised" not in result.out
    report = Report(result)
    for name in ("POST /json", "GET /json?_=...", "GET /redirect/3", "GET not followed", "GET /lines/5"):
        method, _, rest = name.partition(" ")
        assert report[method, rest]["num_requests"] > 0
        assert report[method, rest]["num_failures"] == 0
    for name in ("/set/session/abc", "with a cookie", "by line", "over TLS"):
        assert report["GET", name]["num_requests"] > 0
        assert report["GET", name]["num_failures"] == 0
    for name in ("/hello", "/echo", "/slow/2000", "unknown authority"):
        entry = report["GET", name]
        assert entry["num_failures"] == entry["num_requests"] > 0
    errors = " ".join(report.failures)
    for text in (
        "as JSON",
        "js['greeting']" if "js['greeting']" in errors else "KeyError",
        "Timeout",
        "CERT",
    ):
        assert text in errors
    assert report["GET", "over TLS"]["num_requests"] == len(secure.seen)
    assert len(site.of("/redirect/0")) >= report["GET", "/redirect/3"]["num_requests"]
    stamps = [seen.target for seen in site.seen if "_=" in seen.target]
    assert len(set(stamps)) > len(stamps) / 2


def test_20_each_row_of_a_file_is_used_once_across_two_workers(example: Example, site: Site) -> None:
    lines = [f"customer{number},secret{number}" for number in range(60)]
    (example.folder / "accounts.csv").write_text("\n".join(("name,password", *lines)))
    result = example.run(
        "20_rows_of_a_file",
        *("--processes", "2", "-u", "6", "-r", "6", "--stop-timeout", "30", "-H", site.url),
        time="100",
        timeout=120,
    )

    assert result.code == 0, result.err
    used = [(seen.json["name"], seen.json["password"]) for seen in site.of("/login")]
    assert sorted(used) == sorted(tuple(line.split(",")) for line in lines)
    assert {seen.headers["x-worker"] for seen in site.of("/login")} <= {"0", "1"}
    assert Report(result).counts == {"POST /login": 60}


def test_21_users_wait_for_each_other(example: Example, site: Site) -> None:
    result = example.run("21_together", "-u", "6", "-r", "5", "-H", site.url, time="2")

    assert result.code == 0, result.err
    paths = [seen.path for seen in site.seen]
    assert paths[:6] == ["/arrive"] * 6
    assert set(paths[6:]) == {"/go"}
    assert len(paths) >= 12


@pytest.mark.parametrize(("page", "code"), [("/status/500", 7), ("/slow/80", 8)])
def test_22_a_greenlet_watches_the_run_and_decides_on_its_end(
    example: Example, site: Site, page: str, code: int
) -> None:
    result = example.run("22_watcher", "-u", "4", "-r", "4", "-H", site.url, env={"PAGE": page}, time="60")

    assert result.code == code, result.err
    assert "quitting" in result.err
    assert table(result)[f"GET {page}"][0] == len(site.seen) >= 10


@contextmanager
def xml_rpc() -> Iterator[tuple[str, list[str]]]:
    """Serve two functions, and note their calls."""
    calls: list[str] = []

    def add(a: int, b: int) -> int:
        calls.append("add")
        return a + b

    def divide(a: int, b: int) -> float:
        calls.append("divide")
        return a / b

    server = SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False)
    server.register_function(add)
    server.register_function(divide)
    greenlet = gevent.spawn(server.serve_forever)
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", calls
    finally:
        greenlet.kill()
        server.server_close()


@contextmanager
def echo() -> Iterator[tuple[str, list[bytes]]]:
    """Send back what comes, and keep it."""
    heard: list[bytes] = []

    def serve(connection: object, _address: object) -> None:
        while data := connection.recv(4096):  # type: ignore[attr-defined]
            heard.append(data)
            connection.sendall(data)  # type: ignore[attr-defined]

    server = StreamServer(("127.0.0.1", 0), serve)
    server.start()
    try:
        yield f"127.0.0.1:{server.server_port}", heard
    finally:
        server.stop()


def test_23_clients_of_ones_own_report_by_fire_and_by_measure(example: Example) -> None:
    with xml_rpc() as (rpc, calls), echo() as (address, heard):
        result = example.run(
            *("23_own_clients", "-u", "3", "-r", "3", "--stop-timeout", "20"),
            env={"XMLRPC": rpc, "ECHO": address},
        )

    assert result.code == 1
    report = Report(result)
    assert report["xmlrpc", "add"]["num_requests"] == calls.count("add") > 0
    assert report["xmlrpc", "divide"]["num_failures"] == calls.count("divide") > 0
    assert report["tcp", "echo"]["num_requests"] == len(heard) > 0
    assert report["tcp", "echo"]["total_content_length"] == len(b"are you there?") * len(heard)
    assert report["sqlite", "insert"]["num_requests"] > 0
    assert report["sqlite", "insert"]["num_failures"] == 0
    failed = report["sqlite", "wrong table"]
    assert failed["num_failures"] == failed["num_requests"] > 0
    assert "OperationalError('no such table: order_lines')" in report.failures
    assert any("ZeroDivisionError" in error for error in report.failures)


@pytest.mark.parametrize("how", ["quit", "StopTest", "StopTest in a listener"])
def test_25_tasks_and_listeners_steer_the_run(example: Example, site: Site, how: str) -> None:
    result = example.run("25_steering", "-u", "4", "-r", "4", "-H", site.url, env={"HOW": how}, time="60")

    assert result.code == 0, result.err
    assert not site.of("/never")
    assert len(site.of("/before")) > 1
    assert len(site.of("/leave")) == len(site.of("/away")) == 1
    assert len(site.of("/ending")) == 4
    assert Report(result).counts == site.counts()
    assert printed(result.out) == ["left", "stopped 0"]


def test_26_a_user_has_several_requests_at_a_time(example: Example, site: Site) -> None:
    result = example.run("26_concurrent_requests", "-u", "3", "-r", "3", "-H", site.url)

    assert result.code == 0, result.err
    report = Report(result)
    assert sum(report.counts.values()) == len(site.seen)
    for client in ("HttpUser", "FastHttpUser"):
        # In turn, each of a user's requests would wait for the one before: 20 at most in a second.
        assert report["GET", client]["num_requests"] >= 10
    assert site.connections >= 5 + 3 + 1
    assert printed(result.out) == ["after the stop: 0"]


def test_27_classes_of_several_files_are_chosen_by_name(example: Example, site: Site) -> None:
    chosen = example.run("27_shop", "Buyer", "Visitor", "-u", "4", "-r", "4", "-H", site.url)

    assert chosen.code == 0, chosen.err
    assert {seen.path for seen in site.seen} == {"/Buyer", "/Visitor"}
    site.seen.clear()
    files = example.run(
        "27_shop", "-f", "27_shop/buyers.py,27_shop/more/visitors.py", "-u", "4", "-r", "4", "-H", site.url
    )

    assert files.code == 0, files.err
    assert {seen.path for seen in site.seen} == {"/Buyer", "/Returner", "/Visitor", "/Thief"}


def test_28_a_debugger_sees_the_request_of_one_user(example: Example, site: Site) -> None:
    example.write("28_debug")
    script = example.folder / "28_debug.py"
    line = script.read_text().splitlines().index('        self.client.get("/world")') + 1
    commands = f"break {line}\ncontinue\np shown\np response.status_code\nclear 1\nbreak {line + 1}\ncontinue\nquit\n"

    done = subprocess.run(
        [sys.executable, "-m", "pdb", script.name, site.url],
        input=commands,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=example.folder,
    )

    assert "(Pdb) 'Hello!'" in done.stdout, done.stdout + done.stderr
    assert "(Pdb) 200" in done.stdout
    assert [seen.path for seen in site.seen] == ["/hello", "/world"]
    assert "/world" in done.stdout
