"""Options end to end: chosen classes, options of a locustfile's own, and what only prints."""

from __future__ import annotations

import json
import sys

from tests.system.cli_process import SLEEPER, Cli
from tests.system.swarm_of import SwarmOf

TWO = """
    from swarm import User, constant, events, tag, task

    class Buyer(User):
        wait_time = constant(0.01)
        weight = 3
        colour = "plain"

        @tag("look")
        @task(3)
        def look(self):
            pass

        @task
        def buy(self):
            pass

    class Seller(User):
        wait_time = constant(0.01)

        @task
        def sell(self):
            pass

    @events.spawning_complete.add_listener
    def show(user_count, **_):
        print("users", counts())

    def counts():
        return dict(runner.user_classes_count), Buyer.colour

    @events.init.add_listener
    def keep(environment, **_):
        global runner
        runner = environment.runner
"""
OWN = (
    SLEEPER
    + """
    from swarm import events

    @events.init_command_line_parser.add_listener
    def add(parser):
        parser.add_argument("--shop", env_var="LOCUST_SHOP", default="none", help="Which shop")
        parser.add_argument("--token", is_secret=True, env_var="SHOP_TOKEN")
        parser.add_argument("-k", "--kind", choices=["big", "small"], default="big")
        parser.add_argument("--iterations", type=int, include_in_web_ui=False)

    @events.test_start.add_listener
    def show(environment, **_):
        options = environment.parsed_options
        print(options.shop, options.token, options.kind, options.iterations, options.num_users, options.users)
"""
)


def test_the_version_is_printed(cli: Cli) -> None:
    for option in ("--version", "-V"):
        result = cli.run(option)
        assert result.code == 0
        assert result.out.startswith("swarm-cli 0.")


def test_the_package_can_be_run_as_a_module(cli: Cli) -> None:
    result = cli.run_program([sys.executable, "-m", "swarm_cli", "--version"])

    assert result.out == cli.run("--version").out


def test_classes_are_chosen_by_name(cli: Cli) -> None:
    cli.write("locustfile.py", TWO)

    chosen = cli.headless("Seller", "-u", "4", "-r", "100")
    by_environment = cli.headless("-u", "4", "-r", "100", env={"LOCUST_USER_CLASSES": "Seller"})

    assert "users ({'Seller': 4}, 'plain')" in chosen.out
    assert by_environment.out == chosen.out


def test_weights_may_be_ignored(cli: Cli) -> None:
    cli.write("locustfile.py", TWO)

    assert "{'Buyer': 3, 'Seller': 1}" in cli.headless("-u", "4", "-r", "100").out
    assert "{'Buyer': 2, 'Seller': 2}" in cli.headless("-u", "4", "-r", "100", "--equal-weights").out


def test_settings_of_classes_come_as_json_or_from_a_file(cli: Cli) -> None:
    cli.write("locustfile.py", TWO)
    cli.write("users.json", '[{"user_class_name": "Buyer", "fixed_count": 1, "colour": "red"}]')

    as_text = cli.headless(
        "-u", "4", "-r", "100", "--config-users", '{"user_class_name": "Buyer", "fixed_count": 1, "colour": "red"}'
    )  # fmt: skip
    from_file = cli.headless("-u", "4", "-r", "100", "--config-users", "users.json")

    assert "users ({'Buyer': 1, 'Seller': 3}, 'red')" in as_text.out
    assert from_file.out == as_text.out


def test_settings_of_classes_reach_the_workers_of_a_master(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER.replace('"nap"', "self.called") + "        called = 'nap'\n",
    )
    with SwarmOf(cli) as swarm:
        swarm.start_master(
            *("-u", "2", "-r", "100", "-t", "1", "--profile", "smoke"),
            *("--config-users", '{"user_class_name": "Sleeper", "called": "doze"}'),
            expect=1,
        )
        swarm.start_worker()
        finished, report = swarm.finish()

    assert finished.code == 0, finished.err
    assert report.names == {"SLEEP doze"}
    assert report.entries[0]["run"]["profile"] == "smoke"


def test_task_ratios_are_printed_as_text_and_json(cli: Cli) -> None:
    cli.write("locustfile.py", TWO)

    text = cli.run("--show-task-ratio")
    ratios = json.loads(cli.run("--show-task-ratio-json").out)
    tagged = json.loads(cli.run("--show-task-ratio-json", "Buyer", "-T", "look").out)

    assert text.code == 0
    assert text.err == ""
    assert "* 75.0 Buyer" in text.out
    assert ratios["per_class"]["Buyer"] == {
        "ratio": 0.75,
        "tasks": {"look": {"ratio": 0.75}, "buy": {"ratio": 0.25}},
    }
    assert ratios["total"]["Buyer"]["tasks"]["look"] == {"ratio": 0.5625}
    assert tagged["per_class"] == {"Buyer": {"ratio": 1.0, "tasks": {"look": {"ratio": 1.0}}}}


