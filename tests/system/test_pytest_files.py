"""Test functions of pytest as users, run by the command line and by pytest; and users as tests."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata

import pytest

from tests.servers.site import Site
from tests.system.cli_process import Cli, Finished
from tests.system.enough import FILE, LONG
from tests.system.example import in_our_names
from tests.system.pages import ROOT, blocks_of
from tests.system.results import Report

ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Leaves out the plugins that this project's own tests have, whose import takes seconds."""

SHOWN = "http://127.0.0.1:8000"
"""Where the page says that the site is."""

SHOP = """
import pytest
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession


def test_hello(session: HttpSession):
    assert session.get("/hello").text == "Hello!"


@pytest.mark.parametrize("name", ["a", "b"])
def test_world(fastsession: FastHttpSession, name):
    response = fastsession.get(f"/world?name={name}", name="/world")
    response.raise_for_status()


def test_status(session):
    with session.get("/status/404", catch_response=True) as response:
        response.success()
    assert response.status_code == 200
"""


def run_pytest(cli: Cli, *args: str, env: dict[str, str] | None = None) -> Finished:
    return cli.run_program(
        [sys.executable, "-m", "pytest", "-p", "swarm_pytest", *args], env=ALONE | (env or {}), timeout=90
    )


@pytest.mark.parametrize("flavour", ["locust", "swarm"])
def test_test_functions_are_users(cli: Cli, site: Site, flavour: str) -> None:
    text = SHOP.replace("locust.clients", "swarm").replace("locust.contrib.fasthttp", "swarm")
    cli.write("test_shop.py", text if flavour == "swarm" else SHOP)
    cli.write("conftest.py", FILE.format(requests=120))
    result = cli.run(
        *["-f", "test_shop.py", "--headless", "--json", "-u", "6", "-r", "6", *LONG, "-H", site.url],
        env=ALONE,
        timeout=90,
    )

    assert result.code == 1, result.err
    report = Report(result)
    assert report.counts == {
        "GET /hello": len(site.of("/hello")),
        "GET /world": len(site.of("/world")),
        "GET /status/404": len(site.of("/status/404")),
    }
    assert {seen.target for seen in site.of("/world")} == {"/world?name=a", "/world?name=b"}
    assert report.failures == {}
    raised = re.findall(r"^(\d+) +AssertionError: (.*)$", result.err, re.MULTILINE)
    words = "assert 404 == 200 + where 404 = <Response [404]>.status_code"
    assert raised == [(str(len(site.of("/status/404"))), words)]


def test_pytest_runs_each_of_them_once(cli: Cli, site: Site) -> None:
    cli.write("test_shop.py", SHOP)
    cli.write(
        "test_process.py",
        "import socket\ndef test_it_is_as_it_was():\n    assert 'gevent' not in str(socket.socket)\n",
    )
    done = run_pytest(cli, "test_shop.py", "test_process.py", "--host", site.url)

    assert done.code == 1
    assert "1 failed, 4 passed" in done.out, done.out
    assert "assert 404 == 200" in done.out
    assert sorted(seen.target for seen in site.seen) == [
        "/hello",
        "/status/404",
        "/world?name=a",
        "/world?name=b",
    ]


def test_fixtures_are_set_up_as_pytest_does(cli: Cli) -> None:
    cli.write(
        "conftest.py",
        """
        import gevent
        import pytest
        from collections import Counter
        from swarm import events

        runs, made = Counter(), Counter()

        @events.init.add_listener
        def leave_when_all_ran(environment, **_):
            classes = len(environment.user_classes)

            @environment.events.request.add_listener
            def count(name, **_):
                runs[name] += 1
                if len(runs) == classes and min(runs.values()) == 2:
                    gevent.spawn(environment.runner.quit)

        @pytest.fixture(autouse=True)
        def ran(request):
            events.request.fire(request_type="T", name=request.function.__name__, response_time=1)

        @pytest.fixture(scope="session")
        def token():
            made["token"] += 1
            gevent.sleep(0.05)
            yield f"token {made['token']}"
            print("the token is gone")

        @pytest.fixture
        def order(token):
            made["order"] += 1
            number = made["order"]
            yield number
            made["orders that ended"] += 1

        @pytest.fixture
        def overridden():
            return ["conftest"]
        """,
    )
    cli.write(
        "test_features.py",
        """
        import pytest
        from conftest import made

        @pytest.fixture
        def overridden(overridden):
            return [*overridden, "file"]

        @pytest.fixture(params=["x", "y"])
        def letter(request):
            request.addfinalizer(lambda: made.update([request.param]))
            return request.param

        orders = set()

        def test_scopes(token, order):
            assert token == "token 1"
            assert order not in orders
            orders.add(order)
            assert made["orders that ended"] == made["order"] - 1

        def test_overriding(overridden):
            assert overridden == ["conftest", "file"]

        def test_parameters(letter, monkeypatch, request):
            assert letter in "xy"
            monkeypatch.setenv("LETTER", letter)
            assert request.getfixturevalue("letter") == letter

        class TestMethods:
            @pytest.fixture
            def name(self):
                self.name = "own"

            def setup_method(self):
                self.ready = True

            @pytest.mark.usefixtures("name")
            def test_objects_are_new(self):
                assert self.ready
                assert self.name == "own"
                assert not hasattr(self, "used")
                self.used = True

        def test_skipped_half_way():
            pytest.skip("not today")

        @pytest.mark.skip
        def test_skipped(): ...

        @pytest.mark.xfail
        def test_expected_to_fail(): ...

        async def test_asynchronous(): ...
        """,
    )
    result = cli.run(
        "-f", "test_features.py", "--headless", "--json", "-u", "10", "-r", "10", *LONG, env=ALONE, timeout=90
    )

    assert result.code == 0, result.err
    assert result.out.count("the token is gone") == 1
    assert set(Report(result).counts) == {
        "T test_scopes",
        "T test_overriding",
        "T test_parameters",
        "T test_objects_are_new",
        "T test_skipped_half_way",
    }
    assert "test_asynchronous does not run as a user: it is asynchronous" in result.err


