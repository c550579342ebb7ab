"""What the exit code of a run says: docs/exit-codes.md, line by line."""

import pytest

from tests.system.cli_process import SLEEPER, Cli

FAILING = """
    from swarm import User, constant, events, task

    class Failing(User):
        wait_time = constant(0.05)

        @task
        def fail(self):
            self.environment.events.request.fire(
                request_type="X", name="x", response_time=1, response_length=0, exception=ValueError("no")
            )
"""
RAISING = """
    from swarm import User, constant, task

    class Raising(User):
        wait_time = constant(0.05)

        @task
        def explode(self):
            raise RuntimeError("task broke")
"""


def listening(event: str, *body: str, base: str = SLEEPER) -> str:
    lines = ["from swarm import events", f"@events.{event}.add_listener", "def listen(environment, **_):"]
    lines += [f"    {line}" for line in body]
    return base + "".join(f"\n    {line}" for line in lines) + "\n"


def test_0_when_nothing_failed(sleeper: Cli) -> None:
    result = sleeper.headless()

    assert result.code == 0, result.err
    assert result.out == ""


def test_1_when_a_request_failed(cli: Cli) -> None:
    cli.write("locustfile.py", FAILING)

    result = cli.headless()

    assert result.code == 1
    assert "X x: ValueError('no')" in result.err


def test_1_when_a_task_raised(cli: Cli) -> None:
    cli.write("locustfile.py", RAISING)

    result = cli.headless()

    assert result.code == 1
    assert "Exceptions in the test's own code" in result.err
    assert "RuntimeError: task broke" in result.err


@pytest.mark.parametrize("code", ["0", "5"])
def test_the_code_of_failures_can_be_chosen(cli: Cli, code: str) -> None:
    cli.write("locustfile.py", FAILING)

    assert cli.headless("--exit-code-on-error", code).code == int(code)


def test_2_when_a_listener_raised(cli: Cli) -> None:
    cli.write("locustfile.py", listening("test_start", "raise LookupError('listener broke')"))

    result = cli.headless()

    assert result.code == 2
    assert "listener broke" in result.err
    assert "nap" in result.err  # the run went on


def test_2_when_a_user_cannot_be_made(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER + "\n        def __init__(self, environment):\n            raise LookupError('no account')\n",
    )

    result = cli.headless()

    assert result.code == 2
    assert "no account" in result.err


def test_2_wins_over_1(cli: Cli) -> None:
    cli.write("locustfile.py", listening("test_start", "raise LookupError('no')", base=FAILING))

    assert cli.headless().code == 2


@pytest.mark.parametrize(("event", "code"), [("test_start", 7), ("test_stop", 0), ("quitting", 0)])
def test_the_locustfiles_own_code_wins(cli: Cli, event: str, code: int) -> None:
    cli.write("locustfile.py", listening(event, f"environment.process_exit_code = {code}", base=FAILING))

    assert cli.headless().code == code


def test_a_system_exit_in_a_quitting_listener_becomes_the_code(cli: Cli) -> None:
    cli.write("locustfile.py", listening("quitting", "raise SystemExit(7)"))

    result = cli.headless()

    assert result.code == 7
    assert "Aggregated" in result.err


def test_a_system_exit_in_a_task_ends_the_run_with_its_report(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER + "\n        @task\n        def leave(self):\n            raise SystemExit(9)\n",
    )

    result = cli.run("--headless", "-t", "30", "-u", "5", "-r", "5")

    assert result.code == 9
    assert "Aggregated" in result.err


@pytest.mark.parametrize(
    ("event", "leave"),
    [
        ("test_start", "gevent.spawn_later(0.3, sys.exit, 9)"),
        ("test_start", "sys.exit(9)"),
        ("test_stop", "sys.exit(9)"),
    ],
    ids=["a greenlet", "test_start", "test_stop"],
)
def test_a_system_exit_outside_of_tasks_ends_the_run_with_its_report(
    cli: Cli, event: str, leave: str
) -> None:
    cli.write("locustfile.py", listening(event, "import sys, gevent", leave))

    result = cli.run("--headless", "-t", "2")

    assert result.code == 9
    assert "Aggregated" in result.err


def test_4_when_valid_numbers_are_required_and_the_generator_was_the_bottleneck(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        """
        import time
        from swarm import User, task

        class Busy(User):
            @task
            def compute(self):
                with self.environment.events.request.measure("CPU", "burn"):
                    end = time.perf_counter() + 0.05
                    while time.perf_counter() < end:
                        pass
        """,
    )

    result = cli.headless("--require-valid")

    assert result.code == 4
    assert "INVALID: the load generator was the bottleneck" in result.err


def test_the_last_events_come_in_their_order_and_know_the_code(cli: Cli) -> None:
    listeners = "".join(
        f"\n    @events.{name}.add_listener\n    def on_{name}(**given):\n"
        f"        print('{name}', given.get('exit_code', ''))\n"
        for name in ("test_start", "spawning_complete", "test_stopping", "test_stop", "quitting", "quit")
    )
    cli.write("locustfile.py", FAILING + listeners)

    result = cli.headless()

    assert result.out.split("\n") == [
        "test_start ",
        "spawning_complete ",
        "test_stopping ",
        "test_stop ",
        "quitting ",
        "quit 1",
        "",
    ]


@pytest.mark.parametrize(
    "ending",
    [
        "self.environment.runner.quit()",
        "import gevent; gevent.spawn_later(0.1, self.environment.runner.quit); time.sleep(60)",
    ],
)
def test_a_run_may_end_itself(cli: Cli, ending: str) -> None:
    cli.write("locustfile.py", SLEEPER + f"\n        @task\n        def leave(self):\n            {ending}\n")

    result = cli.run("--headless", "-t", "30")

    assert result.code == 0, result.err
    assert "Aggregated" in result.err


def test_stop_test_ends_the_run(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER + "\n        @task\n        def leave(self):\n"
        "            from swarm import StopTest\n            raise StopTest\n",
    )

    result = cli.run("--headless", "-t", "30", "-u", "3", "-r", "3")

    assert result.code == 0, result.err
    assert "Aggregated" in result.err


def test_a_shape_ends_the_run_and_options_it_overrides_are_told(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER
        + """
    from swarm import LoadTestShape

    class Step(LoadTestShape):
        def tick(self):
            return (3, 10) if self.get_run_time() < 1.5 else None
    """,
    )

    result = cli.run("--headless", "-u", "50", "-t", "30")

    assert result.code == 0, result.err
    assert "--users, --spawn-rate and --run-time are ignored" in result.err
    assert "all users spawned" in result.err
    assert "users=3" in result.err
