"""How files end their runs, and what their exit codes are: the uses 15 to 17 of twenty that are easily broken."""

from __future__ import annotations

import pytest

from tests.servers.site import Site
from tests.system.cli_process import Cli
from tests.system.results import table

VISITOR = """
    import os
    import sys

    import gevent
    from locust import HttpUser, constant, events, task
    from locust.exception import StopUser

    class Visitor(HttpUser):
        wait_time = constant(0.02)

        @task
        def page(self):
            self.client.get(os.environ.get("PAGE", "/hello"))
"""


def listening(event: str, *body: str, arguments: str = "environment, **kwargs") -> str:
    lines = [f"@events.{event}.add_listener", f"def listen({arguments}):", *(f"    {line}" for line in body)]
    return "\n" + "".join(f"    {line}\n" for line in lines)


def in_a_task(*body: str) -> str:
    return "\n        @task\n        def leave(self):\n" + "".join(f"            {line}\n" for line in body)


WATCHER = (
    "def watch():",
    "    while environment.runner.stats.total.num_requests < 3:",
    "        gevent.sleep(0.05)",
    "    environment.process_exit_code = 0",
    "    environment.runner.quit()",
    "gevent.spawn(watch)",
)


@pytest.mark.parametrize(
    ("listener", "page", "code"),
    [
        (listening("quitting", "environment.process_exit_code = 0"), "/status/500", 0),
        (listening("test_stop", "environment.process_exit_code = 0"), "/status/500", 0),
        (listening("quitting", "environment.process_exit_code = 1"), "/hello", 1),
        (listening("init", *WATCHER), "/status/500", 0),
        (
            listening("quitting", "if environment.stats.total.fail_ratio > 0.01:", "    sys.exit(7)"),
            "/status/500",
            7,
        ),
    ],
    ids=["green in quitting", "green in test_stop", "red in quitting", "green from a greenlet", "sys.exit"],
)
def test_15_the_file_decides_on_the_exit_code(cli: Cli, listener: str, page: str, code: int) -> None:
    cli.write("locustfile.py", VISITOR + listener)
    with Site() as site:
        result = cli.headless("-H", site.url, env={"PAGE": page})

    assert result.code == code, result.err
    assert table(result)[f"GET {page}"][0] == len(site.seen)


@pytest.mark.parametrize(
    "wrong",
    [
        listening("request", "pass", arguments="request_type, name, response_time, nonsense, **kwargs"),
        listening("request", "pass", arguments="request_type, name, response_time, response_length"),
        listening(
            "test_start",
            "events.request.add_listener(lambda request_type, name, exception, **kwargs: None)",
            "events.request.fire(request_type='X', name='x', response_time=1, response_length=0)",
        ),
    ],
    ids=["an argument too many", "no **", "exception left out"],
)
def test_16_a_listener_whose_arguments_do_not_fit_leaves_2_and_the_run_goes_on(cli: Cli, wrong: str) -> None:
    cli.write("locustfile.py", VISITOR + wrong)
    with Site() as site:
        result = cli.headless("-H", site.url)

    assert result.code == 2
    assert "TypeError" in result.err
    assert table(result)["GET /hello"][0] == len(site.seen) > 1


@pytest.mark.parametrize(
    ("event", "arguments"),
    [("init", "environment, runner, web_ui"), ("init_command_line_parser", "parser")],
)
def test_16_an_error_in_the_first_events_is_fatal(cli: Cli, event: str, arguments: str) -> None:
    cli.write("locustfile.py", VISITOR + listening(event, "raise LookupError('no key')", arguments=arguments))
    with Site() as site:
        message = cli.headless("-H", site.url).refused(1)

    assert "no key" in message
    assert not site.seen


def test_16_an_error_in_a_users_init_leaves_2_and_no_request(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        VISITOR
        + """
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            raise LookupError("no account")
        """,
    )
    with Site() as site:
        result = cli.headless("-H", site.url)

    assert result.code == 2
    assert "no account" in result.err
    assert not site.seen


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (["self.environment.runner.quit()"], 0),
        (["gevent.spawn_later(0.2, self.environment.runner.quit)"], 0),
        (["gevent.spawn(self.environment.runner.quit)", "gevent.sleep(60)"], 0),
        (["sys.exit(3)"], 3),
        (["sys.exit()"], 0),
    ],
    ids=str,
)
def test_17_a_task_ends_the_run(cli: Cli, body: list[str], code: int) -> None:
    cli.write("locustfile.py", VISITOR + in_a_task(*body))
    with Site() as site:
        result = cli.run("--headless", "-u", "3", "-r", "3", "-t", "60", "-H", site.url)

    assert result.code == code, result.err
    assert "Aggregated" in result.err
    assert table(result).get("GET /hello", (0, 0))[0] == len(site.seen)


def test_17_a_user_stops_itself_and_the_others_go_on(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        VISITOR
        + in_a_task("self.client.get('/last')", "self.stop(True)", "self.client.get('/never')")
        + """
    class Other(HttpUser):
        wait_time = constant(0.02)

        def on_stop(self):
            print("ended together with the run")

        @task
        def world(self):
            self.client.get("/world")
    """,
    )
    with Site() as site:
        result = cli.headless("-u", "2", "-r", "2", "-H", site.url)

    assert result.code == 0, result.err
    assert len(site.of("/last")) == 1
    assert not site.of("/never")
    assert len(site.of("/world")) > 5
    assert result.out == "ended together with the run\n"


def test_17_os_exit_ends_the_process_at_once(cli: Cli) -> None:
    cli.write("locustfile.py", VISITOR + in_a_task("os._exit(5)"))
    with Site() as site:
        result = cli.run("--headless", "-t", "60", "-H", site.url)

    assert result.code == 5
    assert "Aggregated" not in result.err