def test_user_classes_go_before_test_functions(cli: Cli) -> None:
    cli.write(
        "test_both.py",
        """
        from swarm import User, task

        class Caller(User):
            @task
            def call(self): ...

        def test_it(session): ...
        """,
    )
    cli.write("checks.py", "def test_a(session): ...\nclass TestB:\n    def test_c(self): ...\n")
    cli.write("test_wrong.py", "import not_there\n")
    assert cli.run("-f", "test_both.py", "--list", env=ALONE).out.split()[2:] == ["Caller"]
    assert cli.run("-f", "checks.py", "--list", env=ALONE).out.split()[2:] == ["test_a", "TestB.test_c"]
    assert "not_there" in cli.run("-f", "test_wrong.py", "--list", env=ALONE).refused(1)


def test_the_commands_of_the_page_work(cli: Cli, site: Site) -> None:
    blocks = blocks_of("docs/pytest.md")
    (cli.folder / "examples").symlink_to(ROOT / "examples")
    (visitor,) = [block.text for block in blocks if "class Visitor" in block.text]
    cli.write("locustfile.py", visitor)
    commands = [
        command.line.replace(SHOWN, site.url).split() for block in blocks for command in block.commands
    ]
    once, load, users = [command[1:] for command in commands]

    assert "3 passed" in run_pytest(cli, *once[2:]).out
    assert {"/catalogue", "/search?q=honey", "/search?q=jam"} == {seen.target for seen in site.seen}
    assert "1 passed" in run_pytest(cli, *users[2:]).out
    done = cli.run(*load, "--headless", "-t", "1s", "--json", "-u", "2", "-r", "100", env=ALONE, timeout=90)
    assert done.code == 0, done.err
    assert Report(done).counts.keys() <= {"GET /catalogue", "GET /search"}


def test_pytest_finds_the_plugin_by_its_entry_point() -> None:
    (found,) = [each for each in metadata.entry_points(group="pytest11") if each.name == "swarm_pytest"]
    assert found.load().host_of


def test_a_conftest_may_have_an_option_named_host_of_its_own(cli: Cli, site: Site) -> None:
    cli.write(
        "conftest.py", "def pytest_addoption(parser):\n    parser.addoption('--host', default='mine')\n"
    )
    cli.write(
        "test_own.py",
        """
        def test_it(request, session):
            assert request.config.getoption("host") == "mine"
            assert session.get("/hello").status_code == 200
        """,
    )
    done = run_pytest(cli, "test_own.py", env={"SWARM_HOST": site.url})
    assert done.code == 0, done.out


def test_a_response_that_the_test_calls_a_failure_fails_it(cli: Cli, site: Site) -> None:
    cli.write(
        "test_failures.py",
        """
        def test_it(fastsession):
            with fastsession.get("/hello", catch_response=True) as response:
                response.failure("too friendly")
        """,
    )
    done = run_pytest(cli, "test_failures.py", "--host", site.url)
    assert done.code == 1
    assert "GET /hello: too friendly" in done.out


def test_users_run_as_tests(cli: Cli, site: Site) -> None:
    text = """
    from locust import HttpUser, between, task

    class Visitor(HttpUser):
        wait_time = between(1000, 2000)

        @task
        def hello(self):
            self.client.get("/hello")

    class Lost(Visitor):
        @task
        def nowhere(self):
            self.client.get("/status/404")
    """
    cli.write("locustfile.py", in_our_names(text))
    done = run_pytest(cli, "locustfile.py", "--swarm-users", "--host", site.url)
    assert done.code == 1
    assert "1 failed, 1 passed" in done.out, done.out
    assert "GET /status/404: HTTPError(" in done.out
    assert sorted(seen.path for seen in site.seen) == ["/hello", "/hello", "/status/404"]
    assert "no tests ran" in run_pytest(cli, "locustfile.py").out


def test_the_workers_of_xdist_run_them(cli: Cli, site: Site) -> None:
    cli.write("test_shop.py", SHOP)
    done = run_pytest(cli, "test_shop.py", "--host", site.url, "-p", "xdist", "-n", "2")
    assert "1 failed, 3 passed" in done.out, done.out


def test_the_plugin_registers_without_importing_swarm() -> None:
    code = "import swarm_pytest, sys; print({'swarm', 'gevent', 'requests'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()"