def test_task_ratios_are_those_of_a_run_with_the_same_options(cli: Cli) -> None:
    cli.write("locustfile.py", TWO)

    settings = '{"user_class_name": "Seller", "weight": 9}'
    configured = json.loads(cli.run("--show-task-ratio-json", "--config-users", settings).out)
    equal = json.loads(cli.run("--show-task-ratio-json", "--equal-weights").out)

    assert {name: each["ratio"] for name, each in configured["per_class"].items()} == {
        "Buyer": 0.25,
        "Seller": 0.75,
    }
    assert equal["per_class"]["Buyer"] == {
        "ratio": 0.5,
        "tasks": {"look": {"ratio": 0.5}, "buy": {"ratio": 0.5}},
    }


def test_options_of_the_files_own_come_from_everywhere(cli: Cli) -> None:
    cli.write("locustfile.py", OWN)
    cli.write("locust.conf", "headless = true\nrun-time = 1\nkind = small\nshop = from-file\nusers = 2\n")

    assert cli.run(env={"SHOP_TOKEN": "t1"}).out == "from-file t1 small None 2 2\n"
    assert cli.run(env={"LOCUST_SHOP": "x"}).out == "x None small None 2 2\n"
    assert cli.run("--shop", "y", "-k", "big", "--iterations", "5", env={"LOCUST_SHOP": "x"}).out == (
        "y None big 5 2 2\n"
    )


def test_a_wrong_value_of_an_own_option_is_refused(cli: Cli) -> None:
    cli.write("locustfile.py", OWN)

    assert "argument -k/--kind: invalid choice: 'huge'" in cli.headless("-k", "huge").refused(2)


def test_help_lists_the_options_of_the_file(cli: Cli) -> None:
    cli.write("locustfile.py", OWN)
    cli.write("broken.py", "import no_such_module\n")

    with_own = cli.run("--help")
    broken = cli.run("-f", "broken.py", "--help")

    assert (with_own.code, broken.code) == (0, 0)
    assert "--shop SHOP" in with_own.out
    assert "Which shop" in with_own.out
    assert "--run-time" in broken.out
    assert "no_such_module" in broken.err


def test_help_needs_no_file(cli: Cli) -> None:
    result = cli.run("--help")

    assert (result.code, result.err) == (0, "")
    assert "--run-time" in result.out


def test_arguments_may_be_appended_before_main_is_called(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER
        + """
    if __name__ == "__main__":
        import sys

        sys.argv.extend(["--headless", "-t", "1", "-u", "3", "-r", "100"])
        from locust.main import main

        main()
        print("never printed")
    """,
    )
    cli.write(
        "start.py",
        "import swarm.compat.locust, runpy\nrunpy.run_path('locustfile.py', run_name='__main__')\n",
    )

    result = cli.run_program([sys.executable, "start.py"])

    assert result.code == 0, result.err
    assert result.out == ""
    assert "all users spawned users=3" in result.err


def test_init_listeners_may_change_options_and_host(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER
        + """
    from swarm import events

    @events.init.add_listener
    def set_up(environment, **_):
        environment.parsed_options.num_users = 4
        environment.parsed_options.spawn_rate = 100
        environment.host = "http://set.example"

    @events.test_start.add_listener
    def show(environment, **_):
        print(environment.host)
    """,
    )

    result = cli.headless("-H", "http://127.0.0.1")

    assert result.out == "http://set.example\n"
    assert "all users spawned users=4" in result.err


def test_a_headless_run_lasts_from_the_start_of_the_test(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER
        + """
    from swarm import events

    @events.test_start.add_listener
    def prepare(**_):
        time.sleep(1.2)
    """,
    )

    result = cli.headless("--json")

    assert json.loads(result.out)[0]["num_requests"] > 0


def test_a_shape_that_uses_the_common_options_ends_with_the_run_time(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER
        + """
    from swarm import LoadTestShape

    class Endless(LoadTestShape):
        use_common_options = True

        def tick(self):
            return self.runner.environment.parsed_options.users, 100
    """,
    )

    result = cli.headless("-u", "3")

    assert result.code == 0, result.err
    assert "are ignored" not in result.err
    assert "all users spawned users=3" in result.err
