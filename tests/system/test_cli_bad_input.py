"""Bad input: one clear message, a documented exit code, no traceback."""

import resource
from pathlib import Path

import pytest

from tests.system.cli_process import SLEEPER, Cli

USER = """
    from swarm import FastHttpUser, task

    class Buyer(FastHttpUser):
        @task
        def buy(self):
            self.client.get("/")
"""


def test_a_missing_file_is_named(cli: Cli) -> None:
    message = cli.headless("-f", "missing.py").refused(1)

    assert "could not find 'missing.py'" in message
    assert str(cli.folder / "missing.py") in message


def test_without_a_locustfile_the_option_is_named(cli: Cli) -> None:
    message = cli.headless().refused(1)

    assert "locustfile.py" in message
    assert "-f" in message


def test_a_syntax_error_is_shown_with_its_line(cli: Cli) -> None:
    cli.write("locustfile.py", "from swarm import User\n\nclass Buyer(User)\n    pass\n")

    message = cli.headless().refused(1)

    assert "locustfile.py:3: SyntaxError: expected ':'" in message
    assert "    class Buyer(User)\n                     ^" in message


def test_a_syntax_error_in_an_imported_file_is_shown_there(cli: Cli) -> None:
    cli.write("helper.py", "x = (1,\n")
    cli.write("locustfile.py", "import helper\n")

    assert "helper.py:1: SyntaxError" in cli.headless().refused(1)


def test_an_error_while_loading_is_shown_with_the_users_lines_only(cli: Cli) -> None:
    cli.write("locustfile.py", "def prepare():\n    import no_such_module\n\nprepare()\n")

    result = cli.headless()

    assert result.code == 1
    assert "ModuleNotFoundError: No module named 'no_such_module'" in result.err
    assert "line 2, in prepare" in result.err
    assert "line 4, in <module>" in result.err
    assert "importlib" not in result.err
    assert "swarm_cli" not in result.err


def test_a_file_without_user_class_says_what_to_define(cli: Cli) -> None:
    cli.write("locustfile.py", "from swarm import HttpUser\n\nclass Base(HttpUser):\n    abstract = True\n")

    message = cli.headless().refused(1)

    assert "no user class in" in message
    assert "locustfile.py" in message


def test_a_user_class_without_tasks_says_how_to_give_it_some(cli: Cli) -> None:
    cli.write("locustfile.py", "from swarm import User\n\nclass Idle(User):\n    tasks = []\n")

    message = cli.headless().refused(1)

    assert "Idle has no tasks" in message
    assert "@task" in message


def test_a_weight_that_is_none_is_refused(cli: Cli) -> None:
    cli.write(
        "locustfile.py", "from swarm import User\n\nclass Odd(User):\n    tasks = [print]\n    weight = -1\n"
    )

    assert "the weight of Odd is -1" in cli.headless().refused(1)


def test_a_weight_that_a_listener_spoils_ends_the_run_at_once(sleeper: Cli) -> None:
    sleeper.write(
        "spoiled.py",
        """
        from locustfile import Sleeper
        from swarm import events

        @events.init.add_listener
        def _(environment, **_):
            import gevent
            gevent.spawn(lambda: setattr(Sleeper, "weight", -1))
        """,
    )

    result = sleeper.run("-f", "locustfile.py,spoiled.py", "--headless", "-t", "600")

    assert result.code == 1
    assert "swarm-cli: User class Sleeper: weight and fixed_count must not be negative." in result.err
    assert "Traceback" not in result.err


def test_an_unknown_user_class_lists_those_that_there_are(sleeper: Cli) -> None:
    message = sleeper.headless("Nobody").refused(1)

    assert "unknown user class Nobody; there are: Sleeper" in message


def test_two_classes_of_one_name_are_refused(cli: Cli) -> None:
    cli.write("a.py", SLEEPER)
    cli.write("b.py", SLEEPER)

    assert "two user classes named Sleeper" in cli.headless("-f", "a.py,b.py").refused(1)


def test_tags_that_leave_no_task_are_refused(sleeper: Cli) -> None:
    assert "Sleeper has no task left with --tags fast" in sleeper.headless("--tags", "fast").refused(1)


@pytest.mark.parametrize(
    ("host", "wrong"),
    [
        ("htp://shop", "does not begin with http:// or https://"),
        ("shop.example", "does not begin with http:// or https://"),
        ("http://", "names no host"),
        ("http://two words", "contains a blank"),
        ("http://shop:99999", "is no URL"),
    ],
)
def test_a_bad_host_is_refused(cli: Cli, host: str, wrong: str) -> None:
    cli.write("locustfile.py", USER)

    message = cli.headless("-H", host).refused(2)

    assert f"--host {host!r} {wrong}" in message


def test_a_missing_host_is_told(cli: Cli) -> None:
    cli.write("locustfile.py", USER)

    assert "Buyer has no host: give -H" in cli.headless().refused(1)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["-u", "-5"], "argument -u/--users: '-5' is no whole number"),
        (["-r", "0"], "argument -r/--spawn-rate: '0' is no number above 0"),
        (["-t", "soon"], "argument -t/--run-time: 'soon' is no duration"),
        (["-L", "LOUD"], "argument -L/--loglevel"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["--no-web"], "--no-web was removed from Locust: use --headless"),
        (["--config", "gone.conf"], "gone.conf"),
        (["--config-users", "{broken"], "--config-users is no valid JSON"),
        (["--csv", "/proc/none/prefix"], "--csv: /proc/none/prefix_stats.csv cannot be written"),
        (["--json-file", "/proc/none/x"], "--json-file: /proc/none/x.json cannot be written"),
        (["--logfile", "/proc/none/log"], "/proc/none/log cannot be written"),
        (["--master", "--worker"], "--master and --worker: a process is one or the other"),
        (["--master", "--processes", "2"], "--processes and --master"),
        (["--processes", "0"], "argument --processes: '0' is no whole number"),
        (["--journal", "run.journal"], "--journal is the master's"),
        (["--slave"], "--slave was removed from Locust: use --worker"),
        (["--locust", "locustfile.py"], "write --locustfile or -f"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(sleeper: Cli, args: list[str], said: str) -> None:
    assert said in sleeper.run("--headless", "-t", "1", *args).refused(2)


def test_a_class_that_settings_name_must_be_there(sleeper: Cli) -> None:
    message = sleeper.headless("--config-users", '{"user_class_name": "Nobody"}').refused(1)

    assert "'Nobody'" in message
    assert "Sleeper" in message


def test_more_users_than_descriptors_are_refused_with_both_figures(cli: Cli) -> None:
    cli.write("locustfile.py", USER)

    result = cli.run(
        "--headless",
        "-t",
        "1",
        "-u",
        "500",
        "-H",
        "http://127.0.0.1:9",
        preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200)),
    )

    message = result.refused(2)
    assert "500 users need about 564 descriptors" in message
    assert "may have 200" in message
    assert "ulimit -n 564" in message


def test_the_soft_limit_is_raised_to_the_hard_one(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER + "\n    import resource\n    from swarm import events\n\n"
        "    @events.test_start.add_listener\n    def show(**_):\n"
        "        print(resource.getrlimit(resource.RLIMIT_NOFILE))\n",
    )

    result = cli.run(
        "--headless", "-t", "1", preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
    )

    assert result.code == 0, result.err
    assert result.out == "(200, 200)\n"


@pytest.mark.parametrize("event", ["init_command_line_parser", "init"])
def test_an_error_in_a_listener_that_sets_up_is_fatal(cli: Cli, event: str) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER + f"\n    from swarm import events\n\n    @events.{event}.add_listener\n"
        "    def broken(**_):\n        raise LookupError('no such shop')\n",
    )

    result = cli.headless()

    assert result.code == 1
    assert f"a listener of {event} failed: LookupError: no such shop" in result.err
    assert "in broken" in result.err
    assert "Aggregated" not in result.err


def test_an_option_whose_name_is_taken_is_told(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER + "\n    from swarm import events\n\n    @events.init_command_line_parser.add_listener\n"
        "    def add(parser):\n        parser.add_argument('--profile')\n",
    )

    assert "conflicting option string: --profile" in cli.headless().refused(1)


def test_an_empty_folder_is_told(cli: Cli) -> None:
    (cli.folder / "tests").mkdir()
    cli.write("tests/_hidden.py", SLEEPER)

    assert "has no .py file" in cli.headless("-f", "tests").refused(1)


def test_a_file_that_cannot_be_read_as_configuration_is_named(sleeper: Cli) -> None:
    Path(sleeper.folder / "locust.conf").write_text("users = many\n")

    assert "'many' is no whole number" in sleeper.headless().refused(2)
